import type { Awaitable } from '../support/awaitable.js';
import type { PendingWrite } from './write-queue.js';

/** A write as a journal has it. */
export interface JournalRow {
  readonly queue: string;
  readonly write: PendingWrite;
  /** Whether it was handed out: then it may have reached the source, and nothing is merged into it. */
  readonly handed: boolean;
}

/**
 * What has been accepted and not yet delivered, in an order that is kept. Changes take effect in the order in which
 * they are asked for, and are as safe as the journal makes them when they resolve.
 */
export interface Journal {
  /** Whether it outlives the process. */
  readonly lasts: boolean;
  /** Keeps a write, in the place of the one with the same id. */
  put(queue: string, write: PendingWrite): Awaitable<void>;
  handOut(ids: readonly string[]): Awaitable<void>;
  remove(ids: readonly string[]): Awaitable<void>;
  /**
   * What earlier runs left behind, oldest first.
   * @param onFound told later on of what processes leave behind that die while this one runs
   */
  open(onFound: (rows: readonly JournalRow[]) => void): Awaitable<readonly JournalRow[]>;
  close(): Awaitable<void>;
}

/** Nothing outlives the process: what waits is in the queues alone. */
export const MEMORY_JOURNAL: Journal = {
  lasts: false,
  put: () => {},
  handOut: () => {},
  remove: () => {},
  open: () => [],
  close: () => {},
};
