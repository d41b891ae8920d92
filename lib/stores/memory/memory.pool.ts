import type { CacheEvents } from '../../events/cache-events.js';
import { CacheTypeError } from '../../errors/cache.errors.js';
import type { Clock } from '../../support/clock.js';
import { ISOLATORS, type Isolation, type Isolator } from '../isolation.js';
import type { Absence, Draft, StoreSize } from '../store.js';
import { ENTRY_OVERHEAD, estimateBytes } from './byte-size.js';
import { Departures, type Departing } from './departures.js';
import type { EvictionPolicy, EvictionPolicyName } from './eviction.policy.js';
import { ExpiryIndex } from './expiry.index.js';
import { LfuPolicy } from './lfu.policy.js';
import { MemoryEntry } from './memory.entry.js';
import { OrderPolicy } from './order.policy.js';
import { Sweeper, type Sweepable } from './sweeper.js';
import { TagStamps } from './tag-stamps.js';

/** Everything a memory store can be told; the module's options resolve to it. */
export interface MemoryStoreOptions {
  /** Entries at most; `Infinity` for no such limit. */
  readonly maxSize: number;
  /** Bytes at most, by `sizeOf`; `Infinity` for no such limit, and then nothing is measured. */
  readonly maxBytes: number;
  readonly evictionPolicy: EvictionPolicyName;
  /** By name, or one's own. */
  readonly isolation: Isolation | Isolator;
  /** Bytes of a value; default {@link estimateBytes}. */
  readonly sizeOf?: ((value: unknown, key: string) => number) | undefined;
}

/** Where an entry is to live. */
export interface Place {
  readonly key: string;
  readonly namespace: string;
  readonly home: Map<string, MemoryEntry>;
  readonly owner: Departing;
}

/** Entries that are void, and why. */
interface Garbage {
  readonly entries: Iterator<MemoryEntry>;
  readonly why: Absence;
}

/** A value that is ready to be stored. */
export interface Weighed {
  readonly value: unknown;
  readonly bytes: number;
}

/** The entries of all namespaces of one store: how many and how heavy they may be together, and which leave first. */
export class MemoryPool implements Sweepable {
  readonly tags = new TagStamps<MemoryEntry>();
  readonly isolator: Isolator;
  readonly #policy: EvictionPolicy<MemoryEntry>;
  readonly #expiry = new ExpiryIndex();
  readonly #sweeper: Sweeper;
  readonly #departures = new Departures();
  /** Entries that are void but still held: of cleared namespaces and invalidated tags. */
  readonly #garbage: Garbage[] = [];
  #size = 0;
  #bytes = 0;
  /** What is announced once the entry being stored is in its place: a listener may use the cache. */
  #announcements: (() => void)[] | undefined;

  constructor(
    private readonly options: MemoryStoreOptions,
    private readonly events: CacheEvents,
    readonly clock: Clock,
  ) {
    const { isolation } = options;
    this.isolator = typeof isolation === 'string' ? ISOLATORS[isolation] : isolation;
    this.#policy = POLICIES[options.evictionPolicy]();
    this.#sweeper = new Sweeper(this, clock);
  }

