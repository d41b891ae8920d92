import type { CacheEvents } from '../../events/cache-events.js';
import type { CacheBackendError } from '../../errors/cache.errors.js';
import type { Clock } from '../../support/clock.js';

/**
 * What can fail by itself: a disk that is full still reads, and may still delete. Only an operation of the kind
 * that failed shows that it works again.
 */
export type OperationKind = 'read' | 'store' | 'evict';

/** An outage that begins within this many milliseconds after the one before is part of the same trouble. */
const CALM = 60_000;
/** Milliseconds without a failure that the second outage in a row asks for before it is over; then twice as many. */
const FIRST_QUIET = 1_000;

/**
 * Whether the backend works, told once per change. What comes and goes has to stay away longer and longer. What it
 * did not answer in time is stalled: asking costs the whole time again, so that nobody but a probe does.
 */
export class BackendHealth {
  readonly #failing = new Set<OperationKind>();
  readonly #stalled = new Set<OperationKind>();
  #down = false;
  #outages = 0;
  #quiet = 0;
  #failedAt = -Infinity;
  #recoveredAt = -Infinity;
  #delivered = 0;
  #reason: string | undefined;

  constructor(
    private readonly events: CacheEvents,
    private readonly clock: Clock,
  ) {}

  get down(): boolean {
    return this.#down;
  }

  /** Outages so far, the one under way included. */
  get outages(): number {
    return this.#outages;
  }

  /** What the last failure said; it names no keys. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** The kinds of operation that failed and have not succeeded since. */
  get failing(): ReadonlySet<OperationKind> {
    return this.#failing;
  }

  /** Whether an operation of this kind got no answer in time, and none has since. */
  stalled(kind: OperationKind): boolean {
    return this.#stalled.has(kind);
  }

  failed(kind: OperationKind, error: CacheBackendError): void {
    this.#failing.add(kind);
    if (error.timedOut) this.#stalled.add(kind);
    this.#failedAt = this.clock.now();
    this.#reason = error.message;
    if (this.#down) return;
    this.#down = true;
    this.#outages += 1;
    this.#quiet = this.#failedAt - this.#recoveredAt < CALM ? Math.min(this.#quiet * 2 || FIRST_QUIET, CALM) : 0;
    this.events.emit('outage', { reason: error.message });
  }

  succeeded(kind: OperationKind): void {
    this.#failing.delete(kind);
    this.#stalled.delete(kind);
  }

  /** It still fails, and says so in time: to be told of an operation that was asked for when others were not. */
  answers(kind: OperationKind): void {
    this.#stalled.delete(kind);
  }

  delivered(count: number): void {
    this.#delivered += count;
  }

  /** Ends the outage if nothing speaks against it. */
  settle(nothingPending: boolean): void {
    if (!this.#down || !nothingPending || this.#failing.size > 0) return;
    const now = this.clock.now();
    if (now - this.#failedAt < this.#quiet) return;
    const delivered = this.#delivered;
    this.#down = false;
    this.#recoveredAt = now;
    this.#delivered = 0;
    this.events.emit('recovery', { delivered });
  }
}
