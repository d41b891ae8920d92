import { Codec } from '../../codec/codec.js';
import { Sealer } from '../../codec/sealer.js';
import type { FromWriter, Reply, Request, WriterOptions } from './commands.js';
import { DatabaseFile } from './database-file.js';
import { OpenDatabase } from './open-database.js';
import { DamagedDatabaseError, logBytes } from './schema.js';
import { failureOf, type SqliteFailure } from './sqlite.js';

/** Milliseconds for which one request sweeps; a measurement has more, for it must count what is left. */
const SWEEP_TIME = 5;
const MEASURE_TIME = 1_000;
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

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'it is damaged';
}
