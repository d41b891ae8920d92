import type { MemoryEntry } from './memory.entry.js';

/** Milliseconds of one bucket: how long after its end an entry nobody reads may stay in memory. */
const BUCKET = 1_000;

/** Entries by the second in which they end: adding, removing and finding a due one do not depend on their number. */
export class ExpiryIndex {
  readonly #buckets = new Map<number, Set<MemoryEntry>>();
  /** No bucket before this one is filled. */
  #first = Infinity;

  add(entry: MemoryEntry): void {
    if (entry.staleUntil === Infinity) return;
    const id = bucketOf(entry);
    const bucket = this.#buckets.get(id);
    if (bucket === undefined) this.#buckets.set(id, new Set([entry]));
    else bucket.add(entry);
    if (id < this.#first) this.#first = id;
  }

  remove(entry: MemoryEntry): void {
    const id = bucketOf(entry);
    const bucket = this.#buckets.get(id);
    if (bucket?.delete(entry) && bucket.size === 0) this.#buckets.delete(id);
  }

  /** An entry whose second has passed. */
  due(now: number): MemoryEntry | undefined {
    const passed = Math.floor(now / BUCKET);
    if (this.#buckets.size === 0) this.#first = Infinity;
    while (this.#first < passed) {
      const bucket = this.#buckets.get(this.#first);
      if (bucket !== undefined) return bucket.values().next().value;
      this.#advance(passed);
    }
    return undefined;
  }

  /** The entries that end within the current second and have ended already. */
  *justEnded(now: number): Iterable<MemoryEntry> {
    for (const entry of this.#buckets.get(Math.floor(now / BUCKET)) ?? []) if (entry.staleUntil <= now) yield entry;
  }

  /** When the next entry may be due; `Infinity` if none ever is. */
  nextDue(): number {
    if (this.#buckets.size === 0) return Infinity;
    return (this.#first + 1) * BUCKET;
  }

  /** Finds the first filled bucket. */
  settle(): void {
    if (this.#buckets.has(this.#first)) return;
    this.#first = Infinity;
    for (const id of this.#buckets.keys()) if (id < this.#first) this.#first = id;
  }

  /** Steps to the next bucket, over a long gap by looking at the buckets there are instead. */
  #advance(passed: number): void {
    if (passed - this.#first <= this.#buckets.size) this.#first += 1;
    else this.settle();
  }
}

function bucketOf(entry: MemoryEntry): number {
  return Math.floor(entry.staleUntil / BUCKET);
}
