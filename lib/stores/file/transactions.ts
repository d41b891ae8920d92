import type { Connection } from './connection.js';
import type { DatabaseFile } from './database-file.js';
import { failureOf } from './sqlite.js';
import type { Use } from './standings.js';

/** Milliseconds between two attempts to get a lock. */
const LOCK_STEP = 1;
/** Milliseconds for which a commit may be held up by a log that has grown too long. */
const TRIM_TIME = 2_000;

/** The transactions of one connection, counted across all processes. */
export class Transactions {
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));

  constructor(
    private readonly connection: Connection,
    /** Milliseconds for which one waits for another process's transaction. */
    private readonly lockTimeout: number,
  ) {}

  /** Runs `action` and commits; rolls back if it throws. */
  run<T>(action: (commit: Use) => T): T {
    const { connection } = this;
    this.#patiently(this.lockTimeout, () => connection.sql.db.exec('BEGIN IMMEDIATE'));
    try {
      const tick = connection.number('commits') + 1;
      const result = action({ tick, age: connection.number('age') });
      connection.sql.run("UPDATE meta SET value = ? WHERE name = 'commits'", tick);
      connection.sql.db.exec('COMMIT');
      connection.committed(tick);
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** Entries have been evicted up to this rank. */
  grow(rank: number): void {
    this.connection.sql.run("UPDATE meta SET value = max(value, ?) WHERE name = 'age'", rank);
  }

  /**
   * Shortens a log of more than so many bytes. SQLite begins it anew only when all of it is in the database and nobody
   * writes, which does not happen by itself while several processes do.
   */
  trim(file: DatabaseFile, most: number): void {
    const end = performance.now() + TRIM_TIME;
    while (file.logBytes() > most && performance.now() < end) {
      const outcome = this.connection.sql.row<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
      if (outcome?.busy === 0) return;
      this.#pause();
    }
  }

  #patiently(ms: number, action: () => void): void {
    const end = performance.now() + ms;
    for (;;) {
      try {
        return action();
      } catch (error) {
        if (failureOf(error) !== 'busy' || performance.now() > end) throw error;
        this.#pause();
      }
    }
  }

  #pause(): void {
    Atomics.wait(this.#sleeper, 0, 0, LOCK_STEP);
  }

  #rollback(): void {
    try {
      this.connection.sql.db.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself.
    }
  }
}
