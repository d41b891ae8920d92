import type { Clock } from '../../support/clock.js';
import { Random } from '../random.js';
import { settle } from './settle.js';
import { TimerQueue } from './timer-queue.js';

/** Milliseconds of its own time for which a {@link Scheduler} runs at most, unless told otherwise: an hour. */
const LONGEST = 3_600_000;

/**
 * Decides what happens next, from a seed: of what waits for its time, messages and timers alike, the earliest; of what
 * is due at the same instant, any. Between two steps all promises settle. Time is its own and passes only while
 * {@link run} does. The same seed and the same program come to the same order of everything.
 *
 * What a program does otherwise (real timers, files, sockets) is not in its hands.
 */
export class Scheduler implements Clock {
  /** What the program under test should draw from, too. */
  readonly random: Random;
  readonly #order: Random;
  readonly #waiting = new TimerQueue();
  #now: number;
  #steps = 0;

  /** @param start milliseconds since the epoch at which its time begins */
  constructor(
    readonly seed: number,
    start = 0,
  ) {
    this.random = new Random(seed);
    this.#order = this.random.fork();
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** Steps taken so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Steps that wait. */
  get pending(): number {
    return this.#waiting.size;
  }

  after(ms: number, task: () => void): () => void {
    return this.#waiting.add(this.#now + Math.max(ms, 0), this.#order.next(), task);
  }

  /** Resolves after so many milliseconds of its time: a message that arrives, work that is done. */
  delay(ms = 0): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /**
   * Takes steps until the promise has settled, and answers what it came to.
   * @param longest milliseconds of its time that this may take. Default: an hour.
   * @throws {Error} if it has not settled by then, or cannot, as nothing is left that waits for its time
   */
  async run<T>(promise: Promise<T>, longest = LONGEST): Promise<T> {
    const end = this.#now + longest;
    const outcome = { settled: false };
    const note = (): boolean => (outcome.settled = true);
    promise.then(note, note);
    await settle();
    while (!outcome.settled) {
      this.#step(end);
      await settle();
    }
    return promise;
  }

  #step(end: number): void {
    const next = this.#waiting.shift();
    if (next === undefined) throw new Error(`seed ${this.seed}: it waits for what never happens`);
    if (next.at > end) throw new Error(`seed ${this.seed}: it has not ended by ${end}`);
    this.#now = Math.max(this.#now, next.at);
    this.#steps += 1;
    next.task();
  }
}
