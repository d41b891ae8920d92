/** Time, for everything that expires. Given as the module option `clock` to tests that must not wait. */
export interface Clock {
  /** Milliseconds since the epoch, never going backwards. */
  now(): number;
  /**
   * Calls `task` once after `ms` milliseconds and returns what cancels it.
   * Default: an unref'd `setTimeout`, so that housekeeping never keeps the process alive.
   */
  after?(ms: number, task: () => void): () => void;
}

const origin = Date.now() - performance.now();

/** The monotonic clock of the process: a step of the wall clock expires nothing and revives nothing. */
export const systemClock: Clock = {
  now: () => origin + performance.now(),
};

/** Schedules housekeeping on `clock`, or on an unref'd timer where it has no `after`. */
export function schedule(clock: Clock, ms: number, task: () => void): () => void {
  if (clock.after !== undefined) return clock.after(ms, task);
  const timer = setTimeout(task, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
