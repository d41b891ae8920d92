import { CacheError, CacheOptionsError } from '../../errors/cache.errors.js';
import { milliseconds } from '../../support/duration.js';
import { assertKey, assertLoader, assertOptions, nameOf, readTags } from '../arguments.js';
import { FRESHNESS_OPTIONS, type GetOrSetOptions } from '../call-options.js';
import { NO_TERMS, resolveTerms } from '../call-policy.js';
import type { Loader } from '../loading/load-request.js';

/** An entry to warm, as `getOrSet` takes it. `softTimeout` and `refreshAhead` are of no account while warming. */
export interface WarmItem<T = unknown> extends Omit<GetOrSetOptions, 'forceFresh' | 'signal'> {
  readonly key: string;
  /** What makes the value if there is no fresh one. */
  readonly load: Loader<T>;
}

/** Makes a decorated call, or several: `() => service.report(2026)`. An Observable it returns is subscribed to. */
export type WarmCall = () => unknown;

/** What to warm. An iterator is asked for the next item when there is room for it: the items need not be in memory. */
export type WarmItems = Iterable<WarmItem | WarmCall> | AsyncIterable<WarmItem | WarmCall>;

const ITEM_OPTIONS = ['key', 'load', 'ttl', 'tags', ...FRESHNESS_OPTIONS];

/** @throws {CacheOptionsError} that names the item by its index, and what is wrong with it. */
export function assertItem(item: unknown, index: number): asserts item is WarmItem | WarmCall {
  if (typeof item === 'function') return;
  try {
    checkItem(item, `warm: item ${index}`);
  } catch (error) {
    if (!(error instanceof CacheError)) throw error;
    throw new CacheOptionsError(error.message, { operation: 'warm', cause: error });
  }
}

function checkItem(item: unknown, where: string): void {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw new CacheOptionsError(
      `${where} must be { key, load, … } or a function that makes a call; got ${nameOf(item)}`,
    );
  }
  assertOptions(item, ITEM_OPTIONS, where);
  const { key, load, ttl, tags, ...terms } = item as Partial<WarmItem>;
  assertKey(key, `${where}: key`);
  assertLoader(load, `${where}: load`);
  if (ttl !== undefined) milliseconds(ttl, `${where}: ttl`);
  if (tags !== undefined && typeof tags !== 'function') readTags(tags, `${where}: tags`);
  resolveTerms(terms, NO_TERMS, where);
}

/** @throws {CacheOptionsError} for what cannot be iterated over. */
export function assertItems(items: unknown): asserts items is WarmItems {
  if (typeof items === 'object' && items !== null && (Symbol.iterator in items || Symbol.asyncIterator in items))
    return;
  throw new CacheOptionsError(`warm: items must be an array or another iterable; got ${nameOf(items)}`, {
    operation: 'warm',
  });
}

/** How many there are, where that can be known beforehand. */
export function countOf(items: WarmItems): number | undefined {
  if (Array.isArray(items)) return items.length;
  return items instanceof Set ? items.size : undefined;
}
