import type { Explanation } from './explanation.js';

/** What happened to which entry. Keys are in events, which stay in the process; never in logs or metrics. */
export interface CacheEventMap {
  /** A read found a fresh entry. */
  hit: { namespace: string; key: string };
  /** A read found none; one that joins a load under way is a miss too. */
  miss: { namespace: string; key: string };
  /** A read was answered with an entry past its ttl, within its grace; it was counted as a miss before. */
  stale: { namespace: string; key: string };
  /** What became of a read, and why; with everything that a listener costs: see docs/explain.md. */
  outcome: Explanation;
  /** An entry close to its end is being loaded anew in the background. */
  refresh: { namespace: string; key: string };
  /** A load took longer than its `hardTimeout`; it goes on, and what it comes to is stored. */
  timeout: { namespace: string; key: string };
  /** An entry was stored, by hand or by a load. */
  set: { namespace: string; key: string };
  /** An entry was removed by `delete`, `deleteMany` or `take`. */
  delete: { namespace: string; key: string };
  /** A loader finished; `ms` is how long it ran. */
  load: { namespace: string; key: string; ms: number };
  /** A loader threw or rejected; `ms` is how long it ran. */
  loadFailure: { namespace: string; key: string; ms: number };
  /** A load finished after a delete, set, clear or invalidation of what it loaded: its value was not stored. */
  fenced: { namespace: string; key: string };
  /** An entry made room for others: too many (`size`) or too heavy together (`bytes`). */
  evict: { namespace: string; key: string; cause: 'size' | 'bytes' };
  /** An entry reached the end of its ttl and was reclaimed. */
  expire: { namespace: string; key: string; cause: 'ttl' };
  /** A value was not stored because it alone is heavier than the whole cache may be. */
  refuse: { namespace: string; key: string; cause: 'bytes' };
  /** Tags were invalidated. */
  invalidate: { tags: readonly string[] };
  /** A namespace was cleared. */
  clear: { namespace: string };
  /** The cache itself failed, its backend or otherwise; what failed is in `error`. Most callers do not notice. */
  error: { operation: string; error: unknown };
  /**
   * Stored bytes could not be read; the entry is a miss. With `security`, bytes that had to be encrypted were
   * altered, belong to another entry, were encrypted under another key or not at all.
   */
  unreadable: { namespace: string; key: string; reason: string; security: boolean };
  /** The database was damaged: it was moved out of the way, and the cache begins empty. */
  setAside: { reason: string };
  /** The backend stopped working as it should; `reason` names no keys. */
  outage: { reason: string };
  /** The backend works again, and has been told the `delivered` evictions that it missed. */
  recovery: { delivered: number };
  /** Writes have reached their source; `ms` is how long their handler ran, with what the cache had to do. */
  flush: { queue: string; writes: number; ms: number };
  /** Writes could not be handed over, or their handler failed; they are tried again. */
  flushFailure: { queue: string; writes: number; error: unknown };
  /** Writes were given up, and handed to `onDeadLetter`. */
  deadLetter: { queue: string; writes: number; error: unknown };
}

export type CacheEventType = keyof CacheEventMap;
export type CacheListener<E extends CacheEventType> = (event: CacheEventMap[E]) => void;

/** The part of {@link CacheEvents} that a user of the cache needs. */
export interface CacheEventSource {
  /**
   * Calls `listener` at every event of `type`, synchronously; returns what unsubscribes it. A listener that
   * throws is logged and changes nothing.
   */
  on<E extends CacheEventType>(type: E, listener: CacheListener<E>): () => void;
}

/** The one channel of a cache: it counts every event; statistics, logs and observers read from it. */
export class CacheEvents implements CacheEventSource {
  /** Events of each type since the last {@link reset}. */
  readonly counts: Record<CacheEventType, number> = zeroCounts();
  readonly #listeners: { [E in CacheEventType]?: readonly CacheListener<CacheEventType>[] | undefined } = {};

  constructor(private readonly onListenerError: (error: unknown) => void) {}

  on<E extends CacheEventType>(type: E, listener: CacheListener<E>): () => void {
    const added = listener as CacheListener<CacheEventType>;
    this.#listeners[type] = [...(this.#listeners[type] ?? []), added];
    return () => {
      const left = this.#listeners[type]?.filter((other) => other !== added);
      this.#listeners[type] = left?.length === 0 ? undefined : left;
    };
  }

  /** A channel for one tier of the cache; events of these types are this cache's, too. */
  tier(shared: readonly CacheEventType[]): CacheEvents {
    const tier = new CacheEvents(this.onListenerError);
    for (const type of shared) tier.on(type, (event) => this.emit(type, event));
    return tier;
  }

  emit<E extends CacheEventType>(type: E, event: CacheEventMap[E]): void {
    this.counts[type] += 1;
    if (this.#listeners[type] !== undefined) this.#publish(type, event);
  }

  /** As `emit('hit', …)`, without making an event that nobody listens to. */
  hit(namespace: string, key: string): void {
    this.counts.hit += 1;
    if (this.#listeners.hit !== undefined) this.#publish('hit', { namespace, key });
  }

  /** Whether anybody listens to events of that type. */
  hears(type: CacheEventType): boolean {
    return this.#listeners[type] !== undefined;
  }

  reset(): void {
    Object.assign(this.counts, zeroCounts());
  }

  /** Calls a listener; if it throws that is logged and changes nothing. */
  tell<T>(listener: (event: T) => void, event: T): void {
    try {
      listener(event);
    } catch (error) {
      this.onListenerError(error);
    }
  }

  #publish<E extends CacheEventType>(type: E, event: CacheEventMap[E]): void {
    for (const listener of this.#listeners[type] ?? []) this.tell(listener, event);
  }
}

function zeroCounts(): Record<CacheEventType, number> {
  return {
    hit: 0,
    miss: 0,
    stale: 0,
    outcome: 0,
    refresh: 0,
    timeout: 0,
    set: 0,
    delete: 0,
    load: 0,
    loadFailure: 0,
    fenced: 0,
    evict: 0,
    expire: 0,
    refuse: 0,
    invalidate: 0,
    clear: 0,
    error: 0,
    unreadable: 0,
    setAside: 0,
    outage: 0,
    recovery: 0,
    flush: 0,
    flushFailure: 0,
    deadLetter: 0,
  };
}
