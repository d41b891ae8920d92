import { CacheTypeError } from '../../errors/cache.errors.js';
import {
  softened,
  type Absence,
  type Draft,
  type Entry,
  type FarSpace,
  type LeaseAnswer,
  type LeasePurpose,
} from '../store.js';
import type { DepartedKeys, Departing } from './departures.js';
import { MemoryEntry } from './memory.entry.js';
import { MemoryLease } from './memory.lease.js';
import type { MemoryPool, Weighed } from './memory.pool.js';

/** One namespace in memory: a map of its own, so that a clear is a new map. */
export class MemorySpace implements FarSpace, Departing {
  readonly departed: DepartedKeys = new Map();
  #entries = new Map<string, MemoryEntry>();
  #leases = new Map<string, MemoryLease>();
  /** The entries that the last clear has made void, as long as they are not swept. */
  #cleared: ReadonlyMap<string, MemoryEntry> | undefined;

  constructor(
    private readonly pool: MemoryPool,
    private readonly namespace: string,
  ) {}

  read(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const { outdated } = entry;
    if (outdated && this.#isVoid(entry)) return undefined;
    if (now >= entry.staleUntil) {
      this.pool.expire(entry);
      return undefined;
    }
    this.pool.use(entry);
    return outdated ? softened(this.#shown(entry), entry.invalidatedBy) : this.#shown(entry);
  }

  readMany(keys: readonly string[], now: number): Map<string, Entry> {
    const found = new Map<string, Entry>();
    for (const key of keys) {
      const entry = this.read(key, now);
      if (entry !== undefined) found.set(key, entry);
    }
    return found;
  }

  absence(key: string, now: number): Absence {
    const entry = this.#entries.get(key);
    if (entry !== undefined) return absenceOf(entry, now);
    const departure = this.departed.get(key);
    if (departure !== undefined) return departure.why;
    return this.#cleared?.has(key) === true ? CLEARED : ABSENT;
  }

  /** True for the very entry it holds: of a copy or a stale view nothing can be told. */
  vouches(key: string, entry: Entry, now: number): boolean {
    return this.read(key, now) === entry;
  }

  write(key: string, draft: Draft): void {
    this.#put(key, draft);
    this.#void(key);
  }

  writeMany(drafts: ReadonlyMap<string, Draft>): void {
    const weighed = [...drafts].map(([key, draft]) => ({ key, draft, weighed: this.pool.weigh(key, draft.value) }));
    for (const entry of weighed) {
      this.#put(entry.key, entry.draft, entry.weighed);
      this.#void(entry.key);
    }
  }

  add(key: string, draft: Draft): boolean {
    if (this.#fresh(key) !== undefined) return false;
    const stored = this.#put(key, draft);
    this.#void(key);
    return stored;
  }

  swap(key: string, draft: Draft): Entry | undefined {
    const fresh = this.#fresh(key);
    const before = fresh === undefined ? undefined : { ...this.#shown(fresh) };
    this.write(key, draft);
    return before;
  }

  remove(key: string): boolean {
    return this.take(key) !== undefined;
  }

  removeMany(keys: readonly string[]): readonly string[] {
    return keys.filter((key) => this.remove(key));
  }

  take(key: string): Entry | undefined {
    const fresh = this.#fresh(key);
    const held = this.#entries.get(key);
    if (held !== undefined) this.pool.drop(held, REMOVED);
    this.#void(key);
    return fresh === undefined ? undefined : this.#shown(fresh);
  }

  increment(key: string, by: number, draft: Omit<Draft, 'value'>): number {
    const entry = this.#fresh(key);
    if (entry === undefined) {
      const first = 0 + by;
      this.write(key, { ...draft, value: first });
      return first;
    }
    if (typeof entry.value !== 'number') {
      throw new CacheTypeError(`a ${typeOf(entry.value)} is stored where a number is needed`);
    }
    entry.value += by;
    this.pool.use(entry);
    this.#void(key);
    return entry.value as number;
  }

  touch(key: string, ttl: number): boolean {
    const entry = this.#fresh(key);
    if (entry === undefined) return false;
    if (ttl <= 0) return this.remove(key);
    this.pool.reschedule(entry, this.pool.clock.now() + ttl);
    this.pool.use(entry);
    this.#void(key);
    return true;
  }

  lease(key: string, tags: readonly string[], purpose: LeasePurpose): LeaseAnswer {
    const fresh = purpose === 'load' ? this.#fresh(key) : undefined;
    if (fresh !== undefined) return { entry: this.#shown(fresh) };
    const current = this.#leases.get(key);
    if (current !== undefined && WAITING.has(purpose) && current.awaited) return current.busy();
    this.#void(key);
    const leases = this.#leases;
    const lease = new MemoryLease(
      this.pool.tags.watch(tags),
      purpose === 'write',
      (draft) => this.#put(key, draft),
      (ended) => {
        if (leases.get(key) === ended) leases.delete(key);
      },
    );
    leases.set(key, lease);
    return lease;
  }

  clear(): void {
    const entries = this.#entries;
    const leases = this.#leases;
    this.#entries = new Map();
    this.#leases = new Map();
    for (const lease of leases.values()) lease.void();
    if (entries.size === 0) return;
    this.#cleared = entries;
    this.pool.discard(entries.values(), CLEARED);
  }

  /** Whether the draft was stored: not if its ttl says so, or if it is too heavy. */
  #put(key: string, draft: Draft, weighed?: Weighed): boolean {
    const existing = this.#current(key);
    if (draft.ttl > 0) {
      const place = { key, namespace: this.namespace, home: this.#entries, owner: this };
      return this.pool.put(existing, place, draft, weighed ?? this.pool.weigh(key, draft.value));
    }
    if (existing !== undefined) this.pool.drop(existing, REMOVED);
    return false;
  }

  /** The entry held for the key if it is still good for anything; one that is not is forgotten. */
  #current(key: string): MemoryEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const ended = entry.outdated && this.#isVoid(entry);
    if (!ended && this.pool.clock.now() >= entry.staleUntil) this.pool.expire(entry);
    // A listener that heard of the end may have stored another one.
    return entry.held ? entry : this.#current(key);
  }

  #fresh(key: string): MemoryEntry | undefined {
    const entry = this.#current(key);
    if (entry === undefined || entry.outdated) return undefined;
    return this.pool.clock.now() < entry.expiresAt ? entry : undefined;
  }

  /** Whether one of its tags was invalidated for good; then it is forgotten. */
  #isVoid(entry: MemoryEntry): boolean {
    const tag = entry.voidedBy;
    if (tag === undefined) return false;
    this.pool.drop(entry, { reason: 'invalidated', tag });
    return true;
  }

  #void(key: string): void {
    if (this.#leases.size === 0) return;
    const lease = this.#leases.get(key);
    if (lease === undefined) return;
    this.#leases.delete(key);
    lease.void();
  }

  #shown(entry: MemoryEntry): Entry {
    const { read } = this.pool.isolator;
    if (read === undefined) return entry;
    const { value, tags, createdAt, expiresAt, staleUntil, invalidatedBy } = entry;
    return { value: read(value), tags, createdAt, expiresAt, staleUntil, invalidatedBy };
  }
}

/** Those that wait for a lease of somebody else. */
const WAITING: ReadonlySet<LeasePurpose> = new Set(['load', 'ahead']);

const ABSENT: Absence = { reason: 'absent' };
const CLEARED: Absence = { reason: 'cleared' };
const REMOVED: Absence = { reason: 'removed' };

/** Why an entry that is held is not fresh. */
function absenceOf(entry: MemoryEntry, now: number): Absence {
  const tag = entry.voidedBy ?? (now < entry.staleUntil ? entry.invalidatedBy : undefined);
  if (tag !== undefined) return { reason: 'invalidated', tag };
  return { reason: now < entry.expiresAt ? 'absent' : 'expired' };
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
