import { isPromise, type Awaitable } from '../../support/awaitable.js';
import type { FarStore } from '../store.js';
import type { PendingEvictions } from './pending-evictions.js';
import type { Portion } from './tombstones.js';

/** Who has to know how a delivery goes. */
export interface DeliveryReport {
  /** So many evictions have arrived. */
  arrived(count: number): void;
  /** Nothing is left of what was sent. */
  done(): void;
  /** What has not arrived is pending again. */
  failed(error: unknown): void;
}

/** Tells the backend what is pending: all of it, one delivery at a time, for all who wait for it. */
export class Delivery {
  #underWay: Promise<void> | undefined;

  constructor(
    private readonly backend: FarStore,
    private readonly pending: PendingEvictions,
    private readonly report: DeliveryReport,
  ) {}

  /** Resolves when everything that is pending now has arrived; rejects with what the backend did instead. */
  deliver(): Awaitable<void> {
    const underWay = this.#underWay;
    if (underWay === undefined) return this.#deliverWaiting();
    // What was added since it began is not in it, but in the one after it.
    return underWay.then(() => this.#underWay ?? this.#deliverWaiting());
  }

  #deliverWaiting(): Awaitable<void> {
    if (this.pending.empty) return undefined;
    let sending: Awaitable<void>;
    try {
      sending = this.#send(this.pending.send().portions());
    } catch (error) {
      return this.#failed(error);
    }
    if (!isPromise(sending)) return this.#done();
    this.#underWay = sending.then(
      () => this.#done(),
      (error: unknown) => this.#failed(error),
    );
    return this.#underWay;
  }

  #send(portions: Iterator<Portion>): Awaitable<void> {
    for (let next = portions.next(); next.done !== true; next = portions.next()) {
      const portion = next.value;
      const sending = portion.send(this.backend);
      if (isPromise(sending)) {
        return sending.then(() => {
          this.#arrived(portion);
          return this.#send(portions);
        });
      }
      this.#arrived(portion);
    }
    return undefined;
  }

  #arrived(portion: Portion): void {
    portion.delivered();
    this.pending.arrivals += 1;
    this.report.arrived(portion.count);
  }

  #done(): void {
    this.#underWay = undefined;
    this.pending.settle();
    this.report.done();
  }

  #failed(error: unknown): never {
    this.#underWay = undefined;
    this.pending.settle();
    this.report.failed(error);
    throw error;
  }
}
