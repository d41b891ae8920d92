import { CacheEvents } from '../../lib/events/cache-events.js';
import { ISOLATORS } from '../../lib/stores/isolation.js';
import { MemoryStore } from '../../lib/stores/memory/memory.store.js';
import type { RedisStore } from '../../lib/stores/redis/redis.store.js';
import type { Draft } from '../../lib/stores/store.js';
import { TieredStore } from '../../lib/stores/tiered/tiered.store.js';
import { systemClock, type Clock } from '../../lib/support/clock.js';
import type { RedisServer } from '../support/redis/redis-server.js';

const LIMITS = { maxSize: 10_000, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'reference' } as const;

/** A value that lives for a minute. */
export function draft(value: unknown, tags: readonly string[] = []): Draft {
  return { value, ttl: 60_000, grace: 0, tags };
}

/** One process' memory over a Redis store. */
export class NearCache {
  readonly store: TieredStore;
  /** Reads that were answered from memory. */
  hits = 0;

  constructor(
    readonly far: RedisStore,
    private readonly clock: Clock = systemClock,
  ) {
    const events = new CacheEvents((error) => {
      throw error;
    });
    const [near, below] = [events.tier([]), events.tier([])];
    near.on('hit', () => (this.hits += 1));
    const memory = new MemoryStore(LIMITS, near, clock);
    this.store = new TieredStore(memory, far, ISOLATORS.reference, { near, far: below }, clock);
  }

  /** The value under a key of the namespace, `undefined` where there is none. */
  async get(key: string): Promise<unknown> {
    return (await this.store.space('n').read(key, this.clock.now()))?.value;
  }

  /** Whether the next read of it is answered from memory; it is read for that. */
  async isNear(key: string): Promise<boolean> {
    const before = this.hits;
    await this.get(key);
    return this.hits > before;
  }

  /** Reads it into memory. */
  async warm(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.get(key);
      if (!(await this.isNear(key))) throw new Error(`'${key}' is not kept near`);
    }
  }
}

/** Commands that clients sent while `work` ran, by name; signs of life and questions like this one left out. */
export async function commandsOf(server: RedisServer, work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await calls(server);
  await work();
  const after = await calls(server);
  const counted = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(counted.filter(([, count]) => count > 0));
}

const UNCOUNTED = new Set(['info', 'exists', 'ping', 'time', 'pttl', 'pexpire']);

async function calls(server: RedisServer): Promise<Record<string, number>> {
  const text = String(await server.command('INFO', 'commandstats'));
  const found = [...text.matchAll(/cmdstat_(\S+?):calls=(\d+)/g)].map(
    ([, name, count]) => [name!, Number(count)] as const,
  );
  return Object.fromEntries(found.filter(([name]) => !UNCOUNTED.has(name)));
}
