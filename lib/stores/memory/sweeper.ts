import { schedule, type Clock } from '../../support/clock.js';

/** Entries reclaimed in one go: about a millisecond of work. */
const SLICE = 1_000;
/** Milliseconds between two slices while there is more to do. */
const PAUSE = 10;

/** What the sweeper works for. */
export interface Sweepable {
  /** Reclaims one entry that is of no use any more; false when there is none right now. */
  reclaim(): boolean;
  /** The instant before which there is nothing again; `Infinity` for none in sight. */
  nextReclaim(): number;
  /** Works out exactly when that will be, which `nextReclaim` may put too early. */
  settle(): void;
}

/** Reclaims memory in the background, a slice at a time, and sleeps while there is nothing to reclaim. */
export class Sweeper {
  #cancel: (() => void) | undefined;
  #wakesAt = Infinity;
  #stopped = false;

  constructor(
    private readonly target: Sweepable,
    private readonly clock: Clock,
  ) {}

  /** Makes sure that a sweep happens as soon as there is something to reclaim. */
  wake(): void {
    this.#sleepUntil(this.target.nextReclaim());
  }

  /** Reclaims everything there is, giving way to the event loop between slices. */
  async drain(): Promise<void> {
    while (this.#slice()) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #slice(): boolean {
    for (let i = 0; i < SLICE; i += 1) if (!this.target.reclaim()) return false;
    return true;
  }

  #sleepUntil(instant: number): void {
    if (this.#stopped || instant === Infinity || instant >= this.#wakesAt) return;
    this.#cancel?.();
    this.#wakesAt = instant;
    const ms = Math.min(Math.max(instant - this.clock.now(), PAUSE), 2 ** 31 - 1);
    this.#cancel = schedule(this.clock, ms, () => {
      this.#wakesAt = Infinity;
      this.#cancel = undefined;
      this.#slice();
      this.target.settle();
      this.wake();
    });
  }
}
