import type { Entry } from '../store.js';
import type { Head } from './record.js';

/** An entry that was read from the database. */
export class FileEntry implements Entry {
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly staleUntil: number;
  readonly ttlEnd: number;
  /** Which of the entries that were stored under its key this is. */
  readonly version: number;

  constructor(
    readonly id: number,
    readonly value: unknown,
    readonly tags: readonly string[],
    head: Head,
    /** The reader's epoch when it was last seen in the database. */
    public epoch: number,
    readonly invalidatedBy?: string,
  ) {
    this.createdAt = head.createdAt;
    this.expiresAt = invalidatedBy === undefined ? head.expiresAt : -Infinity;
    this.ttlEnd = head.expiresAt;
    this.staleUntil = head.expiresAt + head.grace;
    this.version = head.version;
  }
}
