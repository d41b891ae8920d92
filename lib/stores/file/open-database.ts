import type { Codec } from '../../codec/codec.js';
import type { Sealer } from '../../codec/sealer.js';
import type { Notice, WriterOptions } from './commands.js';
import { Connection } from './connection.js';
import type { DatabaseFile } from './database-file.js';
import { EntryTable } from './entry-table.js';
import { Executor } from './executor.js';
import { Housekeeping } from './housekeeping.js';
import { LeaseTable } from './lease-table.js';
import { SpaceTable } from './space-table.js';
import { Standings } from './standings.js';
import { TagTable } from './tag-table.js';
import { Transactions } from './transactions.js';

/** Milliseconds for which opening waits for another process. */
const OPENING_TIMEOUT = 2_000;
/** Bytes of entries that leave when the disk is full. */
const RELIEF = 1_048_576;

/** One opened database with everything that works on it. */
export class OpenDatabase {
  readonly spaces: SpaceTable;
  readonly executor: Executor;
  readonly housekeeping: Housekeeping;
  readonly #connection: Connection;
  readonly #entries: EntryTable;
  readonly #transactions: Transactions;
  readonly #leases: LeaseTable;
  readonly #standings: Standings;

  constructor(
    file: DatabaseFile,
    options: WriterOptions,
    codec: Codec,
    sealer: Sealer,
    private readonly notify: (notice: Notice) => void,
  ) {
    this.#connection = new Connection(file, { ...options, busyTimeout: OPENING_TIMEOUT });
    const { sql } = this.#connection;
    this.#transactions = new Transactions(this.#connection, options.lockTimeout);
    this.spaces = new SpaceTable(sql, options.scope);
    const tags = new TagTable(sql, options.scope);
    const leases = (this.#leases = new LeaseTable(sql, tags, options.leaseTime));
    this.#standings = new Standings(sql, options.policy);
    this.#entries = new EntryTable(sql, this.spaces, tags, this.#standings, largestValue(options.maxBytes));
    this.executor = new Executor(
      this.spaces,
      this.#entries,
      tags,
      leases,
      this.#standings,
      codec,
      sealer,
      options.scope,
    );
    this.housekeeping = new Housekeeping(sql, this.#entries, leases, tags, notify);
  }

  get identity(): string {
    return this.#connection.identity;
  }

  /** Keeps the write-ahead log from growing beyond so many bytes. */
  trim(file: DatabaseFile, most: number): void {
    this.#transactions.trim(file, most);
  }

  /** Runs `action` as one transaction, at the time `now`. */
  transact<T>(now: number, action: () => T): T {
    const answer = this.#transactions.run(({ tick, age }) => {
      this.#entries.moment = { now, tick, age };
      this.#entries.takeEnded();
      this.spaces.begin();
      this.#leases.begin();
      const result = action();
      this.spaces.settle();
      if (this.#standings.isFull) this.#standings.settle({ tick, age });
      return result;
    });
    const entries = this.#entries.takeEnded();
    if (entries.length > 0) this.notify({ kind: 'left', cause: 'expired', entries });
    return answer;
  }

  /** When to sweep next; at once where the last sweep left something to give back. */
  nextDue({ kind, now }: { readonly kind: string; readonly now: number }): number {
    return kind === 'sweep' && this.housekeeping.isSpacious ? -Infinity : this.housekeeping.nextDue(now);
  }

  /** Sweeps for `ms` milliseconds, a transaction at a time; whether nothing is left to sweep. */
  sweep(now: number, ms: number): boolean {
    const end = performance.now() + ms;
    while (this.housekeeping.isDue(now)) {
      if (performance.now() > end) return false;
      this.transact(now, () => this.housekeeping.sweep(now));
    }
    return true;
  }

  /** Makes so many bytes of room in one transaction, of what is void or expired first; whether there was something. */
  evict(now: number, bytes: number): boolean {
    return this.transact(now, () => {
      if (this.housekeeping.isDue(now)) {
        this.housekeeping.sweep(now);
        return true;
      }
      this.#standings.settle(this.#entries.moment);
      const { evicted, rank } = this.housekeeping.evict(bytes);
      this.#transactions.grow(rank);
      return evicted > 0;
    });
  }

  /** The disk is full: gives up the write-ahead log and some entries. */
  relieve(): void {
    this.#connection.sql.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.transact(this.#entries.moment.now, () => this.housekeeping.evict(RELIEF));
    this.#connection.sql.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  close(): void {
    this.#connection.close();
  }
}

/** Bytes that one value may have, so that the limit holds for what is on disk: a value lies in the log, too. */
function largestValue(maxBytes: number): number {
  return Math.max(maxBytes / 16, Math.min(maxBytes / 2, 2_097_152));
}
