import { CacheBackendError } from '../../lib/errors/cache.errors.js';
import { CacheEvents } from '../../lib/events/cache-events.js';
import { MemoryStore } from '../../lib/stores/memory/memory.store.js';
import type { Entry, FarSpace, FarStore, Lease, LeaseAnswer, StoreSpace } from '../../lib/stores/store.js';
import type { Awaitable } from '../../lib/support/awaitable.js';
import type { Clock } from '../../lib/support/clock.js';
import type { Hop } from './remote-store.js';

/** What can be asked of a backend. */
export type FarOperation = keyof FarSpace | 'invalidateTags' | 'measure' | 'close' | keyof Lease;

/** Where a message is lost: on its way to the backend, or on its way back, when it has taken effect. */
export type Fault = 'before' | 'after';

/** How a process is connected to the backend. */
export interface FarLink {
  /** Without it everything is answered at once. */
  readonly hop?: Hop;
  /** Whether a message of this kind is lost now. */
  readonly fault?: (operation: FarOperation) => Fault | undefined;
}

/** Faults by name, and a record of what reached the link. */
export class Faults {
  /** Every operation that was asked for, in order. */
  readonly asked: FarOperation[] = [];
  readonly #plan = new Map<FarOperation, Fault>();
  #all: Fault | undefined;

  /** To be given to the link. */
  readonly fault = (operation: FarOperation): Fault | undefined => {
    this.asked.push(operation);
    return this.#plan.get(operation) ?? this.#all;
  };

  fail(...operations: FarOperation[]): void {
    for (const operation of operations) this.#plan.set(operation, 'before');
  }

  /** They take effect, and then fail. */
  failAfter(...operations: FarOperation[]): void {
    for (const operation of operations) this.#plan.set(operation, 'after');
  }

  /** Nothing gets through. */
  cut(fault: Fault = 'before'): void {
    this.#all = fault;
  }

  heal(): void {
    this.#plan.clear();
    this.#all = undefined;
  }
}

/**
 * A backend outside of all processes, which hands out entries as decoded for each reader, and knows of each
 * whether it is still what it holds.
 */
export class FarBackend {
  readonly store: MemoryStore;
  readonly #versions = new Map<string, number>();
  readonly #read = new WeakMap<Entry, number>();

  constructor(
    clock: Clock,
    events = new CacheEvents((error) => {
      throw error;
    }),
  ) {
    const limits = { maxSize: 100_000, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'clone' } as const;
    this.store = new MemoryStore(limits, events, clock);
  }

  /** What one process sees of it. */
  connect(link: FarLink = {}): FarStore {
    const { store } = this;
    return {
      shared: true,
      reclaims: true,
      space: (namespace) => this.#space(namespace, link),
      invalidateTags: over(link, 'invalidateTags', (tags, allowStale) => store.invalidateTags(tags, allowStale)),
      measure: over(link, 'measure', () => store.measure()),
      close: over(link, 'close', () => store.close()),
    };
  }

  #space(namespace: string, link: FarLink): FarSpace {
    const local = this.store.space(namespace);
    const id = (key: string): string => JSON.stringify([namespace, key]);
    const changed = (key: string): void => void this.#versions.set(id(key), this.#version(id(key)) + 1);
    const decoded = (key: string, entry: Entry): Entry => {
      const { value, tags, createdAt, expiresAt, staleUntil, invalidatedBy, ttlEnd } = entry;
      const copy = { value, tags, createdAt, expiresAt, staleUntil, invalidatedBy, ttlEnd };
      this.#read.set(copy, this.#version(id(key)));
      return copy;
    };
    return {
      ...changes(local, link, changed),
      read: over(link, 'read', (key, now) => {
        const entry = local.read(key, now);
        return entry && decoded(key, entry);
      }),
      readMany: over(link, 'readMany', (keys, now) => {
        return new Map([...local.readMany(keys, now)].map(([key, entry]) => [key, decoded(key, entry)]));
      }),
      absence: over(link, 'absence', (key, now) => local.absence(key, now)),
      vouches: (key, entry, now) => {
        if (link.fault?.('vouches') !== undefined) throw unreachable('vouches');
        if (this.#read.get(entry) !== this.#version(id(key))) return false;
        const current = local.read(key, now);
        return current !== undefined && current.invalidatedBy === entry.invalidatedBy;
      },
    };
  }

