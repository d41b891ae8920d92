import type { CacheEvents } from '../../../lib/events/cache-events.js';
import type { Absence, Draft, Lease, LeaseBusy, LeasePurpose, Store, StoreSpace } from '../../../lib/stores/store.js';
import type { Awaitable } from '../../../lib/support/awaitable.js';
import { FakeClock } from '../../support/fake-clock.js';

/** What a test run of the contract gets to work with. */
export interface OpenedStore {
  readonly store: Store;
  readonly events: CacheEvents;
  /** Opens another handle onto the same backend, as a second process would. Default: the store itself. */
  handle?(): Awaitable<Store>;
  /** Why an entry is not there, as far as the store cannot tell and calls it `absent`. Default: it tells what the contract asks. */
  readonly vague?: readonly Absence['reason'][];
  /** Closes everything that was opened. Default: closes the store. */
  close?(): Awaitable<unknown>;
}

export type OpenStore = (clock: FakeClock) => Awaitable<OpenedStore>;

/** Nothing is there that may be served as fresh; `undefined` is a value. */
export const MISS = Symbol('miss');

/** A ttl that no test outlives by accident. */
export const TTL = 60_000;

export function draft(value: unknown, about: Partial<Omit<Draft, 'value'>> = {}): Draft {
  return { value, ttl: TTL, grace: 0, tags: [], ...about };
}

/** The store of the running test, on a clock that stands still. */
export class StoreRig {
  clock!: FakeClock;
  store!: Store;
  events!: CacheEvents;
  /** A second handle onto the same backend. */
  other!: Store;
  #opened!: OpenedStore;

  constructor(private readonly open: OpenStore) {}

  async begin(): Promise<void> {
    this.clock = new FakeClock();
    this.#opened = await this.open(this.clock);
    this.store = this.#opened.store;
    this.events = this.#opened.events;
    this.other = (await this.#opened.handle?.()) ?? this.store;
  }

  async end(): Promise<void> {
    await (this.#opened.close === undefined ? this.store.close() : this.#opened.close());
  }

  space(namespace = 'ns'): StoreSpace {
    return this.store.space(namespace);
  }

  /** The value that a caller would be served as fresh, or {@link MISS}. */
  async hit(key: string, namespace = 'ns'): Promise<unknown> {
    const now = this.clock.now();
    const entry = await this.space(namespace).read(key, now);
    return entry !== undefined && now < entry.expiresAt ? entry.value : MISS;
  }

  async hits(keys: readonly string[], namespace = 'ns'): Promise<string[]> {
    const found: string[] = [];
    for (const key of keys) if ((await this.hit(key, namespace)) !== MISS) found.push(key);
    return found;
  }

  /** What is there to be served stale at best: the value if `read` answers at all, or {@link MISS}. */
  async held(key: string, namespace = 'ns'): Promise<unknown> {
    const entry = await this.space(namespace).read(key, this.clock.now());
    return entry === undefined ? MISS : entry.value;
  }

  /** Why there is no fresh entry, from whichever handle. */
  async absence(key: string, from = this.store): Promise<Absence> {
    return from.space('ns').absence(key, this.clock.now());
  }

  /** A reason, or `absent` too where the store cannot tell. */
  told(absence: Absence): Absence[] {
    return this.#opened.vague?.includes(absence.reason) === true ? [absence, { reason: 'absent' }] : [absence];
  }

  async lease(
    key: string,
    tags: readonly string[] = [],
    purpose: LeasePurpose = 'load',
    from = this.store,
  ): Promise<Lease> {
    const lease = await from.space('ns').lease(key, tags, purpose);
    if (!('commit' in lease)) throw new Error(`expected a lease on ${key}, got ${Object.keys(lease).join()}`);
    return lease;
  }

  async busy(key: string, from = this.store, purpose: LeasePurpose = 'load'): Promise<LeaseBusy> {
    const lease = await from.space('ns').lease(key, [], purpose);
    if (!('freed' in lease)) throw new Error(`expected ${key} to be busy, but it is not`);
    return lease;
  }
}

/** Runs `operation` so that a throw of a store that answers at once is a rejection too. */
export async function attempt<T>(operation: () => Awaitable<T>): Promise<T> {
  return await operation();
}

/** Starts `count` operations before the first of them is awaited. */
export function concurrently<T>(count: number, operation: (index: number) => Awaitable<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => attempt(() => operation(index))));
}
