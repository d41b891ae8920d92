import type { CacheEvents } from '../../events/cache-events.js';
import type { LoadCall, Tracing } from '../../events/tracing.js';
import { CacheSerializationError } from '../../errors/cache.errors.js';
import { during, errorOf, failing } from '../../errors/error-of.js';
import type { Draft, Entry, Lease, LeaseAnswer, LeaseBusy, LeasePurpose, StoreSpace } from '../../stores/store.js';
import { after, isPromise, type Awaitable } from '../../support/awaitable.js';
import type { Clock } from '../../support/clock.js';
import { assertStorable } from '../arguments.js';
import { BackOff } from './back-off.js';
import { loadTags } from '../call-options.js';
import type { LoadTerms } from '../call-policy.js';
import { ABSENT, Flight, type Landing, type Moment } from './flight.js';
import { isDue, isServable, UNCOUNTED } from '../freshness.js';
import type { LoadContext } from './load-context.js';
import type { LoadRequest } from './load-request.js';
import { LoadScope } from './load-scope.js';
import { isOutcomeUnknown } from '../outcome.js';
import { failed, tooLate, waitFor, type Surroundings } from './patience.js';
import type { Timers } from './timers.js';

/** What all loads of one cache share. */
export interface LoadEnvironment {
  readonly clock: Clock;
  readonly events: CacheEvents;
  readonly timers: Timers;
  readonly tracing: Tracing;
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
  readonly #backOff = new BackOff();
  readonly #around: Surroundings;
  #order = 0;

  constructor(
    readonly store: StoreSpace,
    readonly namespace: string,
    private readonly env: LoadEnvironment,
  ) {
    const { clock, timers } = env;
    this.#around = { store, clock, timers };
  }

  /** Whose entries it loads, for whoever asks whether a loader waits for itself. */
  get origin(): object {
    return this;
  }

  /** Loads under way. */
  get size(): number {
    return this.#flights.size;
  }

  /** Joins the load of this key, or begins one; not for a while after one that failed, where there is something to serve. */
  async load(request: LoadRequest, called: Moment = this.#now()): Promise<Landing> {
    const { key, options } = request;
    if (options.signal?.aborted === true) throw options.signal.reason;
    during(request.operation, () => LoadScope.current()?.refuseRecursion(this.origin, key));
    const served = this.#servedInstead(request);
    if (served !== undefined) return served;
    const current = options.forceFresh === true ? undefined : this.#flights.get(key);
    if (current === undefined) return this.#begin(request);
    const joinable = current.joinable();
    if (!isPromise(joinable)) return joinable ? this.#join(current, request, called) : this.#begin(request);
    return joinable.then((yes) => {
      if (yes) return this.#join(current, request, called);
      return this.#flights.get(key) === current ? this.#begin(request) : this.load(request, called);
    });
  }

  /** Loads an entry anew that is close to its end, unless somebody does already. It is nobody's to wait for. */
  refresh(request: LoadRequest, entry: Entry): void {
    const { key } = request;
    if (this.#flights.has(key) || this.#backOff.holds(key, entry, this.env.clock.now())) {
      request.batch?.without(key);
      return;
    }
    this.env.events.emit('refresh', { namespace: this.namespace, key });
    this.#takeOff(request, 'ahead').goOn();
  }

  /**
   * Runs a write under a fence and stores what it returns. If anything else happened to the entry meanwhile,
   * nobody can say which came last: the entry is removed. So it is where the write failed and may have been done all the
   * same; after any other failure the entry is what it was.
   */
  async write(request: LoadRequest, isUnknown: (error: unknown) => boolean = isOutcomeUnknown): Promise<Landing> {
    const { key, operation } = request;
    const flight = new Flight(
      () => false,
      this.#now(),
      () => {},
    );
    const tags = loadTags(request.options.tags, operation);
    const leased = during(operation, () => this.store.lease(key, tags, 'write'));
    const lease = isPromise(leased) ? await leased.catch(failing(operation)) : leased;
    if (!('commit' in lease)) throw new TypeError('a store must grant a write lease to whoever asks');
    flight.lease = lease;
    try {
      const landing = await this.#runUnderLease(flight, request, tags);
      if (landing.failure !== undefined) {
        if (isUnknown(landing.failure.error)) await this.#removeIfPossible(key);
        throw landing.failure.error;
      }
      if (landing.fenced || landing.unstored !== undefined || landing.personal === true) await this.store.remove(key);
      return landing;
    } finally {
      flight.scope.end();
      this.env.changes.count += 1;
    }
  }

  /** Runs a loader by way of the tracer, if there is one. */
  traced<T>(keys: LoadCall['keys'], operation: string, run: () => Promise<T>): Promise<T> {
    const { tracer } = this.env.tracing;
    return tracer === undefined ? run() : tracer.load({ namespace: this.namespace, operation, keys }, run);
  }

