import type { CacheEvents } from '../events/cache-events.js';
import { CacheSerializationError } from '../errors/cache.errors.js';
import type { Lease, LeaseBusy, LeasePurpose, StoreSpace } from '../stores/store.js';
import { after, isPromise, type Awaitable } from '../support/awaitable.js';
import type { Clock } from '../support/clock.js';
import { assertStorable } from './arguments.js';
import { loadTags, type DraftPolicy, type GetOrSetOptions } from './call-options.js';
import { ABSENT, Flight, type Landing, type Moment } from './flight.js';
import type { LoadContext } from './load-context.js';
import { LoadScope } from './load-scope.js';

/** What runs when a value is missing. */
export type Loader<T = unknown> = (context: LoadContext) => T | PromiseLike<T>;

/** One load as it was asked for. */
export interface LoadRequest {
  readonly key: string;
  readonly loader: Loader;
  readonly options: GetOrSetOptions;
  readonly drafts: DraftPolicy;
  /** How errors name the call. */
  readonly operation: string;
}

/** What all loads of one cache share. */
export interface LoadEnvironment {
  readonly clock: Clock;
  readonly events: CacheEvents;
  /** How many changes (writes, deletes, clears, invalidations) this process has made. */
  readonly changes: { count: number };
  /** Whether other processes make changes too. */
  readonly shared: boolean;
}

/**
 * Loads the missing entries of one namespace: each once for all who ask at the same time, and each under a
 * lease, so that a value whose load began before a change of its entry is never stored. Where the store
 * answers at once, the loader has been called when `load` returns.
 */
export class SingleFlight {
  readonly #flights = new Map<string, Flight>();
  #order = 0;

  constructor(
    readonly store: StoreSpace,
    readonly namespace: string,
    private readonly env: LoadEnvironment,
  ) {}

  /** Loads under way. */
  get size(): number {
    return this.#flights.size;
  }

  /** Joins the load of this key, or begins one. */
  async load(request: LoadRequest, called: Moment = this.#now()): Promise<Landing> {
    const { key, options } = request;
    if (options.signal?.aborted === true) throw options.signal.reason;
    LoadScope.current()?.refuseRecursion(this, key);
    const current = options.forceFresh === true ? undefined : this.#flights.get(key);
    if (current === undefined) return this.#begin(request);
    const joinable = current.joinable();
    if (!isPromise(joinable)) return joinable ? this.#join(current, request, called) : this.#begin(request);
    return joinable.then((yes) => {
      if (yes) return this.#join(current, request, called);
      return this.#flights.get(key) === current ? this.#begin(request) : this.load(request, called);
    });
  }

  /**
   * Runs a write under a fence and stores what it returns. If anything else happened to the entry meanwhile,
   * nobody can say which came last: the entry is removed.
   */
  async write(request: LoadRequest): Promise<Landing> {
    const { key } = request;
    const flight = new Flight(
      () => false,
      this.#now(),
      () => {},
    );
    const tags = loadTags(request.options.tags, request.operation);
    const leased = this.store.lease(key, tags, 'write');
    const lease = isPromise(leased) ? await leased : leased;
    if (!('commit' in lease)) throw new TypeError('a store must grant a write lease to whoever asks');
    flight.lease = lease;
    try {
      const landing = await this.#runUnderLease(flight, request, tags);
      if (landing.fenced || landing.unstored !== undefined || landing.personal === true) await this.store.remove(key);
      return landing;
    } finally {
      flight.scope.end();
      this.env.changes.count += 1;
    }
  }

