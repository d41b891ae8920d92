import type { Store } from '../stores/store.js';

/** Whether a cache works, as it found out by asking its backend. Applications go on either way: see docs/outages.md. */
export interface CacheHealth {
  /**
   * - `up`: it reads and stores; also a cache that is switched off, which has nothing to fail.
   * - `degraded`: memory in front of the backend goes on alone, and serves for a short while what it holds.
   * - `down`: nothing is cached; every read is a miss.
   */
  readonly status: 'up' | 'degraded' | 'down';
  /** What the backend said, or did not; undefined when all is well. It names no keys. */
  readonly reason: string | undefined;
  /** Evictions that the backend has yet to be told of. */
  readonly pendingEvictions: number;
}

const UP: CacheHealth = Object.freeze({ status: 'up', reason: undefined, pendingEvictions: 0 });

/** Asks a store, if it is one that can fail. */
export async function healthOf(store: Store): Promise<CacheHealth> {
  const condition = await store.check?.();
  if (condition === undefined) return UP;
  const { works, near, reason, pendingEvictions } = condition;
  if (works) return { ...UP, pendingEvictions };
  return { status: near === true ? 'degraded' : 'down', reason, pendingEvictions };
}
