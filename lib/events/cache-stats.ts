import type { CacheEventMap, CacheEvents, CacheEventType } from './cache-events.js';

/** What a cache has done since it was made or `resetStats()` was called. It counts for all its namespaces. */
export interface CacheStats {
  /** Reads by `get`, `getMany`, `getOrSet`, `getOrSetMany` and decorated calls that found a fresh entry. */
  readonly hits: number;
  /** Such reads that found none. */
  readonly misses: number;
  /** `hits / (hits + misses)`; 0 when there were no reads. */
  readonly hitRate: number;
  /** Misses that were answered with an entry past its ttl, within its grace, rather than with what a load came to. */
  readonly staleHits: number;
  /** Entries that made room for others; `undefined` over Redis and stores by others, which do not say so. */
  readonly evictions: number | undefined;
  /** The same by cause: too many entries, or too heavy together. */
  readonly evictionsByCause: Readonly<Record<CacheEventMap['evict']['cause'], number>> | undefined;
  /** Entries reclaimed after the end of their ttl and grace; `undefined` over Redis and stores by others. */
  readonly expirations: number | undefined;
  /** Entries stored, by hand or by loads. */
  readonly sets: number;
  /** Entries removed by hand. */
  readonly deletes: number;
  /** Loaders that finished; of `getOrSetMany`, once for each key that was loaded. */
  readonly loads: number;
  /** Loaders that failed; not counted in `loads`. */
  readonly loadFailures: number;
  /** Milliseconds spent in all loaders together, failed ones included. */
  readonly loadTime: number;
  /** Failures of the cache itself that its callers were spared. */
  readonly errors: number;
  /** Evictions that a failing backend has yet to be told of. */
  readonly pendingEvictions: number;
  /** Entries held; `undefined` where the backend cannot tell cheaply. */
  readonly size: number | undefined;
  /** Bytes held: in memory only with `maxSizeMb`, by `sizeOf`; in files those of keys, values and what is stored with each. */
  readonly bytes: number | undefined;
  /** What each tier does, by its name (`memory`, `file`), where there are two. What is said above is of both together. */
  readonly tiers?: Readonly<Record<string, TierStats>>;
  /** What waits to be written to its source, by queue, where there are such queues. */
  readonly writeBehind?: Readonly<Record<string, WriteBehindStats>>;
}

/** What one write-behind queue holds, and has done. */
export interface WriteBehindStats {
  /** Writes accepted that have not reached their source; `undefined` where the journal cannot tell cheaply. */
  readonly depth: number | undefined;
  /** Milliseconds for which the oldest of them has waited; 0 where there is none. */
  readonly lag: number | undefined;
  /** Writes that have reached it. */
  readonly flushed: number;
  /** Writes that were part of a call that failed, once for each such call. */
  readonly retries: number;
  /** Writes that were given up. */
  readonly deadLetters: number;
}

/** What one tier of a cache has done. */
export type TierStats = Pick<
  CacheStats,
  'hits' | 'misses' | 'hitRate' | 'sets' | 'evictions' | 'evictionsByCause' | 'expirations' | 'size' | 'bytes'
>;

/** What one tier has done since it was made. */
export type TierTotals = Omit<TierStats, 'hitRate' | 'size' | 'bytes'>;

/** What a cache has done since it was made, whoever calls `resetStats()` meanwhile: none of it ever gets less. */
export interface CacheTotals
  extends TierTotals, Pick<CacheStats, 'staleHits' | 'deletes' | 'loads' | 'loadFailures' | 'loadTime' | 'errors'> {
  /** How often its backend stopped working, and worked again. */
  readonly outages: number;
  readonly recoveries: number;
  /** Of each tier, by its name, where there are two. */
  readonly tiers: Readonly<Record<string, TierTotals>>;
}

/** What a store knows of itself. */
interface Held {
  readonly size: number | undefined;
  readonly bytes: number | undefined;
  readonly pendingEvictions?: number;
  readonly tiers?: { readonly near: Held; readonly far: Held };
}

/** The two tiers of a cache, by name, and what happens in each. */
export interface TierChannels {
  readonly near: { readonly name: string; readonly events: CacheEvents };
  readonly far: { readonly name: string; readonly events: CacheEvents };
}

/** Draws the statistics from the events of one cache. */
export class StatsCollector {
  readonly #own: ChannelStats;
  readonly #tiers: readonly { readonly place: 'near' | 'far'; readonly name: string; readonly counts: ChannelStats }[];
  #loadTime = 0;
  /** Of `#loadTime`, what came before the last reset. */
  #loadTimeBefore = 0;

