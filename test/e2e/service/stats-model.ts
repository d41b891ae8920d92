/** The limits of a memory cache; `weight` is a value's own. */
export interface ModelLimits {
  readonly maxSize: number;
  readonly maxBytes: number;
}

export interface Terms {
  /** Milliseconds. */
  readonly ttl: number;
  readonly grace: number;
  readonly tags: readonly string[];
}

interface PlainEntry {
  readonly namespace: string;
  readonly key: string;
  readonly weight: number;
  readonly grace: number;
  readonly tags: readonly string[];
  expiresAt: number;
  value: number;
  soft: boolean;
}

const ZERO = {
  hits: 0,
  misses: 0,
  sets: 0,
  deletes: 0,
  loads: 0,
  loadFailures: 0,
  expirations: 0,
  bySize: 0,
  byBytes: 0,
};

/** What a cache should have counted and hold, in the plainest form: one map, the least recently used first. */
export class StatsModel {
  readonly entries = new Map<string, PlainEntry>();
  counts = { ...ZERO };
  now = 0;

  constructor(private readonly limits: ModelLimits = { maxSize: Infinity, maxBytes: Infinity }) {}

  get bytes(): number {
    return [...this.entries.values()].reduce((sum, { weight }) => sum + weight, 0);
  }

  /** A read that is counted. */
  read(namespace: string, key: string): number | undefined {
    const entry = this.look(namespace, key);
    if (entry === undefined) this.counts.misses += 1;
    else this.counts.hits += 1;
    return entry?.value;
  }

  /** The fresh entry, by a look that is not counted; a use all the same. */
  look(namespace: string, key: string): PlainEntry | undefined {
    const id = `${namespace}/${key}`;
    const entry = this.entries.get(id);
    if (entry === undefined) return undefined;
    this.#use(id, entry);
    return this.#isFresh(entry) ? entry : undefined;
  }

  /** Stores, in the place of whatever was there. */
  put(namespace: string, key: string, value: number, { ttl, grace, tags }: Terms): void {
    const id = `${namespace}/${key}`;
    this.entries.delete(id);
    if (ttl <= 0 || value > this.limits.maxBytes) return;
    this.#makeRoom(value);
    this.counts.sets += 1;
    const expiresAt = this.now + ttl;
    this.entries.set(id, { namespace, key, value, weight: value, grace, tags, expiresAt, soft: false });
  }

  add(namespace: string, key: string, value: number, terms: Terms): boolean {
    if (this.#fresh(namespace, key) !== undefined) return false;
    this.put(namespace, key, value, terms);
    return this.entries.has(`${namespace}/${key}`);
  }

  swap(namespace: string, key: string, value: number, terms: Terms): number | undefined {
    const before = this.#fresh(namespace, key)?.value;
    this.put(namespace, key, value, terms);
    return before;
  }

  /** Removes by key, counted where there was a fresh one. */
  remove(namespace: string, key: string): number | undefined {
    const fresh = this.#fresh(namespace, key);
    if (fresh !== undefined) this.counts.deletes += 1;
    this.entries.delete(`${namespace}/${key}`);
    return fresh?.value;
  }

  increment(namespace: string, key: string, by: number, terms: Terms): number {
    const entry = this.#fresh(namespace, key);
    if (entry === undefined) {
      this.put(namespace, key, by, terms);
      return by;
    }
    entry.value += by;
    this.#use(`${namespace}/${key}`, entry);
    return entry.value;
  }

  touch(namespace: string, key: string, ttl: number): boolean {
    const entry = this.#fresh(namespace, key);
    if (entry === undefined) return false;
    entry.expiresAt = this.now + ttl;
    if (ttl > 0) this.#use(`${namespace}/${key}`, entry);
    else this.entries.delete(`${namespace}/${key}`);
    return true;
  }

  clear(namespace: string): void {
    for (const [id, entry] of this.entries) if (entry.namespace === namespace) this.entries.delete(id);
  }

  invalidate(tags: readonly string[], allowStale: boolean): void {
    for (const [id, entry] of this.entries) {
      if (!entry.tags.some((tag) => tags.includes(tag))) continue;
      if (allowStale) entry.soft = true;
      else this.entries.delete(id);
    }
  }

  advance(ms: number): void {
    this.now += ms;
    for (const [id, entry] of this.entries) {
      if (this.now < entry.expiresAt + entry.grace) continue;
      this.entries.delete(id);
      this.counts.expirations += 1;
    }
  }

  reset(): void {
    this.counts = { ...ZERO };
  }

  #fresh(namespace: string, key: string): PlainEntry | undefined {
    const entry = this.entries.get(`${namespace}/${key}`);
    return entry !== undefined && this.#isFresh(entry) ? entry : undefined;
  }

  #isFresh({ soft, expiresAt }: PlainEntry): boolean {
    return !soft && this.now < expiresAt;
  }

  #use(id: string, entry: PlainEntry): void {
    this.entries.delete(id);
    this.entries.set(id, entry);
  }

  #makeRoom(weight: number): void {
    for (const id of this.entries.keys()) {
      const tooMany = this.entries.size + 1 > this.limits.maxSize;
      if (!tooMany && this.bytes + weight <= this.limits.maxBytes) return;
      this.entries.delete(id);
      this.counts[tooMany ? 'bySize' : 'byBytes'] += 1;
    }
  }
}
