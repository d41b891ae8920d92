import { failureOf, openSqlite, type SqliteDatabase, type SqliteDriver } from './sqlite.js';

/** What a crash of the machine may lose; a crash of the process loses nothing that was acknowledged. */
export type Durability = 'process' | 'power';

/** `synchronous`: with NORMAL only a checkpoint waits for the disk, with FULL every commit does. */
const SYNCHRONOUS: Readonly<Record<Durability, string>> = { process: 'NORMAL', power: 'FULL' };

/** Told from other people's databases by this number in the file's header: 'BLSM'. */
const APPLICATION = 0x424c534d;
/** Format of the tables. Another format goes into a file of another name: see {@link DATABASE_FILE}. */
const FORMAT = 2;

/** The name of the database within the cache's directory. */
export const DATABASE_FILE = `blossom-cache-v${FORMAT}.sqlite`;

/** Bytes of one page. */
export const PAGE = 4_096;
/** Pages of the write-ahead log before they are moved into the database: at least, at most, and of all there may be. */
const LOG = { least: 1_000, most: 8_000, share: 1 / 32 } as const;

/**
 * Bytes that the write-ahead log grows to. Moving it into the database is what waits for the disk, so that a long
 * one makes writing fast; what lies in it counts for the limit.
 */
export function logBytes(maxBytes: number): number {
  return PAGE * Math.min(Math.max(Math.floor((maxBytes * LOG.share) / PAGE), LOG.least), LOG.most);
}

/**
 * - `spaces`: one row per namespace. Its `id` is what entries refer to: a clear deletes the row.
 * - `entries`: `head` and `value` are laid out by `record.ts`; `stale` (end of grace) and `rank` (eviction order)
 *   repeat what is needed for an index; `name` is the key where `key` is only its hash.
 * - `tags`: the current stamps of each tag; an invalidation deletes the row, or changes `soft` where what is stale may be served.
 * - `links`: which entries (`holder` = id) and leases (`holder` = -token) carry a stamp.
 * - `garbage`: namespaces (kind 0) and stamps (kind 1) that are void, and whose entries wait to be deleted.
 * - `invalidations`: what was invalidated lately, for leases that learn their tags late.
 */
const TABLES = `
CREATE TABLE spaces(name TEXT PRIMARY KEY, id INTEGER NOT NULL UNIQUE, scope TEXT NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE entries(id INTEGER PRIMARY KEY, space INTEGER NOT NULL, key TEXT NOT NULL, stale REAL, rank REAL NOT NULL, uses INTEGER NOT NULL, name TEXT, head BLOB NOT NULL, value BLOB NOT NULL);
CREATE UNIQUE INDEX entries_key ON entries(space, key);
CREATE INDEX entries_stale ON entries(stale) WHERE stale IS NOT NULL;
CREATE INDEX entries_rank ON entries(rank);
CREATE TABLE tags(name TEXT PRIMARY KEY, stamp INTEGER NOT NULL, soft INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE links(stamp INTEGER NOT NULL, holder INTEGER NOT NULL, PRIMARY KEY(stamp, holder)) WITHOUT ROWID;
CREATE TABLE leases(space INTEGER NOT NULL, key TEXT NOT NULL, token INTEGER NOT NULL, deadline INTEGER NOT NULL, yields INTEGER NOT NULL, since INTEGER NOT NULL, tags TEXT NOT NULL, PRIMARY KEY(space, key)) WITHOUT ROWID;
CREATE TABLE garbage(kind INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;
CREATE TABLE invalidations(seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL);
CREATE TABLE meta(name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('commits', 0), ('age', 0), ('database', abs(random() % 9007199254740991));
`;

/** A file that is not this cache's database, or no longer. */
export class DamagedDatabaseError extends Error {}

/** How a connection is set up. */
export interface ConnectionOptions {
  readonly driver: SqliteDriver;
  readonly durability: Durability;
  /** Milliseconds for which it waits for a lock that another process holds, blocking its thread. */
  readonly busyTimeout: number;
  /** Bytes on disk at most. */
  readonly maxBytes: number;
}

/**
 * Opens the database and makes its tables where it is empty.
 * @throws {DamagedDatabaseError} where the file holds something else.
 */
export function openDatabase(path: string, options: ConnectionOptions): SqliteDatabase {
  const db = openSqlite(options.driver, path);
  try {
    db.exec(`PRAGMA busy_timeout = ${options.busyTimeout}`);
    identify(db);
    const log = logBytes(options.maxBytes);
    db.exec(
      `PRAGMA synchronous = ${SYNCHRONOUS[options.durability]}; PRAGMA wal_autocheckpoint = ${log / PAGE};
       PRAGMA journal_size_limit = ${log}; PRAGMA cache_size = -16000; PRAGMA trusted_schema = OFF`,
    );
    return db;
  } catch (error) {
    db.close();
    throw failureOf(error) === 'damaged'
      ? new DamagedDatabaseError('the database is damaged', { cause: error })
      : error;
  }
}

function identify(db: SqliteDatabase): void {
  if (application(db) === 0 && isEmpty(db)) {
    // Before the first table is made; afterwards they change nothing.
    db.exec(`PRAGMA page_size = ${PAGE}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL`);
    create(db);
  }
  if (application(db) !== APPLICATION || pragma(db, 'user_version') !== FORMAT) {
    throw new DamagedDatabaseError('the file is not a database of this cache');
  }
}

/** Several processes may find the new file empty; one makes the tables. */
function create(db: SqliteDatabase): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    if (isEmpty(db)) db.exec(`${TABLES} PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${FORMAT}`);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

function application(db: SqliteDatabase): number {
  return pragma(db, 'application_id');
}

function isEmpty(db: SqliteDatabase): boolean {
  return (db.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number }).n === 0;
}

/** The value of a pragma that is a number. */
function pragma(db: SqliteDatabase, name: string): number {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() as Record<string, number>)[0]!;
}
