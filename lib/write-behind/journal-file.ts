import { closeSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  failureOf,
  openSqlite,
  type SqliteDatabase,
  type SqliteDriver,
  type SqliteStatement,
} from '../stores/file/sqlite.js';
import { makeDirectory } from '../support/make-directory.js';

/** A write as it lies in a file. */
export interface FileRow {
  readonly id: string;
  readonly queue: string;
  readonly handed: boolean;
  readonly bytes: Uint8Array;
}

/** What is done to a journal. */
export type Change =
  | { readonly op: 'put'; readonly id: string; readonly queue: string; readonly bytes: Uint8Array }
  | { readonly op: 'handOut' | 'remove'; readonly ids: readonly string[] };

/** Told from other people's databases by this number in the file's header: 'BLSJ'. */
const APPLICATION = 0x424c534a;
/** Bytes that the write-ahead log is cut back to. */
const LOG_BYTES = 4_194_304;

const TABLES = `
CREATE TABLE IF NOT EXISTS writes(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, queue TEXT NOT NULL, handed INTEGER NOT NULL, bytes BLOB NOT NULL);
PRAGMA application_id = ${APPLICATION};
`;

/** Somebody else has it open. */
class JournalTakenError extends Error {}
/** It is not a journal, or no longer. */
class JournalDamagedError extends Error {}

/**
 * One file of accepted writes. A process has it for itself for as long as it lives: SQLite holds the lock of the
 * operating system on it (`locking_mode = EXCLUSIVE`), which ends with the process however it ends.
 */
export class JournalFile {
  readonly #db: SqliteDatabase;
  #statements: ReturnType<typeof prepare> | undefined;

  /**
   * Makes the file where there is none.
   * @throws {JournalTakenError} @throws {JournalDamagedError}
   */
  constructor(
    driver: SqliteDriver,
    readonly path: string,
  ) {
    closeSync(openSync(path, 'a', 0o600));
    const db = (this.#db = openSqlite(driver, path));
    try {
      db.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF');
      db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${LOG_BYTES}`);
      this.transact(() => this.#identify());
    } catch (error) {
      db.close();
      throw asJournalError(error);
    }
  }

  transact<T>(action: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = action();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      try {
        this.#db.exec('ROLLBACK');
      } catch {
        // SQLite has rolled back by itself.
      }
      throw error;
    }
  }

  apply(changes: readonly Change[]): void {
    this.transact(() => {
      for (const change of changes) this.#apply(change);
    });
  }

  /** All of it, oldest first. */
  rows(): FileRow[] {
    const rows = this.#db.prepare('SELECT id, queue, handed, bytes FROM writes ORDER BY seq').all();
    return (rows as (Omit<FileRow, 'handed'> & { handed: number })[]).map(({ id, queue, handed, bytes }) => {
      return { id, queue, handed: handed === 1, bytes: new Uint8Array(bytes) };
    });
  }

  /** Takes over what another file holds; what is here already stays. */
  adopt(rows: readonly FileRow[]): void {
    const insert = this.#db.prepare('INSERT OR IGNORE INTO writes(id, queue, handed, bytes) VALUES (?, ?, ?, ?)');
    this.transact(() => {
      for (const { id, queue, handed, bytes } of rows) insert.run(id, queue, handed ? 1 : 0, bytes);
    });
  }

  clear(): void {
    this.#db.exec('DELETE FROM writes');
  }

  close(): void {
    this.#db.close();
  }

  #apply(change: Change): void {
    const { put, handOut, remove } = (this.#statements ??= prepare(this.#db));
    if (change.op === 'put') put.run(change.id, change.queue, change.bytes);
    else for (const id of change.ids) (change.op === 'remove' ? remove : handOut).run(id);
  }

  #identify(): void {
    const application = Object.values(this.#db.prepare('PRAGMA application_id').get() as Record<string, number>)[0];
    const { n } = this.#db.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
    if (n > 0 && application !== APPLICATION) throw new JournalDamagedError('the file is not a journal');
    this.#db.exec(TABLES);
  }
}

function prepare(db: SqliteDatabase): Record<Change['op'], SqliteStatement> {
  return {
    put: db.prepare(
      'INSERT INTO writes(id, queue, handed, bytes) VALUES (?, ?, 0, ?) ON CONFLICT(id) DO UPDATE SET bytes = excluded.bytes',
    ),
    handOut: db.prepare('UPDATE writes SET handed = 1 WHERE id = ?'),
    remove: db.prepare('DELETE FROM writes WHERE id = ?'),
  };
}

function asJournalError(error: unknown): unknown {
  const failure = failureOf(error);
  if (failure === 'busy') return new JournalTakenError('another process has it');
  return failure === 'damaged' ? new JournalDamagedError('it cannot be read', { cause: error }) : error;
}

/** The journals of one cache in a directory, one for each process that uses it: `<name>-1.sqlite`, `<name>-2.sqlite`, … */
export class JournalDirectory {
  constructor(
    private readonly driver: SqliteDriver,
    private readonly directory: string,
    /** What the names of its files begin with. */
    private readonly name: string,
    private readonly onDamaged: (file: string) => void,
  ) {}

  /** The first file that nobody has. */
  claim(): JournalFile {
    makeDirectory(this.directory);
    for (let number = 1; ; number += 1) {
      const file = this.#open(join(this.directory, `${this.name}-${number}.sqlite`));
      if (file !== undefined) return file;
    }
  }

  /** What lies in the files of processes that are gone, moved to `own`. */
  adopt(own: JournalFile): FileRow[] {
    const pattern = new RegExp(String.raw`^${this.name}-\d+\.sqlite$`);
    const others = readdirSync(this.directory).filter((file) => pattern.test(file) && file !== basename(own.path));
    return others.flatMap((file) => {
      const orphan = this.#open(join(this.directory, file));
      if (orphan === undefined) return [];
      try {
        const rows = orphan.rows();
        // Killed in between, they are in both: an id is delivered once.
        own.adopt(rows);
        orphan.clear();
        return rows;
      } finally {
        orphan.close();
      }
    });
  }

  /** Undefined where somebody else has it. What is damaged is moved out of the way. */
  #open(path: string): JournalFile | undefined {
    try {
      return new JournalFile(this.driver, path);
    } catch (error) {
      if (error instanceof JournalTakenError) return undefined;
      if (!(error instanceof JournalDamagedError)) throw error;
      setAside(path);
      this.onDamaged(basename(path));
      return new JournalFile(this.driver, path);
    }
  }
}

function setAside(path: string): void {
  const aside = join(dirname(path), `${basename(path)}.damaged-${Date.now()}`);
  renameSync(path, aside);
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
}
