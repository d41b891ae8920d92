import { schedule, type Clock } from '../../support/clock.js';

/** How one clock differs from another. */
export interface Skew {
  /** Milliseconds by which it is ahead; negative: behind. Default: 0. */
  readonly offset?: number;
  /** Milliseconds that it counts while the other one counts one. Default: 1. */
  readonly rate?: number;
}

/** A clock that goes by another one, ahead or behind, faster or slower: as that of another machine. */
export class SkewedClock implements Clock {
  readonly #offset: number;
  readonly #rate: number;

  constructor(
    private readonly clock: Clock,
    { offset = 0, rate = 1 }: Skew,
  ) {
    this.#offset = offset;
    this.#rate = rate;
  }

  now(): number {
    return this.clock.now() * this.#rate + this.#offset;
  }

  after(ms: number, task: () => void): () => void {
    return schedule(this.clock, ms / this.#rate, task);
  }
}
