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

/** Options that wait for the first decorated call. */
export interface CallScope {
  readonly options: CallOptions;
  used: boolean;
}

/** A request while a handler takes care of it: what holds for all cached methods of the handler's class. */
export interface HandlerScope {
  /** The class of the handler. */
  readonly type: Type;
  /** Whether this call may be answered from the cache, and its result stored. */
  admits(method: MethodRecord): boolean;
  /** Hears what came of a call. */
  report(method: MethodRecord, outcome: Reported): void;
}

type Type = abstract new (...args: never[]) => object;
type Reported = Parameters<NonNullable<Caller['report']>>[0];

const MODES: readonly CallMode[] = ['default', 'bypass', 'refresh', 'readonly'];
const scopes = new AsyncLocalStorage<CallScope>();
const handlers = new AsyncLocalStorage<HandlerScope>();
// Asking AsyncLocalStorage costs more than a hit in memory: not done while nobody ever set anything.
let inUse = false;
let handling = false;

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
  inUse = true;
  return scopes.run({ options, used: false }, fn);
}

/** The scope around a call, if it is the first one in it; it is used up. */
export function takeCallScope(): CallScope | undefined {
  if (!inUse) return undefined;
  const scope = scopes.getStore();
  if (scope === undefined || scope.used) return undefined;
  scope.used = true;
  return scope;
}

/** Runs a handler; the scope holds for whatever it, or what stands around it, calls: `super`, itself once more, others. */
export function runInHandler<T>(scope: HandlerScope, fn: () => T): T {
  handling = true;
  return handlers.run(scope, fn);
}

/** What holds for a call on this instance, where a handler of its class takes care of a request. */
export function handlerAround(instance: object): HandlerScope | undefined {
  if (!handling) return undefined;
  const scope = handlers.getStore();
  return scope !== undefined && instance instanceof scope.type ? scope : undefined;
}
