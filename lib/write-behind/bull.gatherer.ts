import { LONGEST_TIMER } from '../support/clock.js';

/** What is passed on, not having been begun, when gathering ends. */
export class GatheringEnded extends Error {}

/** A thing that waits for its batch. */
export interface Gathered<T> {
  readonly item: T;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Milliseconds for which company is waited for in any case: BullMQ hands over its jobs one by one. */
const LEAST = 5;

/** Puts things that come one by one into batches, and deals with one batch after the other. */
export class Gatherer<T> {
  #waiting: Gathered<T>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #due = false;
  #busy: Promise<void> | undefined;
  #hurried = 0;
  #ended = false;

  constructor(
    private readonly size: number,
    /** Milliseconds for which the first of a batch waits for others. */
    private readonly delay: number,
    /** Tells each of them what became of it; never rejects. */
    private readonly handle: (batch: readonly Gathered<T>[]) => Promise<void>,
  ) {}

  /** Settles as `handle` said; rejects with {@link GatheringEnded} where it never came to that. */
  join(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new GatheringEnded());
        return;
      }
      this.#waiting.push({ item, done: resolve, failed: reject });
      this.#consider();
    });
  }

  /** Until the given promise settles, nothing waits for company. */
  hurry(until: Promise<unknown>): void {
    this.#hurried += 1;
    const calm = (): void => void (this.#hurried -= 1);
    until.then(calm, calm);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#consider();
  }

  /** Begins no other batch; resolves when the one under way has been dealt with. */
  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const { failed } of this.#waiting.splice(0)) failed(new GatheringEnded());
    await this.#busy;
  }

  #consider(): void {
    if (this.#busy !== undefined || this.#waiting.length === 0) return;
    if (this.#due || this.#waiting.length >= this.size) this.#begin();
    else {
      const wait = this.#hurried > 0 ? LEAST : Math.min(Math.max(LEAST, this.delay), LONGEST_TIMER);
      this.#timer ??= setTimeout(() => this.#nowDue(), wait);
    }
  }

  #nowDue(): void {
    this.#timer = undefined;
    this.#due = true;
    this.#consider();
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = false;
    this.#busy = this.handle(this.#waiting.splice(0, this.size)).finally(() => {
      this.#busy = undefined;
      this.#consider();
    });
  }
}
