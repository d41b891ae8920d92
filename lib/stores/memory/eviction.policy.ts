import type { Linked } from './linked-list.js';

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
