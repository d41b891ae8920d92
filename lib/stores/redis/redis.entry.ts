import { COARSE_STEP, type Clock } from '../../support/clock.js';
import type { Entry } from '../store.js';
import type { StoredRecord } from './record.js';
import type { Tracking, Watch } from './tracking.js';

/** An entry that was read from a server. Its times are the reader's. */
export class RedisEntry implements Entry {
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly staleUntil: number;
  readonly ttlEnd: number;
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
    this.ttlEnd = end;
    this.staleUntil = end + record.grace;
  }

  /** Whether it may be taken for what the servers have now. */
  isCurrent(tracking: Tracking, coarseNow: number, clock: Clock, maxStaleness: number): boolean {
    const look = tracking.look(coarseNow);
    if (this.#look === look) return true;
    const { watches } = this;
    if (watches?.every(({ isUnchanged }) => isUnchanged) !== true) return false;
    const goodUntil = Math.min(...watches.map(({ heardAt }) => heardAt)) + maxStaleness;
    if (!(clock.now() <= goodUntil)) return false;
    // The coarse time is behind, by more where the event loop was held up: it decides nothing close to the end.
    tracking.lookAgain(goodUntil - Math.max(maxStaleness / 2, COARSE_STEP));
    this.#look = look;
    return true;
  }
}
