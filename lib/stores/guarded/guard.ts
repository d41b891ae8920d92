import type { CacheEvents } from '../../events/cache-events.js';
import { CacheBackendError } from '../../errors/cache.errors.js';
import type { Awaitable } from '../../support/awaitable.js';
import { schedule, type Clock } from '../../support/clock.js';
import type { FarStore, StoreCondition } from '../store.js';
import { attempt } from './attempt.js';
import { BackendHealth, type OperationKind } from './backend-health.js';
import { Delivery } from './delivery.js';
import { TagLog } from './local-changes.js';
import { PendingEvictions } from './pending-evictions.js';
import { probe } from './probe.js';
import { Retry } from './retry.js';

/** What becomes of a backend's failures. */
export interface GuardOptions {
  /** Whether operations that can go on without the backend do, or throw its `CacheBackendError`. */
  readonly onError: 'absorb' | 'throw';
  /** Keys, and tags, whose eviction is remembered at most; default 10,000. */
  readonly maxPending?: number;
  /** Milliseconds in which a check has its answer; default 500. */
  readonly patience?: number;
  /** Milliseconds for which a load that nobody else knows of is joined; default 1000. */
  readonly maxStaleness?: number | undefined;
}

const STALLED = 'the backend has not answered in time, and is being asked again in the background';
const MAX_PENDING = 10_000;
const PATIENCE = 500;
const MAX_STALENESS = 1_000;
/** What a check asks for; evictions are tried where some are pending. */
const CHECKED = ['read', 'store'] as const;
/** Milliseconds for which a store that is being closed tries to deliver what is pending. */
const LAST_ATTEMPT = 1_000;

/** What all namespaces of one guarded store share: whether the backend works, and what it has yet to be told. */
export class Guard {
  readonly pending: PendingEvictions;
  readonly health: BackendHealth;
  /** Tags that this process invalidated. */
  readonly tags = new TagLog();
  readonly throws: boolean;
  readonly maxStaleness: number;
  /** Whether the backend fails, or has yet to be told something: the one thing that is asked while all is well. */
  troubled = false;
  readonly #retry: Retry;
  readonly #delivery: Delivery;
  readonly #patience: number;
  #checking: Promise<StoreCondition> | undefined;

