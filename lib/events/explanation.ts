/**
 * What a read came to.
 * - `hit`: a fresh entry.
 * - `stale`: an entry past its ttl, within its grace.
 * - `miss`: there was none; what was loaded, if anything.
 * - `bypass`: the cache was left out, as asked.
 * - `refused`: the cache was left out, because the call could not be keyed.
 */
export type Outcome = 'hit' | 'stale' | 'miss' | 'bypass' | 'refused';

/** What became of one read, and why: the answer to "why was this not cached?". */
export interface Explanation {
  /** Name of the cache. */
  readonly cache: string;
  /** Empty for the cache itself. */
  readonly namespace: string;
  /** As it was looked up; undefined where nothing was. */
  readonly key: string | undefined;
  /** `get`, `getOrSet`, … or the `Class.method` of a decorated call. */
  readonly operation: string;
  readonly outcome: Outcome;
  /**
   * Why, in words: `fresh`; `loader slow`, `load failed`, `load failed before`; `absent`, `expired`, `evicted`, `removed`,
   * `cleared`, ``tag `x` invalidated``, `backend unreachable`, `asked to load`; `condition`, `mode`, `identity`, `disabled`;
   * `argument not keyable`. The reason of a stale answer is why it was not renewed.
   */
  readonly reason: string;
  /** Whether the value came from a load that somebody else had begun. */
  readonly joined: boolean;
  /** Whether what was loaded is in the cache; undefined where nothing was loaded for this read, or not yet. */
  readonly stored: boolean | undefined;
  /** Why it is not: `fenced` (something happened to the entry during the load), `unless`, `skipped`, `ttl is 0 or less`, … */
  readonly notStored: string | undefined;
  /** All of it in one line, without key or value: ``miss: tag `x` invalidated; not stored: fenced``. */
  readonly text: string;
}
