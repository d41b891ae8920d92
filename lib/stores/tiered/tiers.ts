import type { CacheEvents } from '../../events/cache-events.js';
import type { Awaitable } from '../../support/awaitable.js';
import type { Clock } from '../../support/clock.js';
import type { Isolator } from '../isolation.js';
import type { Draft, Entry, StoreSize } from '../store.js';

/** What the near tier has to be able to do, at once. A memory store is. */
export interface NearSpace {
  read(key: string, now: number): Entry | undefined;
  write(key: string, draft: Draft): void;
  remove(key: string): boolean;
  clear(): void;
}

/** Where the entries of the far tier are kept at hand. */
export interface NearStore {
  space(namespace: string): NearSpace;
  measure(): Awaitable<StoreSize>;
  close(): Awaitable<void>;
}

/** One channel for the hits and misses of each tier. */
export interface TierEvents {
  readonly near: CacheEvents;
  readonly far: CacheEvents;
}

/** What all namespaces of a tiered store share. */
export interface Tiers {
  readonly events: TierEvents;
  readonly isolator: Isolator;
  readonly clock: Clock;
  /** Counts invalidations of tags, when they are asked for and when they are done. */
  readonly invalidations: { count: number };
}
