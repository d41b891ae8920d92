import type { City } from '../app/city.js';
import { Instance } from './instance.js';
import { RedisServer } from './redis-server.js';
import { ServedProcess } from './served-process.js';

const NAMES = ['A', 'B', 'C'];

/** A Redis, a database, and three instances of the app over both. */
export class Fleet {
  private constructor(
    readonly redis: RedisServer,
    private readonly database: ServedProcess,
    readonly instances: readonly Instance[],
  ) {}

  static async start(): Promise<Fleet> {
    const redis = await RedisServer.start();
    console.log(`  Redis listens on port ${redis.port}`);
    const database = await ServedProcess.start('../database/main.js');
    const env = { DATABASE_URL: database.origin, BLOSSOM_CACHE_URL: `hybrid:redis://127.0.0.1:${redis.port}` };
    const instances = await Promise.all(NAMES.map((name) => Instance.start(name, env)));
    return new Fleet(redis, database, instances);
  }

  /** What the database has been asked by all instances together. */
  async queries(): Promise<number> {
    return (await (await fetch(this.database.origin)).json()) as number;
  }

  /** The cities with the most people, those first. */
  async biggest(count: number): Promise<City[]> {
    const sql = 'select * from city order by population desc limit ?';
    const body = JSON.stringify({ sql, parameters: [count] });
    return (await (await fetch(this.database.origin, { method: 'POST', body })).json()) as City[];
  }

  /** What all instances together have yet to tell Redis. */
  async pendingEvictions(): Promise<number> {
    const stats = await Promise.all(this.instances.map((instance) => instance.stats()));
    return stats.reduce((sum, { pendingEvictions }) => sum + pendingEvictions, 0);
  }

  async stop(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.stop()));
    await Promise.all([this.redis.stop(), this.database.stop()]);
  }
}
