import { schedule, type Clock } from '../../support/clock.js';

/** All timers of one cache: none keeps the process alive, and none is left when the cache is closed. */
export class Timers {
  readonly #running = new Set<() => void>();
  #closed = false;

  constructor(private readonly clock: Clock) {}

  /** Timers that wait to fire. */
  get size(): number {
    return this.#running.size;
  }

  /** Calls `task` once after so many milliseconds, and returns what prevents it. Never, once the cache is closed. */
  after(ms: number, task: () => void): () => void {
    if (this.#closed) return () => {};
    const stop = (): void => {
      this.#running.delete(stop);
      cancel();
    };
    const cancel = schedule(this.clock, ms, () => {
      this.#running.delete(stop);
      task();
    });
    this.#running.add(stop);
    return stop;
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#running) stop();
  }
}
