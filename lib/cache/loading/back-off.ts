import type { Entry } from '../../stores/store.js';

/** Keys that are remembered at most; those of the oldest failures are forgotten first. */
const MOST = 10_000;

interface Failure {
  readonly at: number;
  readonly until: number;
}

/** Which keys are not loaded again for a while, because loading them failed and there is something to serve instead. */
export class BackOff {
  readonly #failures = new Map<string, Failure>();

  /** Keys that are remembered. */
  get size(): number {
    return this.#failures.size;
  }

  /** A load failed at `now`; it is not tried again for so many milliseconds. */
  note(key: string, now: number, milliseconds: number): void {
    this.#failures.delete(key);
    if (milliseconds <= 0) return;
    this.#failures.set(key, { at: now, until: now + milliseconds });
    if (this.#failures.size > MOST) this.#failures.delete(this.#failures.keys().next().value!);
  }

  /** Whether this entry is not to be renewed now: it was there when its load failed. */
  holds(key: string, entry: Pick<Entry, 'createdAt'>, now: number): boolean {
    if (this.#failures.size === 0) return false;
    const failure = this.#failures.get(key);
    if (failure === undefined) return false;
    if (now < failure.until) return entry.createdAt <= failure.at;
    this.#failures.delete(key);
    return false;
  }

  /** A load succeeded. */
  forget(key: string): void {
    this.#failures.delete(key);
  }
}
