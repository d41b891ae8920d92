import { CacheBackendError, CacheError } from '../../errors/cache.errors.js';
import { schedule, type Clock } from '../../support/clock.js';
import type { ForeignBackend, ForeignKind } from './foreign.backend.js';
import { Trip, type Route } from './trip.js';

/** Calls without an answer, from operations that are over, beyond which nothing more is asked until some settle. */
const MOST_LEFT = 1_000;

/**
 * The way to somebody else's store. An operation ends when its time is over, and when the store announces a failure
 * meanwhile: there are stores that answer `undefined` then. Which operation failed it does not say, so all do that
 * are under way.
 */
export class Wire implements Route {
  readonly backend: Promise<ForeignBackend>;
  readonly #trips = new Set<Trip>();
  #silence: (() => void) | undefined;
  #left = 0;
  #closed = false;

  /** @param timeout milliseconds that an operation may take */
  constructor(
    private readonly kind: ForeignKind,
    backend: Promise<ForeignBackend>,
    private readonly timeout: number,
    private readonly clock: Clock,
  ) {
    this.backend = backend.then((there) => {
      if (!this.#closed) this.#silence = there.listen((error) => this.#announced(error));
      return there;
    });
    this.backend.catch(() => {});
  }

  /** Carries out `work`; rejects with a `CacheBackendError` where the store does not do its part in time. */
  async run<T>(operation: string, work: (trip: Trip) => Promise<T>): Promise<T> {
    if (this.#closed) throw this.#error('the cache is closed', { operation });
    if (this.#left >= MOST_LEFT) throw this.#error(`${this.#left} calls are unanswered`, { operation, timedOut: true });
    const trip = new Trip(this);
    const late = (): void =>
      trip.end(this.#error(`no answer within ${this.timeout} ms`, { operation, timedOut: true }));
    const cancel = schedule(this.clock, this.timeout, late);
    this.#trips.add(trip);
    try {
      return await work(trip);
    } finally {
      cancel();
      this.#trips.delete(trip);
      // Where a part of it failed, the other parts may be about to ask for more.
      trip.end(this.#error('the operation is over', { operation }));
    }
  }

  failure(cause: unknown): CacheError {
    return cause instanceof CacheError ? cause : this.#error(`the store failed${codeOf(cause)}`, { cause });
  }

  left(change: number): void {
    this.#left += change;
  }

  /** Listens to the store no longer; what is under way fails. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#silence?.();
    this.#silence = undefined;
    this.#endAll(this.#error('the cache is closed'));
  }

  #announced(cause: unknown): void {
    // Something that cannot be parsed says nothing about the store.
    if (!(cause instanceof SyntaxError)) this.#endAll(this.failure(cause));
  }

  #endAll(error: CacheError): void {
    for (const trip of this.#trips) trip.end(error);
  }

  #error(what: string, about: { cause?: unknown; operation?: string; timedOut?: boolean } = {}): CacheBackendError {
    return new CacheBackendError(`backend '${this.kind}': ${what}`, about);
  }
}

/** The code of an error, such as `ECONNREFUSED`; its message may name keys. */
function codeOf(cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? ` (${code})` : '';
}
