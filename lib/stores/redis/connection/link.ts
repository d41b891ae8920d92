import { CacheBackendError } from '../../../errors/cache.errors.js';
import type { Awaitable } from '../../../support/awaitable.js';
import { impatiently } from './patience.js';
import { failureOf, type Session, type SessionEnd } from './session.js';

/** Milliseconds before the second attempt to connect; each one after it waits twice as long. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;
/** Milliseconds before a server that did not answer in time is tried again. */
const AFTER_SILENCE = 250;
/** Milliseconds for which a session has to last for its end to be an accident. */
const LASTING = 1_000;

const CLOSED: SessionEnd = { timedOut: false, reason: 'the connection to the Redis server was closed' };

/** Opens a session; told what to call at its end, and that nobody needs it any more. */
export type Open = (onEnd: (end: SessionEnd) => void, unwanted: AbortSignal) => Promise<Session>;

/**
 * Keeps a session with one server. When it is lost, those who need it wait for the first attempt to get another, for as
 * long as they would for an answer; after that they are refused at once until there is one.
 */
export class Link {
  #session: Session | undefined;
  #opening: Promise<Session> | undefined;
  #failure = new CacheBackendError('there is no connection to the Redis server yet');
  #pause = FIRST_PAUSE;
  #since = 0;
  #retry: NodeJS.Timeout | undefined;
  readonly #closing = new AbortController();

  constructor(
    private readonly open: Open,
    /** Milliseconds. */
    private readonly patience: number,
    /** Called when a session was lost, or none could be opened. */
    private readonly onTrouble: () => void = () => {},
  ) {
    this.#connect(true);
  }

  /** @throws {CacheBackendError} if there is none and none is expected. */
  get session(): Awaitable<Session> {
    if (this.#session !== undefined) return this.#session;
    if (this.#opening !== undefined) return this.#opening;
    throw this.#failure;
  }

  /** The session, where there is one at this moment. */
  get current(): Session | undefined {
    return this.#session;
  }

  /** Ends the session, to look for the server anew. */
  renew(reason: string): void {
    this.#session?.end({ timedOut: false, reason });
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#retry);
    this.#session?.end(CLOSED);
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  #connect(patient: boolean): void {
    this.#retry = undefined;
    const opening = this.open((end) => this.#lost(end), this.#closing.signal);
    if (patient) this.#opening = this.#withPatience(opening);
    opening.then(
      (session) => this.#opened(session),
      (error: unknown) => this.#refused(error),
    );
  }

  #opened(session: Session): void {
    this.#opening = undefined;
    if (this.#closed) {
      session.end(CLOSED);
      return;
    }
    this.#since = performance.now();
    if (session.live) this.#session = session;
  }

  #refused(error: unknown): void {
    this.#opening = undefined;
    this.#failure = error instanceof CacheBackendError ? error : unreachable(error);
    this.#connectLater(this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    this.onTrouble();
  }

  #lost(end: SessionEnd): void {
    this.#session = undefined;
    this.#failure = failureOf(end);
    if (this.#closed) return;
    const lasted = performance.now() - this.#since > LASTING;
    if (lasted) this.#pause = FIRST_PAUSE;
    if (end.timedOut) this.#connectLater(AFTER_SILENCE);
    else if (lasted) this.#connect(true);
    else this.#connectLater(this.#pause);
    this.onTrouble();
  }

  #connectLater(pause: number): void {
    if (this.#closed) return;
    // Not all processes at the same moment.
    const jittered = pause * (0.75 + Math.random() / 2);
    this.#retry = setTimeout(() => this.#connect(false), jittered).unref();
  }

  #withPatience(opening: Promise<Session>): Promise<Session> {
    let stop = (): void => {};
    const late = new Promise<never>((_, reject) => {
      stop = impatiently(this.patience, () => {
        this.#opening = undefined;
        this.#failure = new CacheBackendError('the Redis server does not answer', { timedOut: true });
        reject(this.#failure);
      });
    });
    const waited = Promise.race([opening, late]).finally(() => stop());
    waited.catch(() => {});
    return waited;
  }
}

function unreachable(cause: unknown): CacheBackendError {
  return new CacheBackendError('the Redis server cannot be reached', { cause });
}
