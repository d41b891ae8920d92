import type { Entry } from '../store.js';
import type { StoredRecord } from './record.js';
import type { Watch } from './tracking.js';

/** An entry that was read from a server. Its times are the reader's. */
export class RedisEntry implements Entry {
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly staleUntil: number;

  constructor(
    readonly value: unknown,
    readonly tags: readonly string[],
    record: StoredRecord,
    /** Milliseconds from the reader's time to the server's. */
    offset: number,
    /** Of the entry itself and of its stamps; undefined where it is good for nothing but this answer. */
    readonly watches: readonly Watch[] | undefined,
  ) {
    this.createdAt = record.createdAt - offset;
    this.expiresAt = record.expiresAt - offset;
    this.staleUntil = this.expiresAt + record.grace;
  }
}
