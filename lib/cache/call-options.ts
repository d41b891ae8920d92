import { CacheOptionsError } from '../errors/cache.errors.js';
import type { Explanation } from '../events/explanation.js';
import type { Duration, DurationText } from '../support/duration.js';
import { assertOptions, nameOf, readTags } from './arguments.js';

/** How a value stays fresh, or is honestly stale. What a call does not say, its class, namespace or cache says. */
export interface FreshnessOptions {
  /**
   * How long beyond its ttl an entry is kept, and may be served when loading it anew fails or is slow. Never after a
   * delete, or an invalidation without `allowStale`. Default: 0, not at all.
   */
  readonly grace?: Duration | undefined;
  /** How long a load that failed is not tried again, where there is something to serve instead. Default: `'30s'`. */
  readonly graceBackoff?: DurationText | undefined;
  /**
   * How long a caller waits for a load where there is something to serve instead; the load goes on, and what it comes to
   * is stored. `'0ms'`: not at all. Only with `grace`. Default: for as long as it takes.
   */
  readonly softTimeout?: DurationText | undefined;
  /**
   * How long a caller waits for a load at most: then it gets what there is to serve, or a `CacheTimeoutError`. The load
   * goes on, and what it comes to is stored unless another one has begun. Default: for as long as it takes.
   */
  readonly hardTimeout?: DurationText | undefined;
  /**
   * Renews an entry in the background when it is read close to its end: a number between 0 and 1 is a part of its ttl
   * (`0.8`: after 80 %), a greater one or a text the time before its end (`30` or `'30s'`). 0 or 1: never. Default: never.
   */
  readonly refreshAhead?: Duration | undefined;
}

/** Options of everything that stores. */
export interface SetOptions extends Pick<FreshnessOptions, 'grace'> {
  /** Time to live. Default: that of the namespace, else of the cache. `0` or less: not stored. */
  readonly ttl?: Duration | undefined;
  /** Groups by which the entry can be invalidated. */
  readonly tags?: readonly string[] | undefined;
}

/** Options of a read that loads what is missing. */
export interface GetOrSetOptions extends Omit<SetOptions, 'tags'>, FreshnessOptions {
  /** As in {@link SetOptions}, or a function that is asked once per load, before the loader runs. */
  readonly tags?: readonly string[] | (() => readonly string[]) | undefined;
  /**
   * Loads although a fresh entry is there, and replaces it. With `grace`, that entry is the answer if the load fails.
   * `softTimeout` is of no account.
   */
  readonly forceFresh?: boolean | undefined;
  /** Ends this caller's wait with the signal's reason; the load goes on while somebody else waits for it. */
  readonly signal?: AbortSignal | undefined;
}

/** Who asks for a value. */
export interface Caller {
  /** How errors name it. */
  readonly operation: string;
  /** Whether it is told that the value could not be stored, instead of being given the value. */
  readonly strict: boolean;
  /** Hears whether the value was there; of a stale one, that it was not and then that it was. */
  readonly report?: ((outcome: 'hit' | 'miss' | 'stale') => void) | undefined;
  /** Hears what the call came to, and why. */
  readonly explain?: ((explanation: Explanation) => void) | undefined;
}

/** Names of {@link FreshnessOptions}. */
export const FRESHNESS_OPTIONS: readonly (keyof FreshnessOptions)[] = [
  'grace',
  'graceBackoff',
  'softTimeout',
  'hardTimeout',
  'refreshAhead',
];
const SET_OPTIONS = ['ttl', 'tags', 'grace'];
const GET_OR_SET_OPTIONS = ['ttl', 'tags', 'forceFresh', 'signal', ...FRESHNESS_OPTIONS];

export function checkSetOptions(options: unknown, operation: string): void {
  assertOptions(options, SET_OPTIONS, operation);
}

export function checkGetOrSetOptions(options: GetOrSetOptions, operation: string): void {
  assertOptions(options, GET_OR_SET_OPTIONS, operation);
  const { signal } = options;
  if (signal === undefined || typeof signal?.addEventListener === 'function') return;
  throw new CacheOptionsError(`${operation}: signal must be an AbortSignal; got ${nameOf(signal)}`, { operation });
}

/** The tags of a load, asked for before its loader runs. */
export function loadTags(tags: GetOrSetOptions['tags'], operation: string): readonly string[] {
  if (tags === undefined) return [];
  return readTags(typeof tags === 'function' ? tags() : tags, operation);
}

/** @throws {CacheOptionsError} */
export function assertNumber(value: unknown, operation: string): asserts value is number {
  if (typeof value === 'number' && Number.isFinite(value)) return;
  throw new CacheOptionsError(`${operation}: the amount must be a finite number`, { operation });
}
