/** Time, for everything that expires. Given as the module option `clock` to tests that must not wait. */
export interface Clock {
  /** Milliseconds since the epoch, never going backwards. */
  now(): number;
  /**
   * What `now()` was a moment ago, for those who need not know exactly: cheaper to ask, never ahead, and
   * behind by {@link COARSE_STEP} as long as the event loop turns. Default: `now()`.
   */
  coarse?(): number;
  /**
   * Calls `task` once after `ms` milliseconds and returns what cancels it.
   * Default: an unref'd `setTimeout`, so that housekeeping never keeps the process alive.
   */
  after?(ms: number, task: () => void): () => void;
}

/** Milliseconds for which the coarse time of the system clock stands still. */
export const COARSE_STEP = 50;

/** Milliseconds that a timer of Node counts to; a longer one would fire at once. */
export const LONGEST_TIMER = 2_147_483_647;

const origin = Date.now() - performance.now();
let lastRead: number | undefined;
/** The timers that end the step; testing tools put others in their place. */
let timers: unknown;

/**
 * The monotonic clock of the process: a step of the wall clock expires nothing and revives nothing. Reading it
 * costs as much as everything else about a hit; its coarse time is read once per step, and only while asked for.
 */
export const systemClock: Clock = {
  now: () => origin + performance.now(),
  coarse() {
    if (lastRead === undefined || timers !== setTimeout) {
      timers = setTimeout;
      lastRead = systemClock.now();
      setTimeout(() => (lastRead = undefined), COARSE_STEP).unref();
    }
    return lastRead;
  },
};

/** Schedules housekeeping on `clock`, or on an unref'd timer where it has no `after`. */
export function schedule(clock: Clock, ms: number, task: () => void): () => void {
  if (clock.after !== undefined) return clock.after(ms, task);
  if (ms > LONGEST_TIMER) {
    let cancel = schedule(clock, LONGEST_TIMER, () => {
      cancel = schedule(clock, ms - LONGEST_TIMER, task);
    });
    return () => cancel();
  }
  const timer = setTimeout(task, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
