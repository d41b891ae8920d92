import type { Clock } from '../../support/clock.js';
import { settle } from './settle.js';
import { TimerQueue } from './timer-queue.js';

/**
 * Time that stands still until it is told to go on; timers that are due fire in order as it does. For the module option
 * `clock`: with it a test waits for nothing.
 */
export class FakeClock implements Clock {
  readonly #timers = new TimerQueue();
  #now: number;
  #order = 0;

  /** @param start milliseconds since the epoch */
  constructor(start = 1_700_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, task: () => void): () => void {
    this.#order += 1;
    return this.#timers.add(this.#now + ms, this.#order, task);
  }

  /** Timers that wait to fire. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets so many milliseconds pass at once: what timers start goes on when the caller next waits for something. */
  advance(ms: number): void {
    const end = this.#after(ms);
    while (this.#fireNext(end)) continue;
    this.#now = end;
  }

  /** As {@link advance}, and lets promises settle before the first timer, between two of them, and after the last. */
  async pass(ms: number): Promise<void> {
    const end = this.#after(ms);
    do await settle();
    while (this.#fireNext(end));
    this.#now = end;
    await settle();
  }

  /** @throws {RangeError} for what is no number of milliseconds: `'1m'`, say. */
  #after(ms: number): number {
    if (typeof ms === 'number' && !Number.isNaN(ms)) return this.#now + ms;
    throw new RangeError(`a FakeClock goes on by a number of milliseconds; got ${String(ms)}`);
  }

  #fireNext(end: number): boolean {
    const next = this.#timers.first();
    if (next === undefined || next.at > end) return false;
    this.#timers.shift();
    this.#now = Math.max(this.#now, next.at);
    next.task();
    return true;
  }
}