  #begin(
    request: LoadRequest,
    purpose: LeasePurpose = request.options.forceFresh === true ? 'refresh' : 'load',
  ): Promise<Landing> {
    const { key } = request;
    const flight = new Flight(
      (space, other) => space === this && other === key,
      this.#now(),
      (abandoned) => {
        this.#leave(abandoned, key);
        Promise.resolve(abandoned.letGo()).catch(() => {});
      },
    );
    this.#flights.set(key, flight);
    const landing = settled(() => this.#fly(flight, request, purpose)).finally(() => {
      flight.scope.end();
      this.#leave(flight, key);
    });
    flight.lands(landing);
    return this.#wait(flight, request.options.signal);
  }

  #leave(flight: Flight, key: string): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }

  async #join(flight: Flight, request: LoadRequest, called: Moment): Promise<Landing> {
    const joined = this.env.changes.count;
    const landing = await this.#wait(flight, request.options.signal);
    if (this.#mayMissAChange(flight, landing, called, joined)) return this.load(request, called);
    return landing.personal === true ? this.#begin(request, 'refresh') : landing;
  }

  /** Whether a change before the call, but during the load that it joined, could be missing from the value. */
  #mayMissAChange(flight: Flight, landing: Landing, called: Moment, joined: number): boolean {
    if (flight.began.order > called.order) return false;
    if (!landing.fenced && landing.found !== true) return false;
    return this.env.shared || joined !== flight.began.changes;
  }

  #now(): Moment {
    this.#order += 1;
    return { order: this.#order, changes: this.env.changes.count };
  }

  #wait(flight: Flight, signal: AbortSignal | undefined): Promise<Landing> {
    const done = LoadScope.current()?.waitFor(flight.scope);
    const landing = flight.attend(signal);
    return done === undefined ? landing : landing.finally(done);
  }

  #fly(flight: Flight, request: LoadRequest, purpose: LeasePurpose): Awaitable<Landing> {
    const tags = loadTags(request.options.tags, request.operation);
    return after(this.store.lease(request.key, tags, purpose), (answer): Awaitable<Landing> => {
      if ('entry' in answer) return { value: answer.entry.value, fenced: false, found: true };
      if (flight.abandoned) return this.#ground(answer);
      // Somebody else loads this key: when they are done there may be an entry.
      if ('freed' in answer) return answer.freed.then(() => this.#fly(flight, request, purpose));
      flight.lease = answer;
      return this.#runUnderLease(flight, request, tags);
    });
  }

  /** Nobody waits any more for a load that has not begun. */
  #ground(answer: Lease | LeaseBusy): Awaitable<Landing> {
    const grounded = { value: undefined, fenced: true };
    return 'commit' in answer ? after(answer.release(), () => grounded) : grounded;
  }

  #runUnderLease(flight: Flight, request: LoadRequest, tags: readonly string[]): Promise<Landing> {
    const began = this.env.clock.now();
    const about = { namespace: this.namespace, key: request.key };
    const took = (): number => this.env.clock.now() - began;
    return settled(() => flight.scope.run(() => request.loader(flight.context)) as Awaitable<unknown>).then(
      (value) => {
        this.env.events.emit('load', { ...about, ms: took() });
        return this.#land(flight, request, value, tags);
      },
      async (error: unknown) => {
        this.env.events.emit('loadFailure', { ...about, ms: took() });
        await flight.letGo();
        throw error;
      },
    );
  }

  async #land(flight: Flight, request: LoadRequest, value: unknown, tags: readonly string[]): Promise<Landing> {
    const { said } = flight.context;
    if (said.skipped || said.personal || value === ABSENT || flight.abandoned) {
      return { value, personal: said.personal, fenced: !(await flight.letGo()) };
    }
    try {
      assertStorable(value, request.operation);
      const all = said.tags.length === 0 ? tags : [...new Set([...tags, ...said.tags])];
      const draft = request.drafts.draft(value, said.ttl ?? request.options.ttl, all, request.operation);
      const stored = await flight.lease!.commit(draft);
      if (!stored) this.env.events.emit('fenced', { namespace: this.namespace, key: request.key });
      return { value, fenced: !stored };
    } catch (unstored) {
      await flight.letGo();
      // A stream, say, is for one reader.
      return { value, unstored, personal: unstored instanceof CacheSerializationError, fenced: true };
    }
  }
}

/** The outcome of `run` as a promise, whether it answers, throws, or promises. */
function settled<T>(run: () => Awaitable<T>): Promise<T> {
  try {
    return Promise.resolve(run());
  } catch (error) {
    return Promise.reject(error);
  }
}
