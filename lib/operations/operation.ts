import type { FreshnessOptions } from '../cache/call-options.js';
import type { WarmOptions } from '../cache/warming/warm-options.js';
import type { Duration, DurationText } from '../support/duration.js';

// `any`: arguments and results are checked against the method by the types of the decorators.
type Arguments = readonly any[];

/**
 * Whose entry it is: a tenant, a user, a language; from `AsyncLocalStorage` or CLS. `'public'` says that it is
 * everybody's, which a handler behind a guard has to say in so many words.
 */
export type VaryBy = (() => string) | 'public';

/** Where a decorated method caches. */
export interface PlaceOptions {
  /** Name of the cache. Default: that of `@CacheConfig`, else the default cache. */
  readonly cache?: string | undefined;
  /** Default: that of `@CacheConfig`, else none. */
  readonly namespace?: string | undefined;
}

/** What is stored and when; shared by `@Cacheable` and `@CachePut`. */
interface StoreOptions extends PlaceOptions, Pick<FreshnessOptions, 'grace'> {
  /** Part of the key, beside that of the cache. Default: that of `@CacheConfig`. */
  readonly varyBy?: VaryBy | undefined;
  /** A duration, or what makes one of the result: `r => (r == null ? '10s' : '1h')`. Default: see `SetOptions`. */
  readonly ttl?: Duration | ((result: any, ...args: any[]) => Duration) | undefined;
  /** Tags, or what makes them of the arguments. They add to those of `@CacheTags`. */
  readonly tags?: readonly string[] | ((...args: any[]) => readonly string[]) | undefined;
  /** False: the body runs as if it were not decorated; the cache is neither read nor written. */
  readonly condition?: ((...args: any[]) => boolean) | undefined;
  /** True: the result is returned and not stored. For an Observable the result is its last emission. */
  readonly unless?: ((result: any, ...args: any[]) => boolean) | undefined;
}

export interface CacheableOptions extends StoreOptions, FreshnessOptions {
  /** The key, stored verbatim within prefix and namespace. Default: class, method and a hash of all arguments. */
  readonly key?: string | ((...args: any[]) => string) | undefined;
}

/** The entry of another method of the same class, by the arguments it would be called with. */
export interface EntryOf {
  readonly of: PropertyKey;
  /** Default: the arguments of this call, as many as that method declares. */
  readonly args?: ((...args: any[]) => Arguments) | undefined;
}

type ByKey = { readonly key: string | ((...args: any[]) => string); readonly of?: never; readonly args?: never };
type ByMethod = EntryOf & { readonly key?: never };

export type CachePutOptions = StoreOptions & (ByKey | ByMethod);

interface EvictConditions extends PlaceOptions {
  /** Evicts before the body runs, whether it succeeds or not. Default: afterwards, and only if it succeeded. */
  readonly beforeInvocation?: boolean | undefined;
  readonly condition?: ((...args: any[]) => boolean) | undefined;
  readonly varyBy?: VaryBy | undefined;
}

type Targets = {
  readonly key: string | ((...args: any[]) => string);
  readonly keys: readonly string[] | ((...args: any[]) => readonly string[]);
  readonly tags: readonly string[] | ((...args: any[]) => readonly string[]);
  /** Everything in the namespace; other targets are of no account then. */
  readonly allEntries: true;
};
type AtLeastOne<T> = { [K in keyof T]: Pick<T, K> & Partial<Omit<T, K>> }[keyof T];

export type CacheEvictOptions = EvictConditions &
  ((AtLeastOne<Targets> & Partial<EntryOf>) | (Partial<Targets> & EntryOf));

/** Class-wide settings. */
export interface CacheConfigOptions extends PlaceOptions, FreshnessOptions {
  readonly ttl?: Duration | undefined;
  /** Replaces the class name in default keys; not inherited. */
  readonly id?: string | undefined;
  readonly varyBy?: VaryBy | undefined;
}

/** How a method warms a cache at boot. */
export interface CacheWarmOptions extends PlaceOptions, Pick<WarmOptions, 'concurrency' | 'refresh' | 'log'> {
  /** Whether the application starts only when it is through, however it ends. Default: false. */
  readonly blocking?: boolean | undefined;
  /** How long a blocking one holds up the start at most; then it goes on beside it. At most a day. Default: `'30s'`. */
  readonly timeout?: DurationText | undefined;
  /** How the log and `CacheWarmup` name it. Default: `Class.method`. */
  readonly name?: string | undefined;
}

export type Operation =
  | { readonly kind: 'cacheable'; readonly options: CacheableOptions }
  | { readonly kind: 'put'; readonly options: CachePutOptions }
  | { readonly kind: 'evict'; readonly options: CacheEvictOptions };

/** Tags of what a method returns. */
export type TagRule =
  | { readonly from: 'arguments'; readonly tags: string | ((...args: any[]) => string | readonly string[]) }
  | { readonly from: 'result'; readonly tags: (result: any, ...args: any[]) => string | readonly string[] };
