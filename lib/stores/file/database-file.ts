import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE_FILE } from './schema.js';

/** The files of one cache directory. Whatever else lies in it is left alone. */
export class DatabaseFile {
  readonly path: string;
  readonly #mark: string;

  constructor(readonly directory: string) {
    this.path = join(directory, DATABASE_FILE);
    this.#mark = `${this.path}-mark`;
  }

  /** Makes the directory and an empty file, where they are missing, for their owner alone; SQLite's other files follow. */
  create(): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    closeSync(openSync(this.path, 'a', 0o600));
  }

  /** Tells this file from one that is later put in its place; undefined where there is none. */
  identity(): string | undefined {
    const found = statSync(this.path, { throwIfNoEntry: false });
    return found === undefined ? undefined : `${found.dev}:${found.ino}`;
  }

  /**
   * Moves the database out of the way, in the place of the last one that was moved; whether it did, and nobody else
   * had done so already.
   */
  setAside(identity: string | undefined): boolean {
    if (identity === undefined || this.identity() !== identity) return false;
    renameSync(this.path, `${this.path}.damaged`);
    for (const suffix of ['-wal', '-shm', '-mark']) rmSync(this.path + suffix, { force: true });
    return true;
  }

  /** Where the number of the last commit is kept: see {@link CommitMark}. */
  openMark(): CommitMark {
    return new CommitMark(this.#mark);
  }
}

/**
 * The number of the last commit, kept beside the database. SQLite forgets commits without a word when its
 * write-ahead log is truncated or damaged; among them may be deletions. A database that is behind its mark is
 * therefore not used any more.
 */
export class CommitMark {
  readonly #fd: number;
  readonly #bytes = new DataView(new ArrayBuffer(8));

  constructor(path: string) {
    this.#fd = openSync(path, 'a+', 0o600);
    closeSync(this.#fd);
    this.#fd = openSync(path, 'r+');
  }

  /** 0 where none was written yet. */
  read(): number {
    const read = readSync(this.#fd, this.#bytes, 0, 8, 0);
    return read === 8 ? this.#bytes.getFloat64(0, true) : 0;
  }

  write(commits: number): void {
    this.#bytes.setFloat64(0, commits, true);
    writeSync(this.#fd, this.#bytes, 0, 8, 0);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
