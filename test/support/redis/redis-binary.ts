import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A `redis-server` that can be run. */
export interface RedisBinary {
  readonly path: string;
  /** Such as `7.0.15`. */
  readonly version: string;
}

/** Where to look for programs, and what is said meanwhile. */
export interface RedisSearch {
  /** Programs are looked for in its `PATH`. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where else `redis-server` is looked for. Default: where package managers put it. */
  readonly places?: readonly string[];
  /** Held by the one run that installs. Default: one for all runs of this machine. */
  readonly lock?: string;
  /** Default: the standard output. */
  readonly say?: (line: string) => void;
}

const PLACES = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];
const LOCK = join(tmpdir(), 'blossom-redis-install');
/** Milliseconds after which a lock is one that nobody holds any more. */
const LOCK_HELD = 300_000;

/** The first `redis-server` on `PATH`, then elsewhere, if there is one. */
export function findRedis({ env = process.env, places = PLACES }: RedisSearch = {}): RedisBinary | undefined {
  const path = findProgram('redis-server', [...pathOf(env), ...places]);
  return path === undefined ? undefined : redisAt(path);
}

/** The binary at that path; throws where it does not run. */
export function redisAt(path: string): RedisBinary {
  const answer = execFileSync(path, ['--version'], { encoding: 'utf8' });
  return { path, version: /v=(\S+)/.exec(answer)?.[1] ?? 'unknown' };
}

/** Finds `redis-server`, or installs it by the system's package manager; rejects with what to install by hand. */
export async function ensureRedis(search: RedisSearch = {}): Promise<RedisBinary> {
  const { say = console.log, lock = LOCK } = search;
  for (;;) {
    const found = findRedis(search);
    if (found !== undefined) {
      say(`redis-server ${found.version} (${found.path}) is used for tests`);
      return found;
    }
    if (take(lock)) installUnder(lock, search, say);
    else await sleep(200);
  }
}

function installUnder(lock: string, search: RedisSearch, say: (line: string) => void): void {
  try {
    if (findRedis(search) === undefined) install(search, say);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function install(search: RedisSearch, say: (line: string) => void): void {
  const { env = process.env } = search;
  const tried = installations(env);
  for (const [program = '', ...args] of tried) {
    say(`redis-server is not installed; running: ${[program, ...args].join(' ')}`);
    spawnSync(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
    if (findRedis(search) !== undefined) return;
  }
  const commands = tried.map((command) => command.join(' ')).join('; ');
  const failed = tried.length === 0 ? 'there is no apt-get and no brew to install it with' : `tried: ${commands}`;
  throw new Error(
    `The tests need redis-server (${failed}). Install Redis 6.2 or later, so that redis-server is on PATH, ` +
      'or set BLOSSOM_REDIS_SERVER to the path of one',
  );
}

/** What may bring `redis-server`, in the order to try. */
function installations(env: NodeJS.ProcessEnv): readonly (readonly string[])[] {
  if (findProgram('apt-get', pathOf(env)) !== undefined) {
    const apt = [...(process.getuid?.() === 0 ? [] : ['sudo', '-n']), 'env', 'RUNLEVEL=1', 'apt-get', '-q'];
    const installation = [...apt, 'install', '-y', '--no-install-recommends', 'redis-server'];
    return [installation, [...apt, 'update'], installation];
  }
  return findProgram('brew', pathOf(env)) === undefined ? [] : [['brew', 'install', 'redis']];
}

function pathOf(env: NodeJS.ProcessEnv): readonly string[] {
  return (env['PATH'] ?? '').split(delimiter).filter((place) => place !== '');
}

function findProgram(name: string, places: readonly string[]): string | undefined {
  return places.map((place) => join(place, name)).find(mayRun);
}

function mayRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Whether the lock is now this process's. */
function take(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > LOCK_HELD) {
      rmSync(lock, { recursive: true, force: true });
    }
    return false;
  }
}
