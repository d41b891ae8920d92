import { types } from 'node:util';
import { Stream } from 'node:stream';
import { isObservable } from 'rxjs';
import { CacheKeyError, CacheOptionsError, CacheSerializationError, CacheTypeError } from '../errors/cache.errors.js';

/**
 * Any well-formed text is a key, the empty one too. A lone surrogate is refused: it has no UTF-8 form, so that
 * two such keys would meet in a backend that stores bytes.
 * @throws {CacheKeyError}
 */
export function assertKey(key: unknown, operation: string): asserts key is string {
  if (typeof key === 'string' && key.isWellFormed()) return;
  throw new CacheKeyError(
    typeof key === 'string'
      ? `${operation}: a key must be well-formed text; this one holds half of a surrogate pair`
      : `${operation}: a key must be a string; got ${nameOf(key)}`,
    { operation },
  );
}

/** @throws {CacheKeyError} */
export function assertKeys(keys: unknown, operation: string): asserts keys is readonly string[] {
  if (!Array.isArray(keys)) {
    throw new CacheKeyError(`${operation}: keys must be an array of strings; got ${nameOf(keys)}`, { operation });
  }
  for (const key of keys) assertKey(key, operation);
}

/**
 * Any well-formed text is a tag. Duplicates are dropped; the input is not changed.
 * @throws {CacheKeyError}
 */
export function readTags(tags: unknown, operation: string): readonly string[] {
  if (!Array.isArray(tags)) {
    throw new CacheKeyError(`${operation}: tags must be an array of strings; got ${nameOf(tags)}`, { operation });
  }
  for (const tag of tags) {
    if (typeof tag === 'string' && tag.isWellFormed()) continue;
    throw new CacheKeyError(`${operation}: a tag must be a well-formed string; got ${nameOf(tag)}`, { operation });
  }
  return tags.length < 2 ? tags.slice() : [...new Set<string>(tags)];
}

/** @throws {CacheOptionsError} for an option of a call that does not exist. */
export function assertOptions(options: unknown, known: readonly string[], operation: string): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new CacheOptionsError(
      `${operation}: options must be an object such as { ttl: '5m' }; got ${nameOf(options)}`,
      {
        operation,
      },
    );
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new CacheOptionsError(`${operation}: unknown option '${name}'; known are ${known.join(', ')}`, { operation });
  }
}

/**
 * Refuses what cannot be served a second time: a function, a symbol, a promise, a stream, an iterator.
 * It looks at the value itself, not at what it holds.
 * @throws {CacheSerializationError}
 */
export function assertStorable(value: unknown, operation: string): void {
  const kind = unstorable(value);
  if (kind === undefined) return;
  throw new CacheSerializationError(`${operation}: ${kind} cannot be stored; store plain data instead`, { operation });
}

function unstorable(value: unknown): string | undefined {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof Stream || value instanceof ReadableStream || value instanceof WritableStream) return 'a stream';
  if ('then' in value && typeof value.then === 'function') return 'a promise';
  if (isObservable(value)) return 'an observable';
  if ('getStream' in value && typeof value.getStream === 'function') return 'a streamable file';
  if ('next' in value && (Symbol.iterator in value || Symbol.asyncIterator in value)) return 'an iterator';
  if (types.isWeakMap(value) || types.isWeakSet(value)) return 'a weak collection';
  return undefined;
}

/** @throws {CacheOptionsError} */
export function assertLoader(loader: unknown, operation: string): void {
  if (typeof loader === 'function') return;
  throw new CacheOptionsError(`${operation}: a loader function is needed; got ${nameOf(loader)}`, { operation });
}

/** What `setMany` takes: an object, a `Map`, or pairs of key and value. */
export type CacheEntries = Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]>;

/** @throws {CacheTypeError} */
export function pairs(entries: CacheEntries): Iterable<readonly [string, unknown]> {
  if (typeof entries !== 'object' || entries === null) {
    throw new CacheTypeError(`setMany: entries must be an object, a Map or pairs; got ${nameOf(entries)}`, {
      operation: 'setMany',
    });
  }
  if (!(Symbol.iterator in entries)) return Object.entries(entries);
  return Array.from(entries, (pair: unknown) => {
    if (Array.isArray(pair) && pair.length === 2) return pair as [string, unknown];
    throw new CacheTypeError(`setMany: each entry must be a pair of key and value; got ${nameOf(pair)}`, {
      operation: 'setMany',
    });
  });
}

/** The type of a value, for messages: never the value itself. */
export function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'without prototype'})`;
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
}
