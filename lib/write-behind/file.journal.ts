import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Codec } from '../codec/codec.js';
import { CacheBackendError, CacheOptionsError } from '../errors/cache.errors.js';
import type { SqliteDriver } from '../stores/file/sqlite.js';
import { threadFlags } from '../support/thread-flags.js';
import type { Journal, JournalRow } from './journal.js';
import type { Change, FileRow } from './journal-file.js';
import type { JournalMessage, JournalRequest, JournalWorkerOptions } from './journal.worker.js';
import type { PendingWrite } from './write-queue.js';

/** What a journal in files is given. */
export interface FileJournalOptions {
  readonly driver: SqliteDriver;
  readonly directory: string;
  /** Tells the journals of different caches in one directory apart. */
  readonly scope: string;
  /** How writes become bytes, encrypted where the cache is. */
  readonly codec: Codec;
  /** Told what could not be read, and why it matters. */
  readonly onTrouble: (message: string) => void;
}

interface Asked {
  readonly request: JournalRequest;
  readonly resolve: (rows: readonly FileRow[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Waiting {
  readonly change: Change;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Accepted writes in SQLite files, one for each process, written by a thread: what is asked for while a transaction
 * is under way goes into the next one. A write that was acknowledged survives the process and the power.
 */
export class FileJournal implements Journal {
  readonly lasts = true;
  #worker: Worker | undefined;
  /** Under way, in the order of the answers. */
  readonly #asked: Asked[] = [];
  readonly #waiting: Waiting[] = [];
  /** Whether changes are under way. */
  #busy = false;
  #onFound: (rows: readonly JournalRow[]) => void = () => {};
  #closed = false;

  constructor(private readonly options: FileJournalOptions) {}

  put(queue: string, write: PendingWrite): Promise<void> {
    try {
      const bytes = this.options.codec.encode(write, placeOf(queue, write.id));
      return this.#change({ op: 'put', id: write.id, queue, bytes });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  handOut(ids: readonly string[]): Promise<void> {
    return this.#change({ op: 'handOut', ids });
  }

  remove(ids: readonly string[]): Promise<void> {
    return this.#change({ op: 'remove', ids });
  }

  /** @throws {CacheOptionsError} where the directory cannot be used */
  async open(onFound: (rows: readonly JournalRow[]) => void): Promise<readonly JournalRow[]> {
    this.#onFound = onFound;
    try {
      return this.#read(await this.#ask({ kind: 'open' }));
    } catch (cause) {
      const { directory } = this.options;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CacheOptionsError(
        `BlossomCacheModule: writeBehind.dir must be a directory that can be written: ${directory}: ${reason}`,
        { cause },
      );
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const last = this.#busy ? this.remove([]).catch(() => {}) : undefined;
    this.#closed = true;
    await last;
    if (this.#worker !== undefined) await this.#ask({ kind: 'close' });
  }

  #change(change: Change): Promise<void> {
    if (this.#closed) return Promise.reject(failed('it is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      this.#flush();
    });
  }

  /** Sends what waits, once the thread is free and all who ask at this moment have done so. */
  #flush(): void {
    if (this.#busy || this.#waiting.length === 0) return;
    this.#busy = true;
    queueMicrotask(() => void this.#send(this.#waiting.splice(0)));
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#ask({ kind: 'apply', changes: batch.map(({ change }) => change) });
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#busy = false;
    this.#flush();
  }

  #ask(request: JournalRequest): Promise<readonly FileRow[]> {
    return new Promise((resolve, reject) => {
      try {
        const worker = this.#thread();
        worker.postMessage(request);
        worker.ref();
        this.#asked.push({ request, resolve, reject });
      } catch (error) {
        reject(failed(error instanceof Error ? error.message : String(error)));
      }
    });
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { driver, directory, scope } = this.options;
    const name = `blossom-write-behind-v1-${createHash('sha256').update(scope).digest('hex').slice(0, 12)}`;
    const workerData: JournalWorkerOptions = { driver, directory, name };
    const worker = new Worker(new URL('./journal.worker.js', import.meta.url), { execArgv: threadFlags(), workerData });
    worker.on('message', (message: JournalMessage) => this.#receive(message));
    worker.on('error', (error) => this.#lost(worker, error));
    worker.on('exit', () => this.#lost(worker, new Error('the thread has ended')));
    return (this.#worker = worker);
  }

  #receive(message: JournalMessage): void {
    if (message.kind === 'found') return this.#onFound(this.#read(message.rows));
    if (message.kind === 'damaged') {
      return this.options.onTrouble(`${message.file} is damaged and was set aside: what was written in it may be lost`);
    }
    const asked = this.#asked.shift();
    if (this.#asked.length === 0) this.#worker?.unref();
    if (message.kind === 'done') asked?.resolve(message.rows);
    else asked?.reject(failed(message.message));
  }

  /** The thread is gone; the next request starts another. */
  #lost(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { request, resolve, reject } of this.#asked.splice(0)) {
      if (request.kind === 'close') resolve([]);
      else reject(failed(error.message));
    }
  }

  /** What cannot be read stays in the journal: a key that is missing now may be there again later. */
  #read(rows: readonly FileRow[]): readonly JournalRow[] {
    const read: JournalRow[] = [];
    for (const { id, queue, handed, bytes } of rows) {
      try {
        const write = this.options.codec.decode(bytes, placeOf(queue, id)) as PendingWrite;
        read.push({ queue, handed, write });
      } catch {
        this.options.onTrouble(
          'holds writes that cannot be read, altered or encrypted under another key: they stay there',
        );
      }
    }
    return read;
  }
}

function placeOf(queue: string, id: string): { namespace: string; key: string } {
  return { namespace: `write-behind:${queue}`, key: id };
}

function failed(message: string): CacheBackendError {
  return new CacheBackendError(`the write-behind journal cannot be written: ${message}`, { operation: 'writeBehind' });
}
