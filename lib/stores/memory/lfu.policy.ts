import type { Evictable, EvictionPolicy } from './eviction.policy.js';
import { LinkedList } from './linked-list.js';

/**
 * Uses beyond this many do not count. It bounds the ring below, and how long a former favourite outlives its
 * fame: at most this many turnovers of what is not a favourite.
 */
const LFU_FREQUENCY_CAP = 32;

/**
 * Least frequently used with dynamic aging: LFU-DA (Arlitt, Cherkasova, Dilley, Friedrich and Jin,
 * "Evaluating content management techniques for Web proxy caches", 2000). An entry's priority is its
 * frequency plus the cache's age at its last use; the age is the priority of the last entry evicted, so that
 * what is no longer used is overtaken by what is. Among equals the least recently used leaves first.
 *
 * Frequencies are capped, so all priorities lie within `age … age + cap`: a ring of `cap + 1` lists holds
 * them, and finding the lowest takes at most `cap` steps.
 */
export class LfuPolicy<N extends Evictable<N>> implements EvictionPolicy<N> {
  readonly #ring = Array.from({ length: LFU_FREQUENCY_CAP + 1 }, () => new LinkedList<N>());
  #age = 0;
  #count = 0;

  add(entry: N): void {
    entry.frequency = 1;
    this.#link(entry);
  }

  use(entry: N): void {
    this.remove(entry);
    this.renew(entry);
  }

  renew(entry: N): void {
    entry.frequency = Math.min(entry.frequency + 1, LFU_FREQUENCY_CAP);
    this.#link(entry);
  }

  remove(entry: N): void {
    this.#list(entry.priority).remove(entry);
    this.#count -= 1;
  }

  victim(): N | undefined {
    if (this.#count === 0) return undefined;
    for (let priority = this.#age; ; priority += 1) {
      const lowest = this.#list(priority).first;
      if (lowest !== undefined) return lowest;
    }
  }

  evicting(entry: N): void {
    this.#age = entry.priority;
  }

  #link(entry: N): void {
    entry.priority = this.#age + entry.frequency;
    this.#list(entry.priority).append(entry);
    this.#count += 1;
  }

  #list(priority: number): LinkedList<N> {
    return this.#ring[priority % this.#ring.length]!;
  }
}
