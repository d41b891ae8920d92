import { AsyncResource } from 'node:async_hooks';
import { schedule, type Clock } from '../../support/clock.js';

/** Milliseconds until the first attempt; each one after it waits twice as long. */
const FIRST = 250;
/** Short, as what is stalled is not asked for before. */
const LONGEST = 2_000;

/** Tries again in the background, less and less often, until it works. */
export class Retry {
  #wait = FIRST;
  #cancel: (() => void) | undefined;
  #running = false;
  #woken = false;
  #stopped = false;
  /** What is tried here belongs to no caller. */
  readonly #apart = new AsyncResource('BlossomCacheRetry');

  constructor(
    private readonly clock: Clock,
    /** Whether it worked. Never rejects. */
    private readonly attempt: () => Promise<boolean>,
  ) {}

  /** Makes sure that there will be an attempt. */
  wake(): void {
    this.#woken = true;
    if (this.#stopped || this.#running || this.#cancel !== undefined) return;
    this.#cancel = schedule(this.clock, this.#wait, () => {
      this.#apart.runInAsyncScope(() => void this.#run());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #run(): Promise<void> {
    this.#cancel = undefined;
    this.#running = true;
    this.#woken = false;
    const worked = await this.attempt();
    this.#running = false;
    this.#wait = worked ? FIRST : Math.min(this.#wait * 2, LONGEST);
    if (!worked || this.#woken) this.wake();
  }
}