  constructor(
    private readonly events: CacheEvents,
    /** Whether the store below tells what it reclaims; memory always does. */
    reclaims: boolean,
    tiers?: TierChannels,
  ) {
    this.#own = new ChannelStats(events, reclaims);
    this.#tiers = Object.entries(tiers ?? {}).map(([place, { name, events }]) => {
      const counts = new ChannelStats(events, place === 'near' || reclaims);
      return { place: place as 'near' | 'far', name, counts };
    });
    events.on('load', ({ ms }) => (this.#loadTime += ms));
    events.on('loadFailure', ({ ms }) => (this.#loadTime += ms));
  }

  snapshot({ size, bytes, pendingEvictions = 0, tiers }: Held): CacheStats {
    const { counts } = this.events;
    return {
      ...this.#own.snapshot({ size, bytes }),
      staleHits: counts.stale,
      deletes: counts.delete,
      loads: counts.load,
      loadFailures: counts.loadFailure,
      loadTime: this.#loadTime - this.#loadTimeBefore,
      errors: counts.error,
      pendingEvictions,
      ...(tiers === undefined ? {} : { tiers: this.#tierStats(tiers) }),
    };
  }

  /** Asks the store nothing. */
  totals(): CacheTotals {
    const own = this.#own;
    return {
      ...own.totals(),
      staleHits: own.total('stale'),
      deletes: own.total('delete'),
      loads: own.total('load'),
      loadFailures: own.total('loadFailure'),
      loadTime: this.#loadTime,
      errors: own.total('error'),
      outages: own.total('outage'),
      recoveries: own.total('recovery'),
      tiers: Object.fromEntries(this.#tiers.map(({ name, counts }) => [name, counts.totals()])),
    };
  }

  reset(): void {
    this.#own.reset();
    for (const { counts } of this.#tiers) counts.reset();
    this.#loadTimeBefore = this.#loadTime;
  }

  #tierStats(held: NonNullable<Held['tiers']>): Record<string, TierStats> {
    return Object.fromEntries(this.#tiers.map(({ place, name, counts }) => [name, counts.snapshot(held[place])]));
  }
}

type Causes = Record<CacheEventMap['evict']['cause'], number>;
type Reclaimed = Pick<CacheStats, 'evictions' | 'evictionsByCause' | 'expirations'>;

const NO_CAUSES: Readonly<Causes> = { size: 0, bytes: 0 };
const UNKNOWN: Reclaimed = { evictions: undefined, evictionsByCause: undefined, expirations: undefined };

/** What one channel counts that can be said of a tier as well as of a cache. */
class ChannelStats {
  /** What was counted before the last reset. */
  readonly #before: { [E in CacheEventType]?: number } = {};
  readonly #causes: Causes = { ...NO_CAUSES };
  #causesBefore: Causes = NO_CAUSES;

  constructor(
    private readonly events: CacheEvents,
    private readonly reclaims: boolean,
  ) {
    events.on('evict', ({ cause }) => (this.#causes[cause] += 1));
  }

  snapshot({ size, bytes }: Held): TierStats {
    const { counts } = this.events;
    const requests = counts.hit + counts.miss;
    return {
      hits: counts.hit,
      misses: counts.miss,
      hitRate: requests === 0 ? 0 : counts.hit / requests,
      sets: counts.set,
      ...this.#reclaimed(counts.evict, counts.expire, this.#causesBefore),
      size,
      bytes,
    };
  }

  totals(): TierTotals {
    return {
      hits: this.total('hit'),
      misses: this.total('miss'),
      sets: this.total('set'),
      ...this.#reclaimed(this.total('evict'), this.total('expire'), NO_CAUSES),
    };
  }

  #reclaimed(evictions: number, expirations: number, before: Causes): Reclaimed {
    if (!this.reclaims) return UNKNOWN;
    const { size, bytes } = this.#causes;
    const evictionsByCause = { size: size - before.size, bytes: bytes - before.bytes };
    return { evictions, evictionsByCause, expirations };
  }

  /** Events of that type, those before resets included. */
  total(type: CacheEventType): number {
    return (this.#before[type] ?? 0) + this.events.counts[type];
  }

  reset(): void {
    for (const type of Object.keys(this.events.counts) as CacheEventType[]) this.#before[type] = this.total(type);
    this.events.reset();
    this.#causesBefore = { ...this.#causes };
  }
}
