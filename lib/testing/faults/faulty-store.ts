import { CacheBackendError } from '../../errors/cache.errors.js';
import type {
  Absence,
  Draft,
  Entry,
  FarSpace,
  FarStore,
  Lease,
  LeaseAnswer,
  LeasePurpose,
} from '../../stores/store.js';
import { after, isPromise, type Awaitable } from '../../support/awaitable.js';
import { schedule, type Clock } from '../../support/clock.js';
import {
  LEASE_OPERATIONS,
  SPACE_OPERATIONS,
  STORE_OPERATIONS,
  through,
  type Around,
  type FarOperation,
} from './far-operations.js';
import type { Fault } from './fault-plan.js';
import { commitForgetting, forgetting } from './forgetful.js';

/** Who knows what becomes of an operation. */
export interface FaultSource {
  readonly clock: Clock;
  /** What ends the operations that hang. */
  readonly hanging: Set<() => void>;
  next(operation: FarOperation, namespace: string | undefined, key: string | undefined): Fault | undefined;
}

type Call = () => unknown;

/** One operation that is asked for. */
interface Question {
  readonly namespace?: string | undefined;
  readonly key?: string | undefined;
  readonly call: Call;
  /** What is done instead where nothing is kept. Default: the same. */
  readonly forget?: Call | undefined;
  /** Told of an answer that its caller never gets, or that there is none. */
  readonly lost?: ((answer: unknown) => void) | undefined;
}

/** What is answered where the bytes that were read make no sense. Anything else is done, and its answer is lost. */
const GARBLED: Readonly<Partial<Record<FarOperation, Call>>> = {
  read: () => undefined,
  readMany: () => new Map<string, Entry>(),
  absence: (): Absence => ({ reason: 'absent' }),
};
const UNREACHABLE: Absence = { reason: 'unreachable' };

/** A backend with faults between it and its caller. */
export class FaultyStore implements FarStore {
  readonly shared: boolean;
  readonly reclaims: boolean;
  declare readonly invalidateTags: FarStore['invalidateTags'];
  declare readonly measure: FarStore['measure'];
  declare readonly close: FarStore['close'];

  constructor(
    private readonly inner: FarStore,
    private readonly source: FaultSource,
  ) {
    this.shared = inner.shared;
    this.reclaims = inner.reclaims;
    Object.assign(
      this,
      through(inner, STORE_OPERATIONS, (operation, _, call) => this.#ask(operation, { call })),
    );
  }

  /** Nothing is asked of the backend. */
  accepts(value: unknown): void {
    this.inner.accepts?.(value);
  }

  space(namespace: string): FarSpace {
    const inner = this.inner.space(namespace);
    const around: Around = (operation, args, call) =>
      this.#ask(operation, { namespace, key: keyOf(args[0]), call, forget: forgetting(inner, operation, args) });
    return {
      ...through(inner, SPACE_OPERATIONS, around),
      vouches: (key, entry, now) => this.#vouches(inner, namespace, key, entry, now),
      absence: (key, now) => this.#absence(() => around('absence', [key, now], () => inner.absence(key, now))),
      lease: (key, tags, purpose) => this.#lease(inner, namespace, key, tags, purpose),
    };
  }

  #vouches(inner: FarSpace, namespace: string, key: string, entry: Entry, now: number): boolean {
    const fault = this.source.next('vouches', namespace, key);
    if (fault?.kind === 'throw') throw failure('vouches', false);
    return fault?.kind !== 'garble' && fault?.kind !== 'forget' && inner.vouches(key, entry, now);
  }

  #absence(ask: Call): Awaitable<Absence> {
    try {
      const answer = ask() as Awaitable<Absence>;
      return isPromise(answer) ? answer.catch(() => UNREACHABLE) : answer;
    } catch {
      return UNREACHABLE;
    }
  }

  #lease(
    inner: FarSpace,
    namespace: string,
    key: string,
    tags: readonly string[],
    purpose: LeasePurpose,
  ): Awaitable<LeaseAnswer> {
    const call = (): Awaitable<LeaseAnswer> => inner.lease(key, tags, purpose);
    const forget = forgetting(inner, 'lease', [key, tags, purpose]);
    const answer = this.#ask('lease', { namespace, key, call, forget, lost: releaseQuietly });
    return after(answer as Awaitable<LeaseAnswer>, (given) =>
      'commit' in given ? this.#held(given, inner, namespace, key) : given,
    );
  }

  /** A lease of whose end its store never hears runs out: it is released then. */
  #held(lease: Lease, inner: FarSpace, namespace: string, key: string): Lease {
    const ends = (operation: FarOperation): boolean => operation === 'commit' || operation === 'release';
    const around: Around = (operation, [draft], call) => {
      const lost = ends(operation) ? (): void => releaseQuietly(lease) : undefined;
      const forget = operation === 'commit' ? () => commitForgetting(inner, key, lease, draft as Draft) : undefined;
      return this.#ask(operation, { namespace, key, call, forget, lost });
    };
    return through(lease, LEASE_OPERATIONS, around);
  }

  #ask(operation: FarOperation, { namespace, key, call, forget = call, lost = () => {} }: Question): unknown {
    const fault = this.source.next(operation, namespace, key);
    if (fault === undefined) return call();
    if (fault.kind === 'forget') return forget();
    if (fault.kind === 'delay') return this.#delayed(fault, call);
    if (fault.kind === 'hang') return this.#hang(operation, fault, lost);
    const garbled = fault.kind === 'garble' ? GARBLED[operation] : undefined;
    if (garbled !== undefined) return after(call() as Awaitable<unknown>, garbled);
    const timedOut = fault.kind === 'throw' && fault.timedOut === true;
    const fail = (answer: unknown): never => {
      lost(answer);
      throw failure(operation, timedOut);
    };
    return fault.kind === 'garble' || fault.after === true
      ? after(call() as Awaitable<unknown>, fail)
      : fail(undefined);
  }

  #delayed({ ms }: Fault & { kind: 'delay' }, call: Call): Promise<unknown> {
    const arrival = new Promise<void>((resolve) => schedule(this.source.clock, Number(ms), resolve));
    return arrival.then(call);
  }

  #hang(operation: FarOperation, { ms }: Fault & { kind: 'hang' }, lost: (answer: unknown) => void): Promise<never> {
    const { hanging, clock } = this.source;
    return new Promise((_, reject) => {
      const end = (): void => {
        hanging.delete(end);
        cancel();
        lost(undefined);
        reject(failure(operation, true));
      };
      const cancel = ms === undefined ? (): void => {} : schedule(clock, ms, end);
      hanging.add(end);
    });
  }
}

function keyOf(argument: unknown): string | undefined {
  return typeof argument === 'string' ? argument : undefined;
}

function releaseQuietly(answer: unknown): void {
  if (typeof answer !== 'object' || answer === null || !('release' in answer)) return;
  Promise.resolve((answer as Lease).release()).catch(() => {});
}

function failure(operation: FarOperation, timedOut: boolean): CacheBackendError {
  return new CacheBackendError('the backend cannot be reached: a fault was asked for', { operation, timedOut });
}
