import { CacheOptionsError } from '../../errors/cache.errors.js';
import { assertOptions, nameOf } from '../arguments.js';

/** Options of `warm`. */
export interface WarmOptions {
  /** Items under way at the same time, 1 to 10 000. Default: 10. */
  readonly concurrency?: number | undefined;
  /** Loads what is fresh, too, and replaces it. Default: false. */
  readonly refresh?: boolean | undefined;
  /** Ends the warming: nothing more is begun, and what is under way is not waited for. */
  readonly signal?: AbortSignal | undefined;
  /** Hears after each item how far it is. If it throws that is logged and changes nothing. */
  readonly onProgress?: ((progress: WarmProgress) => void) | undefined;
  /** Whether the log, and a terminal, say how far it is. Default: true. */
  readonly log?: boolean | undefined;
  /** How the log names it. Default: not at all. */
  readonly name?: string | undefined;
}

/** How far a warming is. */
export interface WarmProgress {
  /** Items that are through. */
  readonly done: number;
  /** Items there are; undefined where the iterable does not say, as generators do not. */
  readonly total: number | undefined;
  /** Those that were loaded, by it or by somebody else it waited for; what is not a cached call counts here too. */
  readonly loaded: number;
  /** Those that were fresh. */
  readonly fresh: number;
  /** Those that failed. */
  readonly failed: number;
}

/** What a warming came to. */
export interface WarmReport extends Omit<WarmProgress, 'done' | 'total'> {
  /** Items there were. More than `loaded`, `fresh` and `failed` together where it was stopped. */
  readonly total: number;
  /** Of those loaded, how many are not in the cache all the same: their ttl is 0, they were changed meanwhile, … */
  readonly unstored: number;
  /** The first hundred failures, in the order in which they happened. */
  readonly errors: readonly WarmFailure[];
  /** Where it ended before its time: the signal's reason, or what the iterable of items threw. */
  readonly stopped?: WarmStop;
  /** Milliseconds it took. */
  readonly ms: number;
}

/** Why a warming ended before its time. */
export interface WarmStop {
  readonly by: 'signal' | 'items';
  readonly reason: unknown;
}

/** One item that failed. */
export interface WarmFailure {
  /** Its place among the items, from 0. */
  readonly index: number;
  /** Where the item has one. */
  readonly key?: string;
  /** What its loader or call threw. */
  readonly error: unknown;
}

const KNOWN: readonly (keyof WarmOptions)[] = ['concurrency', 'refresh', 'signal', 'onProgress', 'log', 'name'];
const MOST = 10_000;

/**
 * @param where how errors name the place of the options.
 * @throws {CacheOptionsError}
 */
export function checkWarmOptions(options: WarmOptions | undefined, where = 'warm'): void {
  assertOptions(options, KNOWN, where);
  const { concurrency, refresh, signal, onProgress, log, name } = options ?? {};
  const isCount = Number.isInteger(concurrency) && concurrency! >= 1 && concurrency! <= MOST;
  expect(where, 'concurrency', concurrency, isCount, `a whole number from 1 to ${MOST}`);
  expect(where, 'refresh', refresh, typeof refresh === 'boolean', 'true or false');
  expect(where, 'signal', signal, signal instanceof AbortSignal, 'an AbortSignal');
  expect(where, 'onProgress', onProgress, typeof onProgress === 'function', 'a function');
  expect(where, 'log', log, typeof log === 'boolean', 'true or false');
  expect(where, 'name', name, typeof name === 'string' && name !== '', 'a string that is not empty');
}

function expect(where: string, option: string, value: unknown, holds: boolean, what: string): void {
  if (value === undefined || holds) return;
  const got = typeof value === 'number' ? String(value) : nameOf(value);
  throw new CacheOptionsError(`${where}: ${option} must be ${what}; got ${got}`, { operation: where });
}
