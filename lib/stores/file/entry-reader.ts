import { CacheBackendError } from '../../errors/cache.errors.js';
import type { RawEntry } from './commands.js';
import { Connection } from './connection.js';
import type { DatabaseFile } from './database-file.js';
import { LeaseTable } from './lease-table.js';
import { storedName } from './names.js';
import type { StampedTag } from './record.js';
import { DamagedDatabaseError, type ConnectionOptions } from './schema.js';
import { SpaceTable } from './space-table.js';
import { failureOf } from './sqlite.js';
import type { Statements } from './statements.js';
import { TagTable } from './tag-table.js';

/** How a reader is set up. */
export interface ReaderOptions extends ConnectionOptions {
  readonly scope: string;
  /**
   * Milliseconds for which it may go unnoticed that another process has changed the database, where its entries
   * are kept elsewhere, or that another file was put in its place.
   */
  readonly notice: number;
}

/** Attempts to read while another process recovers or closes the database. */
const ATTEMPTS = 3;

/** Reads the database on the main thread: readers of a write-ahead log wait for nobody. */
export class EntryReader {
  #open: OpenReader | undefined;
  #looked = -Infinity;
  #dataVersion = 0;
  #epoch = 0;
  /** Why there is nothing to read from, where it is not that there is no file. */
  #problem: unknown;
  #closed = false;

  constructor(
    private readonly file: DatabaseFile,
    private readonly options: ReaderOptions,
    /** The file with this identity cannot be read. */
    private readonly onDamage: (identity: string) => void,
  ) {}

  /** Opens the database, and makes it where there is none; one that is damaged is reported. */
  start(): void {
    try {
      this.file.create();
      this.#connect(this.options.busyTimeout);
    } catch (error) {
      if (!(error instanceof DamagedDatabaseError)) throw error;
      this.#letGo(error);
    }
  }

  find(space: string, key: string): RawEntry | undefined {
    return this.#read(({ sql }) => sql.row<RawEntry>(FIND, storedName(key), this.options.scope + space));
  }

  /** As `find`, without the value. */
  findHead(space: string, key: string): Omit<RawEntry, 'value'> | undefined {
    return this.#read(({ sql }) =>
      sql.row<Omit<RawEntry, 'value'>>(FIND_HEAD, storedName(key), this.options.scope + space),
    );
  }

  /** As {@link TagTable.invalidated}. */
  invalidated(stamped: readonly StampedTag[]): ReturnType<TagTable['invalidated']> {
    return stamped.length === 0 ? undefined : this.#read(({ tags }) => tags.invalidated(stamped));
  }

  /** Whether whoever has this lease is still to be waited for. */
  isLoading(space: string, key: string, token: number): boolean {
    const loading = this.#read(({ spaces, leases }) => {
      const id = spaces.lookUp(space);
      return id !== undefined && leases.loading({ space: id, key }) === token;
    });
    return loading === true;
  }

  /** Whether a lease holds for a value that carries these tags. */
  leaseHolds(space: string, key: string, token: number, tags: readonly string[]): boolean {
    const holds = this.#read(({ spaces, leases }) => {
      const id = spaces.lookUp(space);
      return id !== undefined && leases.holds({ space: id, key }, token, tags);
    });
    return holds === true;
  }

  /** Counts the moments at which something in the database was seen to have changed, a little late: see `notice`. */
  epoch(): number {
    const now = performance.now();
    if (this.#closed || now - this.#looked <= this.options.notice) return this.#epoch;
    this.#looked = now;
    try {
      this.#look();
    } catch (error) {
      this.#letGo(error);
    }
    return this.#epoch;
  }

  /** Something was changed by this process: the next {@link epoch} looks again. */
  expire(): void {
    this.#looked = -Infinity;
  }

  /** Reads nothing any more. */
  close(): void {
    this.#closed = true;
    this.#disconnect();
  }

  #disconnect(): void {
    const open = this.#open;
    this.#open = undefined;
    this.#epoch += 1;
    try {
      open?.connection.close();
    } catch {
      // A file that is damaged or gone is let go all the same.
    }
  }

  #look(): void {
    if (this.#open?.connection.identity !== this.file.identity()) this.#reconnect();
    if (this.#open === undefined) return;
    const dataVersion = this.#open.sql.row<{ data_version: number }>('PRAGMA data_version')!.data_version;
    if (dataVersion !== this.#dataVersion) this.#epoch += 1;
    this.#dataVersion = dataVersion;
  }

  /** The file is gone or was replaced; where it is gone, whoever writes next makes it. */
  #reconnect(): void {
    this.#disconnect();
    if (this.file.identity() !== undefined) this.#connect(0);
  }

  /** @param busyTimeout milliseconds for which the thread may be held up */
  #connect(busyTimeout: number): void {
    const connection = new Connection(this.file, { ...this.options, busyTimeout });
    connection.sql.db.exec('PRAGMA query_only = ON');
    this.#open = new OpenReader(connection, this.options.scope);
    this.#problem = undefined;
  }

  /**
   * Undefined where there is nothing to read from.
   * @throws {CacheBackendError}
   */
  #read<T>(query: (open: OpenReader) => T): T | undefined {
    if (this.#closed) throw new CacheBackendError('the cache is closed');
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.epoch();
        if (this.#open !== undefined) return query(this.#open);
        break;
      } catch (cause) {
        const failure = failureOf(cause);
        if (failure === 'busy' && attempt < ATTEMPTS) continue;
        this.#letGo(cause);
        break;
      }
    }
    if (this.#problem === undefined) return undefined;
    throw new CacheBackendError('the cache directory cannot be read', { cause: this.#problem });
  }

  /** Whatever is the matter with the file, it is opened anew before the next read. */
  #letGo(cause: unknown): void {
    const identity = this.#open?.connection.identity ?? this.file.identity();
    this.#disconnect();
    const damaged = failureOf(cause) === 'damaged' || cause instanceof DamagedDatabaseError;
    this.#problem = damaged ? undefined : cause;
    if (damaged && identity !== undefined) this.onDamage(identity);
  }
}

class OpenReader {
  readonly spaces: SpaceTable;
  readonly tags: TagTable;
  readonly leases: LeaseTable;
  readonly sql: Statements;

  constructor(
    readonly connection: Connection,
    scope: string,
  ) {
    const { sql } = connection;
    this.sql = sql;
    this.spaces = new SpaceTable(sql, scope);
    this.tags = new TagTable(sql, scope);
    this.leases = new LeaseTable(sql, this.tags, 0);
  }
}

const JOINED = 'FROM spaces s JOIN entries e ON e.space = s.id AND e.key = ? WHERE s.name = ?';
const FIND = `SELECT e.id AS id, e.space AS space, e.head AS head, e.value AS value ${JOINED}`;
const FIND_HEAD = `SELECT e.id AS id, e.space AS space, e.head AS head ${JOINED}`;
