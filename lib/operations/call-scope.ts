import { AsyncLocalStorage } from 'node:async_hooks';
import { assertOptions, nameOf } from '../cache/arguments.js';
import type { Caller } from '../cache/call-options.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { Explanation } from '../events/explanation.js';
import { milliseconds, type Duration } from '../support/duration.js';
import type { MethodRecord } from './method-record.js';

/**
 * What one call does with the cache.
 * - `default`: as decorated.
 * - `bypass`: neither reads nor stores.
 * - `refresh`: does not read; loads, and stores what it got.
 * - `readonly`: reads; what it has to load is not stored.
 */
export type CallMode = 'default' | 'bypass' | 'refresh' | 'readonly';

/** What `withCacheOptions` sets for one `@Cacheable` call. Puts and evictions of the method happen as ever. */
export interface CallOptions {
  /** In place of the key of the method. */
  readonly key?: string | undefined;
  /** In place of the ttl of the method. */
  readonly ttl?: Duration | undefined;
  readonly mode?: CallMode | undefined;
  /** Hears what the call came to and why: the answer to "why was this not cached?". */
  readonly explain?: ((explanation: Explanation) => void) | undefined;
}

/** Options that wait for the call they are meant for. */
export interface CallScope {
  readonly options: CallOptions;
  /** The only method they are meant for; without it, the first decorated one. */
  readonly method?: MethodRecord;
  /** Hears whether the call found its value or had to load it. */
  readonly report?: Caller['report'];
  used: boolean;
}

const MODES: readonly CallMode[] = ['default', 'bypass', 'refresh', 'readonly'];
const scopes = new AsyncLocalStorage<CallScope>();
// Asking AsyncLocalStorage costs more than a hit in memory: not done while nobody ever set anything.
let inUse = false;

/**
 * Calls `fn`; the options hold for the first decorated call made in it, not for calls which that call makes.
 * @throws {CacheOptionsError} for unknown options.
 */
export function withCacheOptions<T>(options: CallOptions, fn: () => T): T {
  assertOptions(options, ['key', 'ttl', 'mode', 'explain'], 'withCacheOptions');
  if (options.key !== undefined && typeof options.key !== 'string') {
    throw new CacheOptionsError(`withCacheOptions: key must be a string; got ${nameOf(options.key)}`);
  }
  if (options.ttl !== undefined) milliseconds(options.ttl, 'withCacheOptions: ttl');
  if (options.mode !== undefined && !MODES.includes(options.mode)) {
    throw new CacheOptionsError(`withCacheOptions: mode must be one of ${MODES.join(', ')}; got '${options.mode}'`);
  }
  if (options.explain !== undefined && typeof options.explain !== 'function') {
    throw new CacheOptionsError('withCacheOptions: explain must be a function, which is told what the call came to');
  }
  return runInCallScope({ options, used: false }, fn);
}

export function runInCallScope<T>(scope: CallScope, fn: () => T): T {
  inUse = true;
  return scopes.run(scope, fn);
}

/** The scope around a call of this method, if there is one that is meant for it; it is used up. */
export function takeCallScope(method: MethodRecord): CallScope | undefined {
  if (!inUse) return undefined;
  const scope = scopes.getStore();
  if (scope === undefined || scope.used || (scope.method ?? method) !== method) return undefined;
  scope.used = true;
  return scope;
}
