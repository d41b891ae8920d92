import type { FarStore } from '../../stores/store.js';
import { systemClock, type Clock } from '../../support/clock.js';
import type { FarOperation } from './far-operations.js';
import { FaultPlan, type Fault, type FaultRule } from './fault-plan.js';
import { FaultyStore } from './faulty-store.js';

/** One operation that a store was asked for. */
export interface Asked {
  readonly operation: FarOperation;
  readonly namespace: string | undefined;
  /** The first argument where it is a key. */
  readonly key: string | undefined;
  /** By the clock of the faults. */
  readonly at: number;
  /** What became of it. */
  readonly fault: Fault['kind'] | undefined;
}

/** What faults are drawn from and timed by. */
export interface FaultsOptions {
  /** For what happens with a probability. Default: 1. */
  readonly seed?: number;
  /** Times delays. Default: that of the system. */
  readonly clock?: Clock;
}

/** Operations that are remembered at most. */
const REMEMBERED = 10_000;

/**
 * Makes a backend throw, delay, hang or answer rubbish, when a test says so, and records what it was asked for.
 * Without rules it changes nothing. One object may wrap several stores, which then share its rules.
 *
 * ```ts
 * const faults = new Faults();
 * faults.add({ on: 'read', nth: 3, fault: { kind: 'throw' } });
 * faults.add({ on: ['lease', 'commit'], probability: 0.1, fault: { kind: 'delay', ms: 200 } });
 * faults.heal();
 * ```
 */
export class Faults {
  readonly #plan: FaultPlan;
  readonly #clock: Clock;
  #asked: Asked[] = [];
  /** What ends the operations that hang. */
  readonly #hanging = new Set<() => void>();

  constructor({ seed = 1, clock = systemClock }: FaultsOptions = {}) {
    this.#plan = new FaultPlan(seed);
    this.#clock = clock;
  }

  /** The operations that were asked for, the oldest first; the last ten thousand. */
  get asked(): readonly Asked[] {
    return this.#asked;
  }

  /** Operations that hang now. */
  get hanging(): number {
    return this.#hanging.size;
  }

  /** Adds a rule; of several that apply the oldest counts. Returns what takes it back. @throws {RangeError} */
  add(rule: FaultRule): () => void {
    return this.#plan.add(rule);
  }

  /** Nothing gets through any more. */
  cut(fault: Fault = { kind: 'throw' }): void {
    this.#plan.clear();
    this.#plan.add({ fault });
  }

  /** Takes back all rules; what hangs fails now. */
  heal(): void {
    this.#plan.clear();
    for (const end of this.#hanging) end();
  }

  /** Forgets what was asked for. */
  forget(): void {
    this.#asked = [];
  }

  /** The store, with these faults between it and its caller. */
  wrap(store: FarStore): FarStore {
    return new FaultyStore(store, {
      clock: this.#clock,
      hanging: this.#hanging,
      next: (operation, namespace, key) => this.#next(operation, namespace, key),
    });
  }

  #next(operation: FarOperation, namespace: string | undefined, key: string | undefined): Fault | undefined {
    const fault = this.#plan.next(operation);
    this.#asked.push({ operation, namespace, key, at: this.#clock.now(), fault: fault?.kind });
    if (this.#asked.length >= 2 * REMEMBERED) this.#asked = this.#asked.slice(-REMEMBERED);
    return fault;
  }
}
