import type { Entry } from '../store.js';
import type { StoredRecord } from './record.js';
import type { Tracking, Watch } from './tracking.js';

/** An entry that was read from a server. Its times are the reader's. */
export class RedisEntry implements Entry {
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly staleUntil: number;
  /** Announcements up to which none was about this entry. */
  #announcements = -1;

  constructor(
    readonly value: unknown,
    readonly tags: readonly string[],
    record: StoredRecord,
    /** Milliseconds from the reader's time to the server's. */
    offset: number,
    /** Of the entry itself and of its stamps; undefined where it is good for nothing but this answer. */
    private readonly watches: readonly Watch[] | undefined,
    readonly invalidatedBy?: string,
  ) {
    const end = record.expiresAt - offset;
    this.createdAt = record.createdAt - offset;
    this.expiresAt = invalidatedBy === undefined ? end : -Infinity;
    this.staleUntil = end + record.grace;
  }

  /** Whether it may be taken for what the servers have now. */
  isCurrent(tracking: Tracking, now: number, maxStaleness: number): boolean {
    const { watches } = this;
    if (watches === undefined) return false;
    const oldest = now - maxStaleness;
    for (let i = 0; i < watches.length; i += 1) if (!(watches[i]!.heardAt >= oldest)) return false;
    if (this.#announcements === tracking.announcements) return true;
    for (let i = 0; i < watches.length; i += 1) if (!watches[i]!.isUnchanged) return false;
    this.#announcements = tracking.announcements;
    return true;
  }
}
