import type { Awaitable } from '../support/awaitable.js';

/** One accepted write, on its way to the source. */
export interface PendingWrite {
  /** Survives retries and restarts; a write that was merged into another one has that one's. */
  readonly id: string;
  /** As the application gave it. */
  readonly key: string;
  /** Of the entry that the cache holds. */
  readonly namespace: string;
  /** Likewise, with whose entry it is. */
  readonly located: string;
  /** What decoding gives; many may hold it, so nobody changes it. */
  readonly value: unknown;
  readonly tags: readonly string[];
  /** Milliseconds since the epoch, on the clock of the cache; `Infinity`: never. */
  readonly expiresAt: number;
  /** Milliseconds beyond that for which it may be served stale. */
  readonly grace: number;
  /** Milliseconds since the epoch. Of a merged one, when the oldest part was accepted. */
  readonly acceptedAt: number;
}

/** What becomes of two writes of one key that wait together: one; undefined where both are delivered, in order. */
export type Merge = ((older: unknown, newer: unknown) => unknown) | undefined;

/** How a queue delivers. */
export interface QueueSettings {
  /** Most writes in one call. */
  readonly batchSize: number;
  /** Milliseconds a write may wait for others to share a call with. */
  readonly delay: number;
  /** Calls, the first one included, after which a write that fails is given up. */
  readonly attempts: number;
  /** Milliseconds before the second call; doubled for each further one, up to {@link MOST_BACKOFF}. */
  readonly backoff: number;
  readonly merge: Merge;
  /** Writes that may wait; beyond, accepting waits. */
  readonly maxPending: number;
  /** Milliseconds for which accepting waits for room. */
  readonly maxWait: number;
}

/** Milliseconds between two calls for one write, at most. */
export const MOST_BACKOFF = 60_000;

/** What stands behind a queue. */
export interface WriteWorker {
  /**
   * Hands writes to the application's handler, oldest first, and brings the cache in line with what it did. Rejects
   * with what the handler threw. No two calls that hold the same key overlap, and those of one key come in order.
   */
  deliver(writes: readonly PendingWrite[]): Promise<void>;
  /** Whether somebody took over the writes, which are not tried again then. Never rejects. */
  bury(writes: readonly PendingWrite[], error: unknown): Promise<boolean>;
}

/** What a queue tells the process that accepts writes. */
export interface WriteObserver {
  /** The write waits, in the place of those that it was merged with. */
  accepted(write: PendingWrite): void;
  /** It has reached the source, or has been given up: reads need not be answered from here any more. */
  settled(write: Pick<PendingWrite, 'id' | 'namespace' | 'located'>): void;
  /** A call failed, and will be repeated. */
  retrying(writes: number, error: unknown): void;
}

/** How much waits in a queue. */
export interface QueueDepth {
  /** Writes that have not reached the source, those being delivered included; undefined where that cannot be told cheaply. */
  readonly depth: number | undefined;
  /** Milliseconds for which the oldest of them has waited; 0 where there is none. */
  readonly lag: number | undefined;
}

/** Where the accepted writes of one queue wait for their handler. At least once, in order per key. */
export interface WriteQueue {
  /**
   * Takes a write on; when this resolves it is as safe as the journal makes it, and the observer has been told. Waits
   * while the queue is full.
   * @returns the write as it now waits: merged with an older one that has not been handed out yet, where there is one.
   * @throws {CacheBackendError} where it could not be taken on: nothing is delivered then
   */
  accept(write: PendingWrite): Promise<PendingWrite>;
  /** Begins to deliver, with what an earlier run of the application left behind; the observer is told of it. */
  start(worker: WriteWorker): Awaitable<void>;
  /** Delivers without waiting for company; resolves when nothing accepted before waits any more, or it is stopped. */
  flush(): Promise<void>;
  measure(): Awaitable<QueueDepth>;
  /** Stops accepting and delivering, after the call that is under way, and closes what was opened. What waits stays in the journal. */
  close(): Promise<void>;
}
