import type { Entry } from '../store.js';
import type { StoredRecord } from './record.js';
import type { Tracking, Watch } from './tracking.js';

/** An entry that was read from a server. Its times are the reader's. */
export class RedisEntry implements Entry {
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly staleUntil: number;
  /** In which it was found to be current. */
  #look = -1;

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
    const look = tracking.look(now);
    if (this.#look === look) return true;
    const { watches } = this;
    if (watches?.every(({ isUnchanged }) => isUnchanged) !== true) return false;
    const goodUntil = Math.min(...watches.map(({ heardAt }) => heardAt)) + maxStaleness;
    if (!(now <= goodUntil)) return false;
    tracking.lookAgain(goodUntil);
    this.#look = look;
    return true;
  }
}