  #version(id: string): number {
    return this.#versions.get(id) ?? 0;
  }
}

function changes(
  local: StoreSpace,
  link: FarLink,
  changed: (key: string) => void,
): Omit<StoreSpace, 'read' | 'readMany' | 'absence'> {
  const noting =
    <A extends [string, ...unknown[]], R>(change: (...args: A) => R) =>
    (...args: A): R => {
      changed(args[0]);
      return change(...args);
    };
  return {
    write: over(link, 'write', noting((key, draft) => local.write(key, draft))), // prettier-ignore
    writeMany: over(link, 'writeMany', (drafts) => {
      for (const key of drafts.keys()) changed(key);
      return local.writeMany(drafts);
    }),
    add: over(link, 'add', noting((key, draft) => local.add(key, draft))), // prettier-ignore
    swap: over(link, 'swap', noting((key, draft) => local.swap(key, draft))), // prettier-ignore
    remove: over(link, 'remove', noting((key) => local.remove(key))), // prettier-ignore
    removeMany: over(link, 'removeMany', (keys) => {
      for (const key of keys) changed(key);
      return local.removeMany(keys);
    }),
    take: over(link, 'take', noting((key) => local.take(key))), // prettier-ignore
    increment: over(link, 'increment', noting((key, by, draft) => local.increment(key, by, draft))), // prettier-ignore
    touch: over(link, 'touch', noting((key, ttl) => local.touch(key, ttl))), // prettier-ignore
    lease: (key, tags, purpose) => leased(link, () => local.lease(key, tags, purpose), () => changed(key)), // prettier-ignore
    clear: over(link, 'clear', () => local.clear()),
  };
}

/** A lease whose holder is not heard of any more runs out. */
function leased(link: FarLink, ask: () => Awaitable<LeaseAnswer>, changed: () => void): Awaitable<LeaseAnswer> {
  let granted: Lease | undefined;
  const runsOut = async (lease = granted): Promise<void> => {
    await link.hop?.('lease runs out');
    await lease?.release();
  };
  return over(
    link,
    'lease',
    () => {
      const answer = ask() as LeaseAnswer;
      if (!('commit' in answer)) return answer;
      granted = answer;
      return held(link, answer, changed, runsOut);
    },
    () => void runsOut(),
  )();
}

function held(link: FarLink, lease: Lease, changed: () => void, runsOut: (lease: Lease) => Promise<void>): Lease {
  const lost = (): void => void runsOut(lease);
  return {
    holds: over(link, 'holds', (lateTags) => lease.holds(lateTags)),
    commit: over(
      link,
      'commit',
      (draft) => {
        changed();
        return lease.commit(draft);
      },
      lost,
    ),
    yield: over(link, 'yield', () => lease.yield()),
    release: over(link, 'release', () => lease.release(), lost),
  };
}

/** A call across the link, or one that is answered at once where there are no hops. */
function over<A extends unknown[], R>(
  link: FarLink,
  operation: FarOperation,
  take: (...args: A) => Awaitable<R>,
  lost: () => void = () => {},
): (...args: A) => Awaitable<R> {
  const arrive = (args: A): Awaitable<R> => {
    const fault = link.fault?.(operation);
    if (fault === undefined) return take(...args);
    if (fault === 'after') take(...args);
    lost();
    throw unreachable(operation);
  };
  const { hop } = link;
  if (hop === undefined) return (...args) => arrive(args);
  return async (...args) => {
    await hop(`${operation} →`);
    const answer = await arrive(args);
    await hop(`${operation} ←`);
    return answer;
  };
}

function unreachable(operation: string): CacheBackendError {
  return new CacheBackendError(`the backend cannot be reached`, { operation });
}
