import { Codec } from '../../codec/codec.js';
import { Sealer } from '../../codec/sealer.js';
import type { FromWriter, Notice, Reply, Request, WriterOptions } from './commands.js';
import { Connection } from './connection.js';
import { DatabaseFile } from './database-file.js';
import { EntryTable } from './entry-table.js';
import { Executor } from './executor.js';
import { Housekeeping } from './housekeeping.js';
import { LeaseTable } from './lease-table.js';
import { DamagedDatabaseError, logBytes } from './schema.js';
import { SpaceTable } from './space-table.js';
import { failureOf, type SqliteFailure } from './sqlite.js';
import { Standings } from './standings.js';
import { TagTable } from './tag-table.js';
import { Transactions } from './transactions.js';

/** Milliseconds for which one request sweeps; a measurement has more, for it must count what is left. */
const SWEEP_TIME = 5;
const MEASURE_TIME = 1_000;
/** Milliseconds for which opening waits for another process. */
const OPENING_TIMEOUT = 2_000;
/** Bytes of entries that leave when the disk is full. */
const RELIEF = 1_048_576;
/** How far beyond its length the write-ahead log may grow before writing waits until it is shortened. */
const LONG_LOG = 1.5;
/** How far beyond its limit the database may be before writing waits for evictions. */
const SLACK = 1.02;

/** The writing side of a file store: it runs in a thread of its own, because transactions of other processes block. */
export class Writer {
  readonly #file: DatabaseFile;
  readonly #codec: Codec;
  readonly #sealer: Sealer;
  #open: OpenDatabase | undefined;

  constructor(
    private readonly options: WriterOptions,
    private readonly post: (message: FromWriter) => void,
  ) {
    this.#file = new DatabaseFile(options.directory);
    this.#codec = new Codec({ ...options.sealer, types: [], strictTypes: false });
    this.#sealer = new Sealer(options.sealer);
  }

  /** Answers a request, and does after it what it makes necessary. */
  handle(request: Request): void {
    if (request.kind === 'close') return this.#close();
    this.post(this.#answer(request));
    if (request.kind === 'batch') this.#quietly(() => this.#makeRoom(request.now));
  }

  #answer(request: Exclude<Request, { kind: 'close' }>): Reply {
    try {
      const result = this.#attempt(() => this.#carryOut(request));
      return { kind: 'done', result, due: { at: this.#open?.nextDue(request) ?? Infinity } };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { kind: 'failed', failure: failureOf(error) ?? 'other', message };
    }
  }

  #carryOut(request: Exclude<Request, { kind: 'close' }>): unknown {
    if (request.kind === 'damaged') return this.#setAside(request.identity, 'it could not be read');
    const open = this.#database();
    if (request.kind === 'batch') return this.#batch(open, request);
    const swept = open.sweep(request.now, request.kind === 'sweep' ? SWEEP_TIME : MEASURE_TIME);
    if (request.kind === 'measure') return swept ? open.spaces.measure() : undefined;
    if (swept) open.housekeeping.vacuum();
    return undefined;
  }

  #batch(open: OpenDatabase, request: Extract<Request, { kind: 'batch' }>): unknown[] {
    open.trim(this.#file, LONG_LOG * logBytes(this.options.maxBytes));
    return open.transact(request.now, () =>
      request.commands.map((command) => open.executor.run(command, request.bytes)),
    );
  }

  /** Tries once more with a new database where this one is damaged, or with some room where the disk is full. */
  #attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      const failure: SqliteFailure | undefined = failureOf(error);
      if (failure === 'damaged' || error instanceof DamagedDatabaseError) {
        this.#setAside(this.#open?.identity ?? this.#file.identity(), reasonOf(error));
        return action();
      }
      if (failure !== 'full' || this.#open === undefined) throw error;
      this.#open.relieve();
      return action();
    }
  }

  /** The database; opened anew where its file is gone or was replaced. */
  #database(): OpenDatabase {
    if (this.#open !== undefined && this.#open.identity === this.#file.identity()) return this.#open;
    this.#leave();
    this.#file.create();
    this.#open = new OpenDatabase(this.#file, this.options, this.#codec, this.#sealer, this.post);
    return this.#open;
  }

  #setAside(identity: string | undefined, reason: string): void {
    this.#leave();
    if (this.#file.setAside(identity)) this.post({ kind: 'setAside', reason });
  }

  /** Evicts some entries; many where the database has outgrown its limit all the same. */
  #makeRoom(now: number): void {
    const open = this.#open;
    if (open === undefined) return;
    const { maxBytes } = this.options;
    const limit = Math.max(maxBytes - logBytes(maxBytes), maxBytes / 2);
    let used = open.housekeeping.usedBytes();
    if (used <= limit) return;
    do {
      if (!open.evict(now, used - limit)) return;
      used = open.housekeeping.usedBytes();
    } while (used > limit * SLACK);
  }

  #leave(): void {
    const open = this.#open;
    this.#open = undefined;
    this.#quietly(() => open?.close());
  }

  #close(): void {
    this.#leave();
    this.post({ kind: 'done', result: undefined, due: { at: Infinity } });
  }

  #quietly(action: () => void): void {
    try {
      action();
    } catch {
      // Whatever is the matter, the next request meets it and reports it.
    }
  }
}

/** One opened database with everything that works on it. */
class OpenDatabase {
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
    notify: (notice: Notice) => void,
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
    return this.#transactions.run(({ tick, age }) => {
      this.#entries.moment = { now, tick, age };
      this.spaces.begin();
      this.#leases.begin();
      const result = action();
      this.spaces.settle();
      if (this.#standings.isFull) this.#standings.settle({ tick, age });
      return result;
    });
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

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'it is damaged';
}
