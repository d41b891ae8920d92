import { Worker } from 'node:worker_threads';
import type { Payload } from '../../codec/codec.js';
import { CacheBackendError } from '../../errors/cache.errors.js';
import type { Clock } from '../../support/clock.js';
import { threadFlags } from '../../support/thread-flags.js';
import type {
  Command,
  Due,
  FromWriter,
  Notice,
  PackedDraft,
  Reply,
  Request,
  Results,
  Terms,
  WriterOptions,
} from './commands.js';

/** Bytes and commands of one transaction at most, but for a single larger value. */
const BATCH_BYTES = 262_144;
const BATCH_COMMANDS = 512;

/** A command as it is asked for: its value is not yet part of a batch's bytes. */
export type Asked<C extends Command = Command> = C extends { draft: PackedDraft }
  ? Omit<C, 'draft'> & { readonly draft: Terms & { readonly payload: Payload } }
  : C;

/** What a queue asks and tells its store. */
export interface WriteHooks {
  /** Uses that can be written with the next batch. */
  readonly uses: () => readonly (readonly [id: number, times: number])[];
  readonly notice: (notice: Notice) => void;
  /** Called before those are told who asked for it. */
  readonly done: (due: Due) => void;
}

interface Waiting {
  readonly asked: Asked;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The way to the writing thread. What is asked for while a batch is under way goes into the next one: one
 * transaction, one message there and one back for all of them.
 */
export class WriteQueue {
  #worker: Worker | undefined;
  #waiting: Waiting[] = [];
  #scheduled = false;
  /** Called with each reply, in order; the thread is busy while there is one. */
  #replies: ((reply: Reply) => void)[] = [];
  #closed = false;

  constructor(
    private readonly options: WriterOptions,
    private readonly clock: Clock,
    private readonly hooks: WriteHooks,
  ) {}

  /** Resolves when the command has been committed. @throws {CacheBackendError} where it could not be. */
  ask<O extends Command['op']>(asked: Asked & { readonly op: O }): Promise<Results[O]> {
    if (this.#closed) return Promise.reject(new CacheBackendError('the cache is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      this.#goOn();
    });
  }

  /** Asks for something that is no part of a batch. */
  async request(kind: 'sweep' | 'measure'): Promise<unknown> {
    return answerOf(await this.#send({ kind, now: this.clock.now() }));
  }

  /** The file with this identity cannot be read. */
  reportDamage(identity: string): void {
    void this.#send({ kind: 'damaged', identity, now: this.clock.now() });
  }

  /** Commits what was asked for, and stops the thread. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#waiting.length > 0 || this.#replies.length > 0) {
      this.#flush();
      // Answered after what was sent before it.
      await this.#send({ kind: 'sweep', now: -Infinity });
    }
    if (this.#worker !== undefined) await this.#send({ kind: 'close', now: this.clock.now() });
  }

  /** Sends what waits, once the thread is free and all who ask at this moment have done so. */
  #goOn(): void {
    if (this.#scheduled || this.#replies.length > 0 || this.#waiting.length === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    if (this.#waiting.length === 0 || this.#replies.length > 0) return;
    const { batch, commands, bytes } = this.#pack();
    const uses = this.hooks.uses();
    if (uses.length > 0) commands.push({ op: 'used', uses });
    void this.#send({ kind: 'batch', now: this.clock.now(), commands, bytes }, [bytes.buffer as ArrayBuffer]).then(
      (reply) => {
        settle(batch, reply);
        this.#goOn();
      },
    );
  }

  /** Takes as much as fits into a batch, with all values in one buffer, which is handed over and not copied. */
  #pack(): { batch: readonly Waiting[]; commands: Command[]; bytes: Uint8Array } {
    let size = 0;
    let count = 0;
    for (const { asked } of this.#waiting) {
      const length = 'draft' in asked ? asked.draft.payload.bytes.length : 0;
      if (count > 0 && (size + length > BATCH_BYTES || count === BATCH_COMMANDS)) break;
      size += length;
      count += 1;
    }
    const batch = this.#waiting.splice(0, count);
    const bytes = new Uint8Array(size);
    let at = 0;
    const commands = batch.map(({ asked }): Command => {
      if (!('draft' in asked)) return asked;
      const { payload, ttl, grace, tags } = asked.draft;
      bytes.set(payload.bytes, at);
      const draft = { ttl, grace, tags, format: payload.format, at, length: payload.bytes.length };
      at += payload.bytes.length;
      return { ...asked, draft } as Command;
    });
    return { batch, commands, bytes };
  }

  /** Never rejects: a thread that cannot be started is a failure like any other. */
  #send(request: Request, transfer: readonly ArrayBuffer[] = []): Promise<Reply> {
    return new Promise((resolve) => {
      try {
        const worker = this.#thread();
        worker.postMessage(request, transfer);
        worker.ref();
        this.#replies.push(resolve);
      } catch (error) {
        resolve(lost(error));
      }
    });
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL('./file.worker.js', import.meta.url), {
      execArgv: threadFlags(),
      workerData: this.options,
    });
    worker.on('message', (message: FromWriter) => this.#receive(message));
    worker.on('error', (error) => this.#lost(worker, error));
    worker.on('exit', () => this.#lost(worker, new Error('the thread has ended')));
    return (this.#worker = worker);
  }

  #receive(message: FromWriter): void {
    if (message.kind === 'left' || message.kind === 'setAside') return this.hooks.notice(message);
    const reply = this.#replies.shift();
    if (message.kind === 'done') this.hooks.done(message.due);
    reply?.(message);
    if (this.#replies.length > 0) return;
    this.#worker?.unref();
    this.#goOn();
  }

  /** The thread is gone; the next request starts another. */
  #lost(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const reply of this.#replies.splice(0)) reply(lost(error));
    this.#goOn();
  }
}

function lost(error: unknown): Reply {
  return { kind: 'failed', failure: 'other', message: error instanceof Error ? error.message : String(error) };
}

function settle(batch: readonly Waiting[], reply: Reply): void {
  if (reply.kind === 'failed') {
    const error = failed(reply);
    for (const { reject } of batch) reject(error);
    return;
  }
  const results = reply.result as never[];
  for (const [index, { resolve }] of batch.entries()) resolve(results[index]!);
}

function answerOf(reply: Reply): unknown {
  if (reply.kind === 'failed') throw failed(reply);
  return reply.result;
}

function failed({ failure, message }: Extract<Reply, { kind: 'failed' }>): CacheBackendError {
  const what = { busy: 'is locked by another process', full: 'has no room left', damaged: 'is damaged', other: 'cannot be written' }; // prettier-ignore
  return new CacheBackendError(`the cache directory ${what[failure]}: ${message}`, { timedOut: failure === 'busy' });
}
