import type { Statements } from './statements.js';

/** Which entries leave first when there is no room: see the policies of the memory store. */
export type FilePolicy = 'lru' | 'fifo' | 'lfu';

/** Uses beyond which an entry gains no more: see `lfu.policy.ts` of the memory store. */
const MOST_USES = 32;
/** Entries whose use may wait to be written down. */
const MOST_WAITING = 4_096;

/** The moment at which an entry was stored or used. */
export interface Use {
  /** Counts commits: no clock decides what was used last. */
  readonly tick: number;
  /** The rank of the last entry that was evicted. */
  readonly age: number;
}

/**
 * Each entry's place in the order of eviction, its `rank`: the lowest leaves first.
 * - `lru`: the last use. - `fifo`: when it was last stored.
 * - `lfu`: uses, with dynamic aging (LFU-DA; Arlitt et al. 2000): each counts on from the rank of the last that
 *   was evicted.
 *
 * A new entry has its rank at once. Later uses are gathered and written for many at a time, before anything is
 * evicted at the latest: else each would cost as much as a write.
 */
export class Standings {
  /** By id, the one used last at the end. */
  readonly #waiting = new Map<number, { readonly tick: number; readonly times: number }>();

  constructor(
    private readonly sql: Statements,
    private readonly policy: FilePolicy,
  ) {}

  /** The rank of an entry that is stored for the first time. */
  first({ tick, age }: Use): number {
    return this.policy === 'lfu' ? age + 1 : tick;
  }

  /** An entry, which may be gone, was used or stored again. */
  note(id: number, times: number, { tick }: Use): void {
    const before = this.#waiting.get(id)?.times ?? 0;
    this.#waiting.delete(id);
    this.#waiting.set(id, { tick, times: before + times });
  }

  get isFull(): boolean {
    return this.#waiting.size >= MOST_WAITING;
  }

  /** Writes down what was noted; within a transaction. */
  settle({ age }: Use): void {
    for (const [id, { tick, times }] of this.#waiting) {
      if (this.policy === 'lfu') this.sql.run(USED, times, age, times, id);
      else this.sql.run(MOVED, tick, id);
    }
    this.#waiting.clear();
  }
}

const MOVED = 'UPDATE entries SET rank = ? WHERE id = ?';
const USED = `UPDATE entries SET uses = min(uses + ?, ${MOST_USES}), rank = ? + min(uses + ?, ${MOST_USES}) WHERE id = ?`;
