import { CacheBackendError } from '../../../errors/cache.errors.js';
import type { Awaitable } from '../../../support/awaitable.js';
import type { Clock } from '../../../support/clock.js';
import type { Command, RedisClient, Reply } from './redis-client.js';
import { fits, shapeOf, type ReplyShape } from './reply-shape.js';
import { isServerAnswer, ServerError } from './server-error.js';
import type { ServerTime } from './server-time.js';
import { Supervision } from './supervision.js';

/** How a session ended. */
export interface SessionEnd {
  /** Whether the server did not answer in time. */
  readonly timedOut: boolean;
  readonly reason: string;
}

/** What a session is told about its connection. */
export interface SessionTerms {
  readonly client: RedisClient;
  /** Whether the server announces changes of what was read here. */
  readonly tracked: boolean;
  /** Whether it announces only what was asked for with `CLIENT CACHING YES`. */
  readonly optIn: boolean;
  readonly time: ServerTime;
  /** Milliseconds until an answer. */
  readonly commandTimeout: number;
}

/** A server that has no say any more answers these all the same: they prove nothing. */
const UNKEYED: ReadonlySet<unknown> = new Set(['CLUSTER', 'TIME', 'CLIENT', 'ASKING', 'SCAN']);
/** Values as bytes, and the other texts as they are. */
const AS_BYTES = { typeMapping: { 36: Buffer } };

/**
 * One connection, ready for use, from its beginning to its end: it is never the same again after a failure. A server that
 * does not answer in time ends it, so that nothing that was given up can still take effect over it.
 */
export class Session {
  readonly tracked: boolean;
  readonly optIn: boolean;
  /** A key that was read here. */
  lastRead: string | undefined;
  readonly #client: RedisClient;
  readonly #time: ServerTime;
  readonly #supervision: Supervision;
  #end: SessionEnd | undefined;

  constructor(
    { client, tracked, optIn, time, commandTimeout }: SessionTerms,
    clock: Clock,
    private readonly onEnd: (end: SessionEnd) => void,
  ) {
    this.#client = client;
    this.tracked = tracked;
    this.optIn = optIn;
    this.#time = time;
    this.#supervision = new Supervision(commandTimeout, clock, () =>
      this.end({ timedOut: true, reason: `the Redis server did not answer within ${commandTimeout} ms` }),
    );
  }

  get live(): boolean {
    return this.#end === undefined;
  }

  /** On the cache's clock: the server was there at that time, at the earliest. */
  get provenAt(): number {
    return this.#supervision.provenAt;
  }

  /** Milliseconds that are to be added to the time of the cache's clock to get the server's. */
  get offset(): number {
    return this.#time.offset;
  }

  /** The server's time, in milliseconds since the epoch; if it is not exact, then it is later for the server. */
  get serverNow(): number {
    return this.#time.now;
  }

  /** Asks the server for its time again: its clock may have been set, and this machine may have slept. */
  measureTime(): Promise<void> {
    return this.#time.measure(() => this.send(['TIME']));
  }

  /** @throws {ServerError} for an answer that is an error; any other {@link CacheBackendError} if there is none. */
  send(command: Command, shape?: ReplyShape): Promise<Reply> {
    return this.ask(command, itself, rethrown, shape);
  }

  /** As {@link send}, going on with one of these in the same step. */
  ask<T>(
    command: Command,
    done: (reply: Reply) => Awaitable<T>,
    failed: (error: unknown) => Awaitable<T>,
    shape = shapeOf(command),
  ): Promise<T> {
    if (this.#end !== undefined) return Promise.reject(failureOf(this.#end)).catch(failed);
    const group = this.#supervision.sent();
    return this.#client.sendCommand(command, AS_BYTES).then(
      (reply) => {
        const fitting = fits(reply as Reply, shape);
        this.#supervision.settled(group, fitting && !UNKEYED.has(command[0]!));
        return fitting ? done(reply as Reply) : failed(this.distrust());
      },
      (error: unknown) => {
        this.#supervision.settled(group, false);
        return failed(this.#translated(error));
      },
    );
  }

  /** Idempotent. */
  end(end: SessionEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#supervision.stop();
    destroy(this.#client);
    this.onEnd(end);
  }

  /** After an answer that does not fit: whose it is, and whose the next ones are, nobody knows. */
  distrust(): CacheBackendError {
    const end = { timedOut: false, reason: 'the Redis server does not answer what it is asked' };
    this.end(end);
    return failureOf(end);
  }

  #translated(error: unknown): CacheBackendError {
    if (this.#end !== undefined) return failureOf(this.#end);
    if (isServerAnswer(error)) return new ServerError(error.message, { cause: error });
    const end = { timedOut: false, reason: 'the connection to the Redis server was lost' };
    this.end(end);
    return failureOf(end, error);
  }
}

function itself(reply: Reply): Reply {
  return reply;
}

function rethrown(error: unknown): never {
  throw error;
}

/** Also where it is not, or no longer, open. */
export function destroy(client: RedisClient): void {
  try {
    client.destroy();
  } catch {
    // It was closed already.
  }
}

export function failureOf({ timedOut, reason }: SessionEnd, cause?: unknown): CacheBackendError {
  return new CacheBackendError(reason, { timedOut, ...(cause === undefined ? {} : { cause }) });
}
