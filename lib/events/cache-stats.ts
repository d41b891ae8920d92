import type { CacheEventMap, CacheEvents } from './cache-events.js';

/** What a cache has done since it was made or `resetStats()` was called. It counts for all its namespaces. */
export interface CacheStats {
  /** Reads by `get`, `getMany`, `getOrSet`, `getOrSetMany` and decorated calls that found a fresh entry. */
  readonly hits: number;
  /** Such reads that found none. */
  readonly misses: number;
  /** `hits / (hits + misses)`; 0 when there were no reads. */
  readonly hitRate: number;
  /** Reads answered with an entry past its ttl. */
  readonly staleHits: number;
  /** Entries that made room for others. */
  readonly evictions: number;
  /** The same by cause: too many entries, or too heavy together. */
  readonly evictionsByCause: Readonly<Record<CacheEventMap['evict']['cause'], number>>;
  /** Entries reclaimed at the end of their ttl. */
  readonly expirations: number;
  /** Entries stored, by hand or by loads. */
  readonly sets: number;
  /** Entries removed by hand. */
  readonly deletes: number;
  /** Loaders that finished. */
  readonly loads: number;
  /** Loaders that failed; not counted in `loads`. */
  readonly loadFailures: number;
  /** Milliseconds spent in all loaders together, failed ones included. */
  readonly loadTime: number;
  /** Failures of the cache itself that its callers were spared. */
  readonly errors: number;
  /** Entries held; `undefined` where the backend cannot tell cheaply. */
  readonly size: number | undefined;
  /** Bytes held; in memory only with `maxSizeMb`, by `sizeOf`. */
  readonly bytes: number | undefined;
}

/** Draws the statistics from the events of one cache. */
export class StatsCollector {
  #evictions = { size: 0, bytes: 0 };
  #loadTime = 0;

  constructor(private readonly events: CacheEvents) {
    events.on('evict', ({ cause }) => (this.#evictions[cause] += 1));
    events.on('load', ({ ms }) => (this.#loadTime += ms));
    events.on('loadFailure', ({ ms }) => (this.#loadTime += ms));
  }

  snapshot(held: Pick<CacheStats, 'size' | 'bytes'>): CacheStats {
    const { counts } = this.events;
    const requests = counts.hit + counts.miss;
    return {
      hits: counts.hit,
      misses: counts.miss,
      hitRate: requests === 0 ? 0 : counts.hit / requests,
      staleHits: 0,
      evictions: counts.evict,
      evictionsByCause: { ...this.#evictions },
      expirations: counts.expire,
      sets: counts.set,
      deletes: counts.delete,
      loads: counts.load,
      loadFailures: counts.loadFailure,
      loadTime: this.#loadTime,
      errors: counts.error,
      ...held,
    };
  }

  reset(): void {
    this.events.reset();
    this.#evictions = { size: 0, bytes: 0 };
    this.#loadTime = 0;
  }
}
