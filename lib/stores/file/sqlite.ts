import { createRequire } from 'node:module';
import { CacheOptionsError } from '../../errors/cache.errors.js';

/** What is asked of a SQLite driver: the part that `node:sqlite` and `better-sqlite3` have in common. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

export interface SqliteStatement {
  get(...parameters: SqliteValue[]): unknown;
  all(...parameters: SqliteValue[]): unknown[];
  run(...parameters: SqliteValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
}

/** Numbers are safe integers or floats. */
export type SqliteValue = string | number | Uint8Array | null;

/** The libraries that can open a database, in the order in which they are tried. */
export type SqliteDriver = 'node:sqlite' | 'better-sqlite3';

type DatabaseClass = new (path: string) => SqliteDatabase;

const DRIVERS: readonly SqliteDriver[] = ['node:sqlite', 'better-sqlite3'];

/**
 * The first driver that this process can load.
 * @throws {CacheOptionsError} where there is none: it says what to do.
 */
export function findDriver(): SqliteDriver {
  const found = DRIVERS.find((driver) => load(driver) !== undefined);
  if (found !== undefined) return found;
  throw new CacheOptionsError(
    "backend 'file' needs SQLite: run Node.js 22.13 or later, which has it built in, or install better-sqlite3@^12",
  );
}

/** Opens the database in a file, and makes the file where there is none. */
export function openSqlite(driver: SqliteDriver, path: string): SqliteDatabase {
  const Database = load(driver);
  if (Database === undefined) throw new CacheOptionsError(`backend 'file': ${driver} cannot be loaded`);
  return new Database(path);
}

function load(driver: SqliteDriver): DatabaseClass | undefined {
  try {
    const loaded: unknown = createRequire(import.meta.url)(driver);
    if (driver === 'node:sqlite') return (loaded as { DatabaseSync: DatabaseClass }).DatabaseSync;
    return loaded as DatabaseClass;
  } catch {
    return undefined;
  }
}

/**
 * What went wrong, as far as it decides what to do about it: `busy` passes, `damaged` asks for a new file,
 * `full` and `other` pass when somebody mends the disk.
 */
export type SqliteFailure = 'busy' | 'damaged' | 'full' | 'other';

/** Primary result codes (sqlite.org/rescode.html), by their numbers and as better-sqlite3 names them. */
const FAILURES: readonly (readonly [number, string, SqliteFailure])[] = [
  [5, 'SQLITE_BUSY', 'busy'],
  [6, 'SQLITE_LOCKED', 'busy'],
  [17, 'SQLITE_SCHEMA', 'busy'],
  [15, 'SQLITE_PROTOCOL', 'busy'],
  [11, 'SQLITE_CORRUPT', 'damaged'],
  [26, 'SQLITE_NOTADB', 'damaged'],
  [20, 'SQLITE_MISMATCH', 'damaged'],
  [19, 'SQLITE_CONSTRAINT', 'damaged'],
  [13, 'SQLITE_FULL', 'full'],
];

const SHORT_READ = 522;

/** Classifies an error of either driver; undefined for one that SQLite did not raise. */
export function failureOf(error: unknown): SqliteFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  // An integer that no release has written.
  if (code === 'ERR_OUT_OF_RANGE') return 'damaged';
  // A file that ends too early.
  if (errcode === SHORT_READ || code === 'SQLITE_IOERR_SHORT_READ') return 'damaged';
  // A table or column that this release's files have, and this file has not.
  if ((errcode === 1 || code === 'SQLITE_ERROR') && error.message.includes('no such')) return 'damaged';
  if (typeof errcode === 'number') {
    return FAILURES.find(([number]) => number === (errcode & 0xff))?.[2] ?? 'other';
  }
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return undefined;
  return FAILURES.find(([, name]) => code === name || code.startsWith(`${name}_`))?.[2] ?? 'other';
}
