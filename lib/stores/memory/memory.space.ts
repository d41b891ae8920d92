import { CacheTypeError } from '../../errors/cache.errors.js';
import type { Draft, Entry, LeaseAnswer, LeasePurpose, StoreSpace } from '../store.js';
import { MemoryEntry } from './memory.entry.js';
import { MemoryLease } from './memory.lease.js';
import type { MemoryPool, Weighed } from './memory.pool.js';

/** One namespace in memory: a map of its own, so that a clear is a new map. */
export class MemorySpace implements StoreSpace {
  #entries = new Map<string, MemoryEntry>();
  #leases = new Map<string, MemoryLease>();

  constructor(
    private readonly pool: MemoryPool,
    private readonly namespace: string,
  ) {}

  read(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.invalidated) {
      this.pool.drop(entry);
      return undefined;
    }
    if (now >= entry.staleUntil) {
      this.pool.expire(entry);
      return undefined;
    }
    this.pool.use(entry);
    return this.#shown(entry);
  }

  readMany(keys: readonly string[], now: number): Map<string, Entry> {
    const found = new Map<string, Entry>();
    for (const key of keys) {
      const entry = this.read(key, now);
      if (entry !== undefined) found.set(key, entry);
    }
    return found;
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
    if (held !== undefined) this.pool.drop(held);
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
      throw new CacheTypeError(`a ${typeOf(entry.value)} is stored where a number is needed`, {
        operation: 'increment',
      });
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
    if (current !== undefined && purpose === 'load' && !current.yields && current.holds()) return current.busy();
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
    if (entries.size > 0) this.pool.discard(entries.values());
  }

  /** Whether the draft was stored: not if its ttl says so, or if it is too heavy. */
  #put(key: string, draft: Draft, weighed?: Weighed): boolean {
    const existing = this.#current(key);
    if (draft.ttl > 0) {
      const place = { key, namespace: this.namespace, home: this.#entries, owner: this };
      return this.pool.put(existing, place, draft, weighed ?? this.pool.weigh(key, draft.value));
    }
    if (existing !== undefined) this.pool.drop(existing);
    return false;
  }

  /** The entry held for the key if it is still good for anything; one that is not is forgotten. */
  #current(key: string): MemoryEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.invalidated) this.pool.drop(entry);
    else if (this.pool.clock.now() >= entry.staleUntil) this.pool.expire(entry);
    // A listener that heard of the end may have stored another one.
    return entry.held ? entry : this.#current(key);
  }

  #fresh(key: string): MemoryEntry | undefined {
    const entry = this.#current(key);
    return entry !== undefined && this.pool.clock.now() < entry.expiresAt ? entry : undefined;
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
    return read === undefined ? entry : { ...entry, value: read(entry.value) };
  }
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