  constructor(
    readonly backend: FarStore,
    { onError, maxPending = MAX_PENDING, patience = PATIENCE, maxStaleness = MAX_STALENESS }: GuardOptions,
    private readonly events: CacheEvents,
    readonly clock: Clock,
    onTooManyTags: () => void,
  ) {
    this.throws = onError === 'throw';
    this.maxStaleness = maxStaleness;
    this.#patience = patience;
    this.pending = new PendingEvictions(maxPending, onTooManyTags);
    this.health = new BackendHealth(events, clock);
    this.#delivery = new Delivery(backend, this.pending, {
      arrived: (count) => this.health.delivered(count),
      done: () => this.worked('evict'),
      failed: (error) => this.#undelivered(error),
    });
    this.#retry = new Retry(clock, () => this.#recover());
  }

  /**
   * Makes a change, once the backend knows what it has to know before it. `failed` is told whether the change was
   * asked for: then it may have happened, else it has not.
   */
  change<T, R>(
    kind: OperationKind,
    operation: string,
    ask: () => Awaitable<T>,
    done: (answer: T) => Awaitable<R>,
    failed: (error: CacheBackendError, asked: boolean) => Awaitable<R>,
  ): Awaitable<R> {
    if (!this.troubled || this.pending.empty) return this.#ask(kind, operation, ask, done, failed);
    const refusal = this.refusal(operation, kind, 'evict');
    if (refusal !== undefined) return failed(refusal, false);
    return attempt(
      () => this.#delivery.deliver(),
      () => this.#ask(kind, operation, ask, done, failed),
      (error) => {
        this.count(operation, error);
        return failed(error, false);
      },
    );
  }

  /** Why an operation that takes these kinds is not to be asked for now, counted as its failure; undefined if it is. */
  refusal(operation: string, ...kinds: readonly OperationKind[]): CacheBackendError | undefined {
    if (!kinds.some((kind) => this.health.stalled(kind))) return undefined;
    const error = new CacheBackendError(STALLED);
    this.count(operation, error);
    this.#retry.wake();
    return error;
  }

  /** Notes that an operation failed. */
  failed(kind: OperationKind, operation: string, error: CacheBackendError): void {
    this.count(operation, error);
    this.noticed(kind, error);
  }

  /** Notes that the backend fails, without counting it. */
  noticed(kind: OperationKind, error: CacheBackendError): void {
    this.health.failed(kind, error);
    this.trouble();
  }

  /** Notes that an operation succeeded; to be called only while there is trouble. */
  worked(kind: OperationKind): void {
    this.health.succeeded(kind);
    this.#settle();
  }

  /** Counts a failure, which says nothing about what the backend can do. */
  count(operation: string, error: CacheBackendError): void {
    this.events.emit('error', { operation, error });
  }

  /** There is something to be told to the backend. */
  trouble(): void {
    this.troubled = true;
    this.#retry.wake();
  }

  /** Whether the backend works, found out by asking it; those who ask at the same time get one answer. */
  check(): Promise<StoreCondition> {
    return (this.#checking ??= this.#check().finally(() => (this.#checking = undefined)));
  }

  /** Stops what runs in the background, after one more attempt to deliver what is pending. */
  async close(): Promise<void> {
    this.#retry.stop();
    if (this.pending.empty) return;
    await this.#within(
      LAST_ATTEMPT,
      (async () => this.#delivery.deliver())().catch(() => {}),
    );
  }

  #ask<T, R>(
    kind: OperationKind,
    operation: string,
    ask: () => Awaitable<T>,
    done: (answer: T) => Awaitable<R>,
    failed: (error: CacheBackendError, asked: boolean) => Awaitable<R>,
  ): Awaitable<R> {
    const refusal = this.troubled ? this.refusal(operation, kind) : undefined;
    if (refusal !== undefined) return failed(refusal, false);
    return attempt(
      ask,
      (answer) => {
        if (this.troubled) this.worked(kind);
        return done(answer);
      },
      (error) => {
        this.failed(kind, operation, error);
        return failed(error, true);
      },
    );
  }

  async #check(): Promise<StoreCondition> {
    const asked = Promise.all(CHECKED.map((kind) => this.#probe(kind))).then(() => {
      if (this.health.down) this.trouble();
      this.#settle();
    });
    const answered = await this.#within(this.#patience, asked);
    const { down, reason } = this.health;
    const pendingEvictions = this.pending.count;
    if (answered && !down) return { works: true, pendingEvictions };
    return { works: false, reason: down ? reason : `no answer within ${this.#patience} ms`, pendingEvictions };
  }

  /** Whether it came to its end in time. It must not reject. */
  async #within(ms: number, work: Promise<unknown>): Promise<boolean> {
    let cancel!: () => void;
    const tooLate = new Promise<false>((resolve) => (cancel = schedule(this.clock, ms, () => resolve(false))));
    const inTime = await Promise.race([work.then(() => true), tooLate]);
    cancel();
    return inTime;
  }

  #undelivered(error: unknown): void {
    if (error instanceof CacheBackendError) this.health.failed('evict', error);
    this.trouble();
  }

  /** Asks once for everything that fails, side by side: what one kind waits for, another one does not. */
  async #recover(): Promise<boolean> {
    const kinds = [...this.health.failing].filter((kind) => kind !== 'evict' || this.pending.empty);
    await Promise.all([this.#redeliver(), ...kinds.map((kind) => this.#probe(kind))]);
    this.#settle();
    return !this.troubled;
  }

  async #redeliver(): Promise<void> {
    try {
      await this.#delivery.deliver();
    } catch (error) {
      // It is noted, and tried again.
      if (error instanceof CacheBackendError && !error.timedOut) this.health.answers('evict');
    }
  }

  async #probe(kind: OperationKind): Promise<void> {
    try {
      await probe(this.backend, kind, this.clock.now());
      this.health.succeeded(kind);
    } catch (error) {
      if (!(error instanceof CacheBackendError)) return;
      this.health.failed(kind, error);
      if (!error.timedOut) this.health.answers(kind);
    }
  }

  #settle(): void {
    this.health.settle(this.pending.empty);
    this.troubled = this.health.down || !this.pending.empty;
  }
}
