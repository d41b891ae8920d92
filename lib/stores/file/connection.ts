import type { CommitMark, DatabaseFile, LastCommit } from './database-file.js';
import { DamagedDatabaseError, openDatabase, type ConnectionOptions } from './schema.js';
import { Statements } from './statements.js';

/** A connection to the database that lies in a directory now. */
export class Connection {
  /** Tells its file from one that is put in its place. */
  readonly identity: string;
  readonly sql: Statements;
  readonly #mark: CommitMark;
  /** The number that this database has and no other. */
  readonly #database: number;

  /** @throws {DamagedDatabaseError} where the file holds something else, or lacks commits that were acknowledged */
  constructor(file: DatabaseFile, options: ConnectionOptions) {
    file.assertFile();
    this.identity = file.identity() ?? '';
    this.#mark = file.openMark();
    try {
      // Before the database: others go on committing.
      const last = this.#mark.read();
      this.sql = new Statements(openDatabase(file.path, options));
      try {
        this.sql.db.exec('PRAGMA busy_timeout = 0');
        this.#database = this.number('database');
        if (last !== undefined) this.#compare(last);
      } catch (error) {
        this.sql.db.close();
        throw error;
      }
    } catch (error) {
      this.#mark.close();
      throw error;
    }
  }

  /** A number that concerns the database as a whole. */
  number(name: 'commits' | 'age' | 'database'): number {
    const row = this.sql.row<{ value: number }>('SELECT value FROM meta WHERE name = ?', name);
    if (typeof row?.value !== 'number') throw new DamagedDatabaseError('its numbers are missing');
    return row.value;
  }

  /** Notes that this commit has been made. */
  committed(commits: number): void {
    this.#mark.write({ commits, database: this.#database });
  }

  close(): void {
    this.#mark.close();
    this.sql.db.close();
  }

  #compare(last: LastCommit): void {
    if (this.#database !== last.database) throw new DamagedDatabaseError('it is another one than before');
    if (!(this.number('commits') >= last.commits)) throw new DamagedDatabaseError('its last commits are missing');
  }
}
