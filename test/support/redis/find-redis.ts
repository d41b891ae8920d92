import { ensureRedis, findRedis, redisAt } from './redis-binary.js';

/** The variable by which a run tells its workers, and a person tells a run, which `redis-server` to use. */
const VARIABLE = 'BLOSSOM_REDIS_SERVER';

/** Sees to it, before any test runs, that there is a `redis-server`. */
export default async function provideRedis(): Promise<void> {
  const chosen = process.env[VARIABLE];
  if (chosen === undefined) process.env[VARIABLE] = (await ensureRedis()).path;
  else console.log(`redis-server ${redisAt(chosen).version} (${chosen}, by ${VARIABLE}) is used for tests`);
}

/** The path of `redis-server`; throws where there is none. */
export function redisPath(): string {
  const path = process.env[VARIABLE] ?? findRedis()?.path;
  if (path === undefined) throw new Error(`There is no redis-server, and ${VARIABLE} is not set`);
  return path;
}
