import { closeSync, openSync, readSync, renameSync, rmSync, statSync, writeSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../../support/make-directory.js';
import { DamagedDatabaseError, DATABASE_FILE } from './schema.js';

/** The files of one cache directory. Whatever else lies in it is left alone. */
export class DatabaseFile {
  readonly path: string;

  constructor(readonly directory: string) {
    this.path = join(directory, DATABASE_FILE);
  }

  /**
   * Makes the directory and an empty file, where they are missing, for their owner alone; SQLite's other files follow.
   * @throws {DamagedDatabaseError} where there is a directory in its place
   */
  create(): void {
    makeDirectory(this.directory);
    this.assertFile();
    closeSync(openSync(this.path, 'a', 0o600));
  }

  /** @throws {DamagedDatabaseError} where there is a directory in its place */
  assertFile(): void {
    if (this.#stats()?.isDirectory() === true) throw new DamagedDatabaseError('there is a directory in its place');
  }

  /** Tells this file from one that is later put in its place; undefined where there is none. */
  identity(): string | undefined {
    const stats = this.#stats();
    return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
  }

  /** Bytes of the write-ahead log. */
  logBytes(): number {
    return statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /**
   * Moves the database out of the way, in the place of the last one that was moved; whether it did, and nobody else
   * had done so already. The database goes last: what lies at its path afterwards belongs to its successor.
   */
  setAside(identity: string | undefined): boolean {
    if (identity === undefined || this.identity() !== identity) return false;
    const aside = `${this.path}.damaged`;
    for (const suffix of ['', '-wal']) rmSync(aside + suffix, { recursive: true, force: true });
    if (this.logBytes() > 0) renameSync(`${this.path}-wal`, `${aside}-wal`);
    for (const suffix of ['-shm', '-mark']) rmSync(this.path + suffix, { force: true });
    renameSync(this.path, aside);
    return true;
  }

  /** Opens the number of the last commit. */
  openMark(): CommitMark {
    return new CommitMark(`${this.path}-mark`);
  }

  #stats(): Stats | undefined {
    return statSync(this.path, { throwIfNoEntry: false });
  }
}

/** Which commit was the last, and of which database: each has a number of its own. */
export interface LastCommit {
  readonly commits: number;
  readonly database: number;
}

/**
 * The number of the last commit, kept beside the database. SQLite forgets commits without a word when its
 * write-ahead log is truncated or damaged; among them may be deletions. A database that is behind its mark is
 * therefore not used any more.
 */
export class CommitMark {
  readonly #fd: number;
  /** Both numbers, as float64. */
  readonly #bytes = Buffer.alloc(16);

  constructor(path: string) {
    closeSync(openSync(path, 'a', 0o600));
    this.#fd = openSync(path, 'r+');
  }

  /** Undefined where none was written. */
  read(): LastCommit | undefined {
    if (readSync(this.#fd, this.#bytes, 0, 16, 0) < 16) return undefined;
    return { commits: this.#bytes.readDoubleLE(0), database: this.#bytes.readDoubleLE(8) };
  }

  /** Another process may have written a later one already. */
  write({ commits, database }: LastCommit): void {
    const last = this.read();
    if (last?.database === database && last.commits >= commits) return;
    this.#bytes.writeDoubleLE(commits, 0);
    this.#bytes.writeDoubleLE(database, 8);
    writeSync(this.#fd, this.#bytes, 0, 16, 0);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
