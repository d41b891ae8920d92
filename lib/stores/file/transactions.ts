import type { CommitMark } from './database-file.js';
import { DamagedDatabaseError } from './schema.js';
import { failureOf } from './sqlite.js';
import type { Use } from './standings.js';
import type { Statements } from './statements.js';

/** Milliseconds between two attempts to get the lock. */
const LOCK_STEP = 1;

/** The transactions of one connection, counted across all processes. */
export class Transactions {
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));

  constructor(
    private readonly sql: Statements,
    private readonly mark: CommitMark,
    /** Milliseconds for which one waits for another process's transaction. */
    private readonly lockTimeout: number,
  ) {}

  /** @throws {DamagedDatabaseError} where commits that were acknowledged are missing. */
  assertComplete(marked: number): void {
    if (this.#number('commits') >= marked) return;
    throw new DamagedDatabaseError('its last commits are missing');
  }

  /** Runs `action` and commits; rolls back if it throws. */
  run<T>(action: (commit: Use) => T): T {
    this.#begin();
    try {
      const tick = this.#number('commits') + 1;
      const result = action({ tick, age: this.#number('age') });
      this.sql.run("UPDATE meta SET value = ? WHERE name = 'commits'", tick);
      this.sql.db.exec('COMMIT');
      this.mark.write(tick);
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** Entries have been evicted up to this rank. */
  grow(rank: number): void {
    this.sql.run("UPDATE meta SET value = max(value, ?) WHERE name = 'age'", rank);
  }

  #begin(): void {
    const end = performance.now() + this.lockTimeout;
    for (;;) {
      try {
        this.sql.db.exec('BEGIN IMMEDIATE');
        return;
      } catch (error) {
        if (failureOf(error) !== 'busy' || performance.now() > end) throw error;
        Atomics.wait(this.#sleeper, 0, 0, LOCK_STEP);
      }
    }
  }

  #rollback(): void {
    try {
      this.sql.db.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself.
    }
  }

  #number(name: 'commits' | 'age'): number {
    const row = this.sql.row<{ value: number }>('SELECT value FROM meta WHERE name = ?', name);
    if (row === undefined) throw new DamagedDatabaseError('its numbers are missing');
    return row.value;
  }
}
