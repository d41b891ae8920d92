import type { Awaitable } from '../../support/awaitable.js';
import type { Reply } from './connection/redis-client.js';
import type { Session } from './connection/session.js';
import { letGo } from './let-go.js';

/** Keys that one command reads at most. */
const MOST = 64;

/** Somebody who waits for what is under one key, and goes on with one of these. */
class Reader {
  constructor(
    private readonly done: (reply: Reply) => unknown,
    private readonly failed: (error: unknown) => unknown,
    private readonly resolve: (outcome: unknown) => void,
    private readonly reject: (error: unknown) => void,
  ) {}

  answer(reply: Reply): void {
    try {
      this.resolve(this.done(reply));
    } catch (error) {
      this.reject(error);
    }
  }

  fail(failure: unknown): void {
    try {
      this.resolve(this.failed(failure));
    } catch (error) {
      this.reject(error);
    }
  }
}

/**
 * Keys that are asked for in the same turn of the event loop, of one server that has them all: one command reads them, which
 * is less work for everybody than one for each, and later by nothing.
 */
export class ReadBatch {
  readonly #names: string[] = [];
  readonly #readers: Reader[] = [];
  #sent = false;

  constructor(
    readonly session: Session,
    /** Told how many keys it has when it is sent. */
    private readonly onSent: (size: number) => void,
  ) {
    process.nextTick(() => this.#send());
  }

  /** Whether another key would be too late, or too many. */
  get closed(): boolean {
    return this.#sent || this.#names.length === MOST;
  }

  add<T>(name: string, done: (reply: Reply) => Awaitable<T>, failed: (error: unknown) => Awaitable<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#names.push(name);
      this.#readers.push(new Reader(done, failed, resolve as (outcome: unknown) => void, reject));
    });
  }

  #send(): void {
    this.#sent = true;
    const names = this.#names;
    const readers = this.#readers;
    this.onSent(readers.length);
    const failed = (error: unknown): void => {
      for (const reader of readers) reader.fail(error);
      letGo(names, readers);
    };
    const done = (replies: readonly Reply[]): void => {
      if (replies.length !== readers.length) return failed(this.session.distrust());
      for (let i = 0; i < readers.length; i += 1) readers[i]!.answer(replies[i]!);
      letGo(names, readers);
    };
    if (readers.length === 1) void this.session.ask(['GET', names[0]!], (reply) => done([reply]), failed);
    else void this.session.ask(['MGET', ...names], (replies) => done(replies as readonly Reply[]), failed);
  }
}
