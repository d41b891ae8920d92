import type { CacheEvents } from '../events/cache-events.js';
import { during, failing } from '../errors/error-of.js';
import { copyOf, type Entry, type StoreSpace } from '../stores/store.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import type { Clock } from '../support/clock.js';
import { assertKey } from './arguments.js';
import type { WaitingValues } from './behind.js';
import { varied, type CacheCore } from './cache-core.js';
import { freshness, UNCOUNTED } from './freshness.js';

/**
 * Milliseconds before its end within which an entry is judged by the exact time: more than an event loop that is
 * still alive is ever blocked, for as long as which the coarse time stands still.
 */
const NEAR_END = 10_000;

/** An entry that is no hit any more. */
export class Stale {
  readonly entry: Entry;

  constructor(entry: Entry) {
    this.entry = copyOf(entry);
  }
}

/** The entry if it is a hit. */
export function freshOf(found: Entry | Stale | undefined): Entry | undefined {
  return found instanceof Stale ? undefined : found;
}

/** Finds the entries of one namespace, and counts what it finds and what it does not. */
export class EntryLookup {
  private readonly events: CacheEvents;
  private readonly clock: Clock;
  private readonly varyBy: (() => string) | undefined;

  constructor(
    private readonly core: CacheCore,
    private readonly pending: WaitingValues,
    private readonly store: StoreSpace,
    private readonly namespace: string,
  ) {
    const { events, clock, varyBy } = core.parts;
    this.events = events;
    this.clock = clock;
    this.varyBy = varyBy;
  }

  /**
   * The key as it is stored, with whose entry it is.
   * @throws {CacheKeyError} @throws {CacheBackendError} where the cache is closed
   */
  locate(key: string, operation: string): string {
    this.core.assertOpen(operation);
    assertKey(key, operation);
    return this.varyBy === undefined ? key : varied(key, this.varyBy());
  }

  /** The entry, counted as a hit, or a miss: then there may be one that is past its ttl. */
  find(located: string, operation: string): Awaitable<Entry | Stale | undefined> {
    return this.findThen(located, operation, itself);
  }

  /** As {@link find}, going on in the same step. */
  findThen<T>(located: string, operation: string, done: (found: Entry | Stale | undefined) => T): Awaitable<T> {
    const waiting = this.waiting(located);
    if (waiting !== undefined) {
      this.events.hit(this.namespace, located);
      return done(waiting);
    }
    const now = this.coarseNow();
    const entry = this.store.read(located, now);
    if (!isPromise(entry)) return done(this.judge(located, entry, now));
    return entry.then((found) => done(this.judge(located, found, now)), failing(operation));
  }

  /** The entries by key, in the order of the keys; among them those past their ttl. */
  async findMany(keys: readonly string[], operation: string): Promise<Map<string, Entry | Stale>> {
    const wanted = new Map(keys.map((key) => [key, this.locate(key, operation)]));
    const now = this.coarseNow();
    const read = during(operation, () =>
      wanted.size === 0 ? new Map<string, Entry>() : this.store.readMany([...wanted.values()], now),
    );
    const entries = isPromise(read) ? await read.catch(failing(operation)) : read;
    const found = new Map<string, Entry | Stale>();
    for (const [key, located] of wanted) {
      const entry = this.judge(located, this.waiting(located) ?? entries.get(located), now);
      if (entry !== undefined) found.set(key, entry);
    }
    return found;
  }

  /** The fresh entry, not counted. */
  async peek(key: string, operation: string): Promise<Entry | undefined> {
    const now = this.clock.now();
    const located = this.locate(key, operation);
    if (this.pending.size > 0) {
      const waiting = this.pending.peek(this.namespace, located);
      if (waiting !== undefined) return waiting;
    }
    const read = during(operation, () => this.store.read(located, now, UNCOUNTED));
    const entry = isPromise(read) ? await read.catch(failing(operation)) : read;
    return entry !== undefined && freshness(entry, now) === 'fresh' ? entry : undefined;
  }

  /** What this process has accepted for the source, which has not reached it yet. */
  waiting(located: string): Entry | undefined {
    return this.pending.size === 0 ? undefined : this.pending.find(this.namespace, located);
  }

  /** What `find` goes by. */
  coarseNow(): number {
    return this.clock.coarse === undefined ? this.clock.now() : this.clock.coarse();
  }

  /** @param now may be behind, but not by as much as {@link NEAR_END}: close to its end an entry is judged exactly. */
  private judge(key: string, entry: Entry | undefined, now: number): Entry | Stale | undefined {
    const { namespace } = this;
    const exact = entry !== undefined && entry.expiresAt - now < NEAR_END ? this.clock.now() : now;
    if (entry !== undefined && freshness(entry, exact) === 'fresh') {
      this.events.hit(namespace, key);
      return entry;
    }
    this.events.emit('miss', { namespace, key });
    return entry === undefined || freshness(entry, exact) === 'expired' ? undefined : new Stale(entry);
  }
}

function itself<T>(found: T): T {
  return found;
}
