import type { Awaitable } from '../support/awaitable.js';

/** A stored value with what decides how long and whether it may be served. Times are in the reader's clock. */
export interface Entry<T = unknown> {
  readonly value: T;
  readonly tags: readonly string[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** From this instant on it is no hit any more. `Infinity`: never. `-Infinity`: it was invalidated and may be served stale. */
  readonly expiresAt: number;
  /** From this instant on it may not even be served stale (grace), and the store may forget it. */
  readonly staleUntil: number;
  /** The tag that was invalidated with `allowStale` after it was stored, if one was. */
  readonly invalidatedBy?: string | undefined;
  /** When it would have expired, of one that was invalidated so; may be the same as `expiresAt` of any other. */
  readonly ttlEnd?: number | undefined;
}

/** An entry as it is at this moment: a store may change its own in place. */
export function copyOf({ value, tags, createdAt, expiresAt, staleUntil, invalidatedBy, ttlEnd }: Entry): Entry {
  return { value, tags, createdAt, expiresAt, staleUntil, invalidatedBy, ttlEnd };
}

/** A copy as it is after one of its tags was invalidated with `allowStale`. */
export function softened(entry: Entry, invalidatedBy: string | undefined): Entry {
  const { expiresAt, ttlEnd = expiresAt } = entry;
  return { ...copyOf(entry), expiresAt: -Infinity, invalidatedBy, ttlEnd };
}

/** Why there is no entry, as far as a store can tell: `absent` where it knows no more than that. */
export type Absence =
  | { readonly reason: 'absent' | 'expired' | 'evicted' | 'removed' | 'cleared' | 'unreachable' }
  | { readonly reason: 'invalidated'; readonly tag: string };

/** What is to be stored. Spans, not instants: a shared store counts them on its own clock. */
export interface Draft {
  readonly value: unknown;
  /** Milliseconds. `Infinity`: never expires. `0` or less: not stored, and what is there is removed. */
  readonly ttl: number;
  /** Milliseconds beyond the ttl for which the value may be served stale. */
  readonly grace: number;
  readonly tags: readonly string[];
}

/**
 * What a lease is for.
 * - `load`: fill a missing entry; while it is held by somebody else the answer is {@link LeaseBusy}, and where
 *   a fresh entry is there after all it is {@link LeaseNeedless}.
 * - `ahead`: load although a fresh entry is there, unless somebody else holds a lease: then {@link LeaseBusy}.
 * - `refresh`: load although an entry or a lease is there; takes the lease over.
 * - `write`: fence a write under way; takes the lease over, and whoever asks next takes it over in turn.
 */
export type LeasePurpose = 'load' | 'ahead' | 'refresh' | 'write';

/**
 * The right to store one value under one key, as long as nothing happens that this value cannot know of:
 * a write, delete or clear of the key, an invalidation of one of its tags, another lease that takes over.
 * The holder of a lease in a shared store renews it by itself until `commit` or `release`.
 */
export interface Lease {
  /**
   * Whether the lease still holds for a value that carries these tags besides those it was taken with. It does
   * not once it has ended, whatever came of it.
   */
  holds(lateTags?: readonly string[]): Awaitable<boolean>;
  /**
   * Stores the draft and ends the lease; `false` and nothing stored where it no longer holds.
   * Tags of the draft that the lease was not taken with count as invalidated if they were at any time since.
   */
  commit(draft: Draft): Awaitable<boolean>;
  /** Whether it held and stored nothing all the same: because the backend failed, or because of where the value is from. */
  readonly dropped?: boolean | 'uncommitted';
  /**
   * Promises nothing any more: those who wait for it need not, and whoever asks for a lease takes it over. Until
   * somebody does it holds as before.
   */
  yield(): Awaitable<void>;
  /** Ends the lease and stores nothing. */
  release(): Awaitable<void>;
}

/** There is nothing to load: somebody else stored a fresh entry since the caller looked. */
export interface LeaseNeedless {
  readonly entry: Entry;
}

/** Somebody else loads this key. */
export interface LeaseBusy {
  /** Resolves when it may be worth reading again: the holder is done, has yielded or died. Never rejects. */
  readonly freed: Promise<void>;
}

export type LeaseAnswer = Lease | LeaseBusy | LeaseNeedless;

/**
 * One namespace of a store. `Awaitable` results are at hand at once where the store is in the process.
 * Every method is atomic for its key, across all processes that share the store. An entry whose tag was
 * invalidated, or whose namespace was cleared, after it was stored is not there for any of them; one whose tag was
 * invalidated with `allowStale` is not fresh for any of them, and `read` still answers it until its `staleUntil`.
 */
export interface StoreSpace {
  /**
   * The entry if `now < staleUntil`; the caller judges whether it is fresh. Counts as a use for eviction.
   * @param uncounted a look that is nobody's hit or miss, for stores that count them
   */
  read(key: string, now: number, uncounted?: boolean): Awaitable<Entry | undefined>;
  readMany(keys: readonly string[], now: number): Awaitable<Map<string, Entry>>;
  /** Why `read` would find no fresh entry; asked before it, for those who want to know. Changes nothing. */
  absence(key: string, now: number): Awaitable<Absence>;
  /** Stores unconditionally and voids any lease on the key. */
  write(key: string, draft: Draft): Awaitable<void>;
  writeMany(drafts: ReadonlyMap<string, Draft>): Awaitable<void>;
  /** Stores unless a fresh entry is there; whether it did. */
  add(key: string, draft: Draft): Awaitable<boolean>;
  /** Stores, and answers the fresh entry that was there before. */
  swap(key: string, draft: Draft): Awaitable<Entry | undefined>;
  /** Removes; whether a fresh entry was there. Voids any lease on the key. */
  remove(key: string): Awaitable<boolean>;
  /** Removes; the keys of those where a fresh entry was there. */
  removeMany(keys: readonly string[]): Awaitable<readonly string[]>;
  /** As `remove`, and answers the fresh entry: of many concurrent callers one gets it. */
  take(key: string): Awaitable<Entry | undefined>;
  /**
   * Adds to the number stored; an absent or expired one starts at 0 with the ttl and tags of the draft, a
   * present one keeps its own. Rejects with a `CacheTypeError` where something else is stored.
   */
  increment(key: string, by: number, draft: Omit<Draft, 'value'>): Awaitable<number>;
  /** Gives a fresh entry a new ttl (in milliseconds) from now, and its grace after that; whether one was there. */
  touch(key: string, ttl: number): Awaitable<boolean>;
  lease(key: string, tags: readonly string[], purpose: LeasePurpose): Awaitable<LeaseAnswer>;
  /** Makes every entry of this namespace, and every lease, void. The cost does not grow with their number. */
  clear(): Awaitable<void>;
}

/** A namespace whose entries a tier above may keep, as long as it asks before it serves one. */
export interface FarSpace extends StoreSpace {
  /**
   * Whether an entry that this space answered before is still what it would answer; false where that cannot be
   * told. It is known without waiting, and at most as old as the store's documentation says. Counts as a use.
   */
  vouches(key: string, entry: Entry, now: number): boolean;
}

/** What a store holds; `undefined` for what it cannot know cheaply. */
export interface StoreSize {
  readonly size: number | undefined;
  readonly bytes: number | undefined;
  /** Evictions that the backend has yet to be told of, where it may fail. */
  readonly pendingEvictions?: number;
  /** The same for each tier, where there are two. */
  readonly tiers?: { readonly near: StoreSize; readonly far: StoreSize };
}

/** How a store is, as it finds when it is asked. */
export interface StoreCondition {
  /** Whether its backend reads and stores. */
  readonly works: boolean;
  /** What is wrong where it does not; it names no keys. */
  readonly reason?: string | undefined;
  /** Evictions that the backend has yet to be told of. */
  readonly pendingEvictions: number;
  /** Whether there is memory in front of it that goes on for a while. */
  readonly near?: boolean;
}

/** A backend. Stores know nothing of each other, of loaders or of statistics. */
export interface Store {
  /** Whether changes are made that this process does not hear of. */
  readonly shared: boolean;
  /** Whether it makes room and reclaims what has ended itself, and says so in events. */
  readonly reclaims: boolean;
  /**
   * The namespace of that name. Two objects for one name are the same namespace.
   */
  space(namespace: string): StoreSpace;
  /**
   * Makes every entry with one of these tags void, in all namespaces; with `allowStale`, no longer fresh. Leases taken
   * with one of them are void either way. The cost does not grow with their number.
   */
  invalidateTags(tags: readonly string[], allowStale?: boolean): Awaitable<void>;
  /**
   * Refuses a value that could not be kept, for those who have to know before they write it. Absent: any will do.
   * @throws {CacheSerializationError}
   */
  accepts?(value: unknown): void;
  measure(): Awaitable<StoreSize>;
  /** Asks the backend now, and answers in bounded time; never rejects. Not there where nothing can fail. */
  check?(): Promise<StoreCondition>;
  /** Stops timers, closes what the store opened. Idempotent. */
  close(): Awaitable<void>;
}

/**
 * A store outside of the process, which may fail: whatever could not be done for that reason rejects with a
 * `CacheBackendError`.
 */
export interface FarStore extends Store {
  space(namespace: string): FarSpace;
}