  /** Reclaims what is void or expired first, so that what it answers is what can still be read. */
  async measure(): Promise<StoreSize> {
    await this.#sweeper.drain();
    for (const entry of this.#expiry.justEnded(this.clock.now())) this.expire(entry);
    return { size: this.#size, bytes: this.#measured ? this.#bytes : undefined };
  }

  close(): void {
    this.#sweeper.stop();
  }

  /**
   * A value as it is to be stored, and what it weighs.
   * @throws {CacheSerializationError} if it cannot be isolated; nothing has been changed then.
   */
  weigh(key: string, value: unknown): Weighed {
    const stored = this.isolator.store(value);
    return { value: stored, bytes: this.#measured ? this.#bytesOf(stored, key) : 0 };
  }

  /**
   * Stores a draft in the place of `existing`, or as a new entry of the namespace whose map is `home`. False if
   * it alone is heavier than everything may be: then what was there is gone, too.
   */
  put(existing: MemoryEntry | undefined, place: Place, draft: Draft, { value, bytes }: Weighed): boolean {
    const { namespace, key } = place;
    if (bytes > this.options.maxBytes) {
      if (existing !== undefined) this.drop(existing, EVICTED);
      this.events.emit('refuse', { namespace, key, cause: 'bytes' });
      return false;
    }
    const announcements: (() => void)[] = (this.#announcements = []);
    if (existing !== undefined) this.#unlink(existing);
    this.#makeRoom(bytes);
    const entry = existing ?? new MemoryEntry(key, namespace, place.home, place.owner);
    this.#fill(entry, value, bytes, draft);
    if (existing === undefined) this.#policy.add(entry);
    else this.#policy.renew(entry);
    place.owner.departed.delete(key);
    this.#link(entry);
    this.#announcements = undefined;
    for (const announce of announcements) announce();
    this.events.emit('set', { namespace, key });
    return true;
  }

  use(entry: MemoryEntry): void {
    this.#policy.use(entry);
  }

  /** Gives an entry another end. */
  reschedule(entry: MemoryEntry, expiresAt: number): void {
    this.#expiry.remove(entry);
    entry.expiresAt = expiresAt;
    entry.staleUntil = expiresAt + entry.grace;
    this.#expiry.add(entry);
    this.#sweeper.wake();
  }

  /** Forgets an entry, and remembers why. Idempotent. */
  drop(entry: MemoryEntry, why: Absence): void {
    if (!entry.held) return;
    entry.held = false;
    if (entry.home.get(entry.key) === entry) entry.home.delete(entry.key);
    this.#policy.remove(entry);
    this.#unlinkIndexes(entry);
    this.#departures.note(entry.owner, entry.key, why);
  }

  expire(entry: MemoryEntry): void {
    if (!entry.held) return;
    this.drop(entry, EXPIRED);
    const { namespace, key } = entry;
    this.#announce(() => this.events.emit('expire', { namespace, key, cause: 'ttl' }));
  }

  /** Hands void entries to the background sweep. */
  discard(entries: Iterator<MemoryEntry>, why: Absence): void {
    this.#garbage.push({ entries, why });
    this.#sweeper.wake();
  }

  reclaim(): boolean {
    if (this.#reclaimGarbage()) return true;
    const due = this.#expiry.due(this.clock.now());
    if (due === undefined) return false;
    this.expire(due);
    return true;
  }

  nextReclaim(): number {
    return this.#garbage.length > 0 ? this.clock.now() : this.#expiry.nextDue();
  }

  settle(): void {
    this.#expiry.settle();
  }

  #announce(announcement: () => void): void {
    if (this.#announcements === undefined) announcement();
    else this.#announcements.push(announcement);
  }

  get #measured(): boolean {
    return this.options.maxBytes !== Infinity;
  }

  #bytesOf(value: unknown, key: string): number {
    const { sizeOf } = this.options;
    if (sizeOf === undefined) return ENTRY_OVERHEAD + 2 * key.length + estimateBytes(value);
    const bytes = sizeOf(value, key);
    if (typeof bytes === 'number' && bytes >= 0) return bytes;
    throw new CacheTypeError(`sizeOf must return a number of bytes, 0 or more; got ${String(bytes)}`);
  }

  /** Evicts until one more entry of so many bytes fits: what is void or expired (by the second) first, then by the policy. */
  #makeRoom(bytes: number): void {
    for (;;) {
      const cause = this.#overflow(bytes);
      if (cause === undefined) return;
      if (this.reclaim()) continue;
      const victim = this.#policy.victim();
      if (victim === undefined) return;
      this.#policy.evicting(victim);
      this.drop(victim, EVICTED);
      const { namespace, key } = victim;
      this.#announce(() => this.events.emit('evict', { namespace, key, cause }));
    }
  }

  #overflow(bytes: number): 'size' | 'bytes' | undefined {
    if (this.#size + 1 > this.options.maxSize) return 'size';
    return this.#bytes + bytes > this.options.maxBytes ? 'bytes' : undefined;
  }

  #fill(entry: MemoryEntry, value: unknown, bytes: number, draft: Draft): void {
    const now = this.clock.now();
    entry.value = value;
    entry.bytes = bytes;
    entry.tags = draft.tags;
    entry.createdAt = now;
    entry.expiresAt = now + draft.ttl;
    entry.grace = draft.grace;
    entry.staleUntil = entry.expiresAt + draft.grace;
  }

  #link(entry: MemoryEntry): void {
    entry.home.set(entry.key, entry);
    this.tags.attach(entry);
    this.#expiry.add(entry);
    this.#size += 1;
    this.#bytes += entry.bytes;
    if (entry.staleUntil !== Infinity) this.#sweeper.wake();
  }

  /** Takes an entry out to store it anew; its namespace goes on holding it. */
  #unlink(entry: MemoryEntry): void {
    this.#policy.remove(entry);
    this.#unlinkIndexes(entry);
  }

  #unlinkIndexes(entry: MemoryEntry): void {
    this.tags.detach(entry);
    this.#expiry.remove(entry);
    this.#size -= 1;
    this.#bytes -= entry.bytes;
  }

  #reclaimGarbage(): boolean {
    while (this.#garbage.length > 0) {
      const { entries, why } = this.#garbage[0]!;
      const next = entries.next();
      if (next.done === true) this.#garbage.shift();
      else if (next.value.held) {
        this.drop(next.value, why);
        return true;
      }
    }
    return false;
  }
}

const EXPIRED: Absence = { reason: 'expired' };
const EVICTED: Absence = { reason: 'evicted' };

const POLICIES: Readonly<Record<EvictionPolicyName, () => EvictionPolicy<MemoryEntry>>> = {
  lru: () => new OrderPolicy<MemoryEntry>(true),
  fifo: () => new OrderPolicy<MemoryEntry>(false),
  lfu: () => new LfuPolicy<MemoryEntry>(),
};