  /** The error that is on its way counts for more than one of the backend, which hears of the removal later. */
  async #removeIfPossible(key: string): Promise<void> {
    try {
      await this.store.remove(key);
    } catch (error) {
      this.env.events.emit('error', { operation: 'write', error });
    }
  }

  #begin(
    request: LoadRequest,
    purpose: LeasePurpose = request.options.forceFresh === true ? 'refresh' : 'load',
  ): Promise<Landing> {
    const flight = this.#takeOff(request, purpose);
    return this.#wait(flight, request).then((landing) => {
      // Its time was over before it could begin.
      return landing.idle === true ? tooLate(request, this.#around) : landing;
    });
  }

  #takeOff(request: LoadRequest, purpose: LeasePurpose): Flight {
    const { key, terms } = request;
    const flight = new Flight(
      (space, other) => space === this.origin && other === key,
      this.#now(),
      (abandoned) => {
        this.#leave(abandoned, key);
        Promise.resolve(abandoned.letGo()).catch(() => {});
      },
    );
    this.#flights.set(key, flight);
    const { hardTimeout } = terms;
    const stop =
      hardTimeout === undefined ? undefined : this.env.timers.after(hardTimeout, () => this.#overrun(flight, request));
    const landing = settled(() => this.#fly(flight, request, purpose)).finally(() => {
      if (stop !== undefined) stop();
      request.batch?.without(key);
      flight.scope.end();
      this.#leave(flight, key);
    });
    flight.lands(landing);
    return flight;
  }

  /** A load takes longer than it may: it goes on, and whoever asks next begins another one, here or elsewhere. */
  #overrun(flight: Flight, { key, terms }: LoadRequest): void {
    this.env.events.emit('timeout', { namespace: this.namespace, key });
    flight.overdue = true;
    flight.goOn();
    this.#leave(flight, key);
    this.#noteFailure(flight, key, terms);
    Promise.resolve(flight.lease?.yield()).catch(() => {});
  }

  #noteFailure(flight: Flight, key: string, { graceBackoff }: LoadTerms): void {
    if (flight.context.before !== undefined) this.#backOff.note(key, this.env.clock.now(), graceBackoff);
  }

  /** What a caller gets without a load, because the last one failed. */
  #servedInstead({ key, options, terms, seen }: LoadRequest): Landing | undefined {
    if (seen === undefined || options.forceFresh === true) return undefined;
    const now = this.env.clock.now();
    if (!isServable(seen, now, terms.grace) || !this.#backOff.holds(key, seen, now)) return undefined;
    return { value: seen.value, fenced: false, stale: 'load failed before' };
  }

  #leave(flight: Flight, key: string): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }

  async #join(flight: Flight, request: LoadRequest, called: Moment): Promise<Landing> {
    request.batch?.without(request.key);
    const joined = this.env.changes.count;
    const landing = await this.#wait(flight, request);
    if (landing.stale !== undefined || landing.failure !== undefined) return landing;
    if (landing.idle === true || this.#mayMissAChange(flight, landing, called, joined)) {
      return this.load(request, called);
    }
    return landing.personal === true ? this.#begin(request, 'refresh') : { ...landing, joined: true };
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

  #wait(flight: Flight, request: LoadRequest): Promise<Landing> {
    const done = during(request.operation, () => LoadScope.current()?.waitFor(flight.scope));
    const landing = waitFor(flight, request, this.#around);
    return done === undefined ? landing : landing.finally(done);
  }

  #fly(flight: Flight, request: LoadRequest, purpose: LeasePurpose): Awaitable<Landing> {
    const tags = loadTags(request.options.tags, request.operation);
    const leased = during(request.operation, () => this.store.lease(request.key, tags, purpose));
    const flyOn = (answer: LeaseAnswer): Awaitable<Landing> => {
      if ('entry' in answer) return { value: answer.entry.value, fenced: false, found: true };
      if (flight.abandoned || flight.overdue) return this.#ground(answer);
      if ('freed' in answer) return this.#waitInLine(answer, flight, request, purpose);
      flight.lease = answer;
      if (!request.looks) return this.#runUnderLease(flight, request, tags);
      return this.#withBefore(flight, request, (due) =>
        purpose !== 'ahead' || due ? this.#runUnderLease(flight, request, tags) : this.#ground(answer),
      );
    };
    return after(leased, flyOn, failing(request.operation));
  }

  /** Somebody else loads this key: when they are done there may be an entry. A refresh need not wait for that. */
  #waitInLine(busy: LeaseBusy, flight: Flight, request: LoadRequest, purpose: LeasePurpose): Awaitable<Landing> {
    if (purpose === 'ahead') return IDLE;
    request.batch?.without(request.key);
    return busy.freed.then(() => this.#fly(flight, request, purpose));
  }

  /**
   * Shows the loader what there is to replace, as it is now that the lease is held: whatever happens to it from now on
   * voids the lease. Whoever refreshed it meanwhile has made it not due any more.
   */
  #withBefore(
    flight: Flight,
    { key, terms }: LoadRequest,
    next: (due: boolean) => Awaitable<Landing>,
  ): Awaitable<Landing> {
    const now = this.env.clock.now();
    const found = (entry: Entry | undefined): Awaitable<Landing> => {
      flight.context.before = entry && entryOf(entry);
      return next(entry !== undefined && (now >= entry.expiresAt || isDue(entry, now, terms.refreshAhead ?? NEVER)));
    };
    try {
      const entry = this.store.read(key, now, UNCOUNTED);
      return isPromise(entry) ? entry.then(found, () => found(undefined)) : found(entry);
    } catch {
      return found(undefined);
    }
  }

  /** Nobody is left who waits for a load that has not begun. */
  #ground(answer: LeaseAnswer): Awaitable<Landing> {
    return 'commit' in answer ? after(answer.release(), () => IDLE) : IDLE;
  }

  #runUnderLease(flight: Flight, request: LoadRequest, tags: readonly string[]): Promise<Landing> {
    const began = this.env.clock.now();
    const about = { namespace: this.namespace, key: request.key };
    const took = (): number => this.env.clock.now() - began;
    return this.#called(flight, request).then(
      (value) => {
        const { failure } = flight.context.said;
        if (failure !== undefined) return this.#crash(flight, request, failure, took());
        if (request.writes !== true) this.env.events.emit('load', { ...about, ms: took() });
        this.#backOff.forget(request.key);
        return this.#land(flight, request, value, tags);
      },
      (error: unknown) => this.#crash(flight, request, error, took()),
    );
  }

  #called(flight: Flight, request: LoadRequest): Promise<unknown> {
    const { context, scope } = flight;
    const run = (): Promise<unknown> =>
      unlessDeep(() => scope.run(() => request.loader(context)) as Awaitable<unknown>);
    if (this.env.tracing.tracer === undefined || request.batch !== undefined) return run();
    return this.traced([request.key], request.operation, async () => {
      const value = await run();
      if (context.said.failure !== undefined) throw context.said.failure;
      return value;
    });
  }

  async #crash(flight: Flight, request: LoadRequest, error: unknown, ms: number): Promise<Landing> {
    const { key, terms, operation } = request;
    if (request.writes !== true) this.env.events.emit('loadFailure', { namespace: this.namespace, key, ms });
    this.#noteFailure(flight, key, terms);
    await flight.letGo();
    // What the loader threw itself stays as it is.
    return failed(error === flight.context.said.failure ? errorOf(operation, error) : error);
  }

  async #land(flight: Flight, request: LoadRequest, value: unknown, tags: readonly string[]): Promise<Landing> {
    const { said } = flight.context;
    if (said.leftOut !== undefined || said.personal || value === ABSENT || flight.abandoned) {
      return { value, personal: said.personal, fenced: !(await flight.letGo()), notStored: said.leftOut ?? 'left out' };
    }
    const kept = said.notModified ? flight.context.before! : { value, tags };
    try {
      const draft = this.#draft(kept, request, said);
      const lease = flight.lease!;
      const stored = await lease.commit(draft);
      if (!stored) this.env.events.emit('fenced', { namespace: this.namespace, key: request.key });
      return { value: kept.value, fenced: !stored, notStored: whyNotStored(stored, lease, draft) };
    } catch (error) {
      await flight.letGo();
      const unstored = errorOf(request.operation, error);
      // A stream, say, is for one reader.
      const personal = unstored instanceof CacheSerializationError;
      return { value: kept.value, unstored, personal, fenced: true, notStored: 'cannot be stored' };
    }
  }

  #draft(kept: Pick<Entry, 'value' | 'tags'>, request: LoadRequest, said: LoadContext['said']): Draft {
    const { policy, terms, options, operation } = request;
    assertStorable(kept.value, operation);
    const tags = said.tags.length === 0 ? kept.tags : [...new Set([...kept.tags, ...said.tags])];
    return policy.draft(kept.value, said.ttl ?? options.ttl, terms.grace, tags, operation);
  }
}

/** Nothing was loaded: nobody was waiting for it any more, or somebody else does it. */
const IDLE: Landing = { value: undefined, fenced: true, idle: true };
const NEVER = { part: 2 };

function whyNotStored(held: boolean, { dropped }: Lease, { ttl }: Draft): string | undefined {
  if (!held) return 'fenced';
  if (dropped === 'uncommitted') return 'in a transaction';
  if (dropped === true) return 'backend unreachable';
  return ttl > 0 ? undefined : 'ttl is 0 or less';
}

/** What an entry is at this moment; a store may change it in place. */
function entryOf({ value, tags, createdAt, expiresAt, staleUntil }: Entry): Entry {
  return { value, tags, createdAt, expiresAt, staleUntil };
}

/** Loaders that may be called within each other, before any of them has waited for anything. */
const MOST_NESTED = 50;
let nested = 0;

/** As {@link settled}; not before this turn is over where a method calls itself so many times that the stack could end. */
function unlessDeep<T>(run: () => Awaitable<T>): Promise<T> {
  if (nested >= MOST_NESTED) return Promise.resolve().then(() => settled(run));
  nested += 1;
  try {
    return settled(run);
  } finally {
    nested -= 1;
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
