import type { Evictable, EvictionPolicy } from './eviction.policy.js';
import { LinkedList } from './linked-list.js';

/**
 * Least recently used (`readsCount`) or first in, first out: both evict the head of one list and differ in
 * whether a read moves an entry to its tail. Storing a key again moves it in both.
 */
export class OrderPolicy<N extends Evictable<N>> implements EvictionPolicy<N> {
  readonly #order = new LinkedList<N>();

  constructor(private readonly readsCount: boolean) {}

  add(entry: N): void {
    this.#order.append(entry);
  }

  use(entry: N): void {
    if (this.readsCount) this.#order.toEnd(entry);
  }

  renew(entry: N): void {
    this.#order.append(entry);
  }

  remove(entry: N): void {
    this.#order.remove(entry);
  }

  victim(): N | undefined {
    return this.#order.first;
  }

  evicting(): void {}
}
