import { LfuPolicy } from './lfu.policy.js';
import { LinkedList, type Linked } from './linked-list.js';

/** What an eviction policy keeps in the entry itself. */
export interface Evictable<N> extends Linked<N> {
  frequency: number;
  priority: number;
}

/** Which entry leaves when room is needed. Every operation is O(1). */
export interface EvictionPolicy<N> {
  /** A new entry. */
  add(entry: N): void;
  /** A read of an entry. */
  use(entry: N): void;
  /** An entry that was taken out with `remove` comes back with a new value. */
  renew(entry: N): void;
  remove(entry: N): void;
  /** The next to leave; it stays until `remove`. Undefined when there is none. */
  victim(): N | undefined;
  /** Told that the victim is being evicted, before `remove`. */
  evicting(entry: N): void;
}

export type EvictionPolicyName = 'lru' | 'fifo' | 'lfu';

export function createPolicy<N extends Evictable<N>>(name: EvictionPolicyName): EvictionPolicy<N> {
  if (name === 'lfu') return new LfuPolicy<N>();
  return new OrderPolicy<N>(name === 'lru');
}

/**
 * Least recently used (`readsCount`) or first in, first out: both evict the head of one list and differ in
 * whether a read moves an entry to its tail. Storing a key again moves it in both.
 */
class OrderPolicy<N extends Evictable<N>> implements EvictionPolicy<N> {
  readonly #order = new LinkedList<N>();

  constructor(private readonly readsCount: boolean) {}

  add(entry: N): void {
    this.#order.append(entry);
  }

  use(entry: N): void {
    if (!this.readsCount || this.#order.last === entry) return;
    this.#order.remove(entry);
    this.#order.append(entry);
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
