import { CacheBackendError } from '../../errors/cache.errors.js';
import { isPromise, type Awaitable } from '../../support/awaitable.js';
import type { Command, Reply } from './connection/redis-client.js';
import type { ReplyShape } from './connection/reply-shape.js';
import { ServerError } from './connection/server-error.js';
import type { Servers } from './connection/servers.js';
import type { Session } from './connection/session.js';
import { ReadBatch } from './read-batch.js';
import type { Script } from './scripts.js';
import type { Tracking, Watch } from './tracking.js';

/** What was read, and whether it still is so. */
export interface Tracked {
  readonly reply: Reply;
  /** Undefined for a key that is just being moved: it is good once. */
  readonly watch: Watch | undefined;
  readonly session: Session;
}

/** What several keys had. */
export interface TrackedMany {
  readonly replies: readonly Reply[];
  readonly watches: readonly Watch[] | undefined;
  readonly session: Session;
}

/** What is made of what was read. */
export type Reading<T> = (reply: Reply, watch: Watch | undefined, session: Session) => Awaitable<T>;

export type Failing<T> = (error: unknown) => Awaitable<T>;

/** How often a command is sent on to where the servers say that its key is. */
const REDIRECTIONS = 5;
const CACHING = ['CLIENT', 'CACHING', 'YES'] as const;

/** Sends each command to the server that has its key. All commands reject with {@link CacheBackendError} alone. */
export class Commands {
  #gathering: ReadBatch | undefined;
  /** Whether a read is under way that was sent by itself. */
  #alone = false;
  /** Whether reads come together: then the next one waits for its turn of the event loop to end, for company. */
  #crowded = false;

  constructor(
    readonly servers: Servers,
    private readonly tracking: Tracking,
  ) {}

  /** Whether keys may lie on different servers, so that nothing can be done with two of them at once. */
  get split(): boolean {
    return this.servers.split;
  }

  async send(name: string, command: Command, shape?: ReplyShape): Promise<Reply> {
    const session = await this.servers.session(name);
    try {
      return await session.send(command, shape);
    } catch (error) {
      return (await this.#again(name, command, session, error, false, shape)).reply;
    }
  }

  /** Reads a key; changes are announced from now on if `announced`, and if the server can. */
  read(name: string, announced: boolean): Promise<Tracked> {
    return this.readThen(name, announced, (reply, watch, session) => ({ reply, watch, session }));
  }

  /** As {@link read}, going on with one of these in the same step. */
  readThen<T>(name: string, announced: boolean, done: Reading<T>, failed: Failing<T> = rethrown): Promise<T> {
    let session: Awaitable<Session>;
    try {
      session = this.servers.session(name);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return isPromise(session)
      ? session.then((ready) => this.#read(name, announced, ready, done, failed))
      : this.#read(name, announced, session, done, failed);
  }

  /** Reads keys that lie on one server, with one command. */
  async readTogether(names: readonly string[], announced: boolean): Promise<TrackedMany> {
    const session = await this.servers.session(names[0]!);
    const watches = announced ? names.map((name) => this.tracking.watch(session, name)) : undefined;
    if (announced && session.optIn) session.send(CACHING).catch(() => {});
    const replies = (await session.send(['MGET', ...names])) as readonly Reply[];
    if (replies.length !== names.length) throw session.distrust();
    return { replies, watches, session };
  }

  /** @param names the key that decides where it runs, then others that lie there too */
  async run({ sha, text, answers }: Script, names: readonly string[], parameters: Command): Promise<Reply> {
    const rest = [String(names.length), ...names, ...parameters];
    try {
      return await this.send(names[0]!, ['EVALSHA', sha, ...rest], answers);
    } catch (error) {
      if (!(error instanceof ServerError) || error.reply !== 'NOSCRIPT') throw error;
      return this.send(names[0]!, ['EVAL', text, ...rest], answers);
    }
  }

  #read<T>(name: string, announced: boolean, session: Session, done: Reading<T>, failed: Failing<T>): Promise<T> {
    const watch = announced ? this.tracking.watch(session, name) : undefined;
    const gathers = !this.split && !(announced && session.optIn);
    const alone = gathers && !this.#alone && !this.#crowded;
    const onReply = (reply: Reply): Awaitable<T> => {
      if (alone) this.#alone = false;
      return done(reply, watch, session);
    };
    const onError = async (error: unknown): Promise<T> => {
      if (alone) this.#alone = false;
      try {
        const again = await this.#readAgain(name, announced, ['GET', name], session, error);
        return await done(again.reply, again.watch, again.session);
      } catch (final) {
        return failed(final);
      }
    };
    if (gathers && !alone) return this.#batch(session).add(name, onReply, onError);
    this.#alone = alone;
    if (announced && session.optIn) session.send(CACHING).catch(() => {});
    return session.ask(['GET', name], onReply, onError);
  }

  /** The reads of this turn of the event loop. */
  #batch(session: Session): ReadBatch {
    const batch = this.#gathering;
    if (batch?.session === session && !batch.closed) return batch;
    this.#crowded = true;
    return (this.#gathering = new ReadBatch(session, (size) => (this.#crowded = size > 1)));
  }

  /** A read that a lost connection left without an answer can be repeated: it changes nothing. */
  async #readAgain(
    name: string,
    announced: boolean,
    command: Command,
    session: Session,
    error: unknown,
  ): Promise<Tracked> {
    const lost = error instanceof CacheBackendError && !(error instanceof ServerError) && !error.timedOut;
    if (!lost) return this.#again(name, command, session, error, announced);
    const next = await this.servers.session(name);
    if (next === session) throw error;
    const watch = this.tracking.watch(next, name);
    if (announced && next.optIn) next.send(CACHING).catch(() => {});
    return { reply: await next.send(command), watch, session: next };
  }

  /** After an error: sends it to where it has to go, if that is all that is wrong. */
  async #again(
    name: string,
    command: Command,
    session: Session,
    error: unknown,
    announced = false,
    shape?: ReplyShape,
  ): Promise<Tracked> {
    let last = error;
    let at = session;
    for (let i = 0; i < REDIRECTIONS; i += 1) {
      const next = last instanceof ServerError ? await this.servers.redirect(name, last, at) : undefined;
      if (next === undefined) throw last;
      at = next.session;
      const watch = next.asking ? undefined : this.tracking.watch(at, name);
      if (next.asking) at.send(['ASKING']).catch(() => {});
      else if (announced && at.optIn) at.send(CACHING).catch(() => {});
      try {
        return { reply: await at.send(command, shape), watch, session: at };
      } catch (failure) {
        last = failure;
      }
    }
    throw last;
  }
}

function rethrown(error: unknown): never {
  throw error;
}
