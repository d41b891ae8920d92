import type { ConnectionOptions } from 'node:tls';
import type { ValueType } from '../codec/codec.js';
import type { Durability } from '../stores/file/schema.js';
import type { Isolation } from '../stores/isolation.js';
import type { EvictionPolicyName } from '../stores/memory/eviction.policy.js';
import type { Clock } from '../support/clock.js';
import type { Duration } from '../support/duration.js';

/** What every cache can be told, whatever its backend. */
export interface CommonOptions {
  /** Name of the cache, for `@InjectCache(name)` and `cache: name`. Without one it is the default cache. */
  readonly name?: string | undefined;
  /** False: same API, nothing stored, decorated methods run plainly. Default: true. */
  readonly enabled?: boolean | undefined;
  /** False: only modules that import it can inject the cache. Default: true. */
  readonly isGlobal?: boolean | undefined;
  /** Time to live of what is stored without one of its own. Default: `'1h'`. */
  readonly ttl?: Duration | undefined;
  /** Lengthens each ttl at random by up to this much, so that what was stored together does not expire together. Default: 0. */
  readonly ttlJitter?: Duration | undefined;
  /** Comes before every key and tag, so that applications can share a server. Default: none. */
  readonly prefix?: string | undefined;
  /** Likewise, for deploys whose values have another shape. Default: none. */
  readonly version?: string | number | undefined;
  /** Part of every key: the tenant or user, from `AsyncLocalStorage` or CLS. */
  readonly varyBy?: (() => string) | undefined;
  /** Guards that say nothing about who is asking (rate limits, maintenance): handlers under them may be cached. */
  readonly anonymousGuards?: readonly (abstract new (...args: never[]) => unknown)[] | undefined;
  /** Time. Default: the process's monotonic clock. */
  readonly clock?: Clock | undefined;
}

/** Limits of a memory tier. */
export interface MemoryLimits {
  /** Entries at most. Default: 1000, or no limit where `maxSizeMb` is set. */
  readonly maxSize?: number | undefined;
  /** Megabytes (1,048,576 bytes) at most, as estimated or by `sizeOf`. Default: no limit, nothing is measured. */
  readonly maxSizeMb?: number | undefined;
  /** What leaves when there is no room. Default: `'lru'`. */
  readonly evictionPolicy?: EvictionPolicyName | undefined;
  /** How values are protected from those who hold them. Default: `'reference'`. */
  readonly isolation?: Isolation | undefined;
  /** Bytes of a value. Default: an estimate of the heap it keeps alive. */
  readonly sizeOf?: ((value: unknown, key: string) => number) | undefined;
}

export interface MemoryCacheOptions extends CommonOptions, MemoryLimits {
  readonly backend?: 'memory' | undefined;
}

/** Place and limits of a file tier. */
export interface FileTier {
  /** The directory, for this cache alone; made if it is missing. Several processes of one machine may share it. */
  readonly cacheDir: string;
  /** Megabytes (1,048,576 bytes) on disk at most. Default: 1024. */
  readonly maxSizeMb?: number | undefined;
  /** What leaves when there is no room. Default: `'lru'`. */
  readonly evictionPolicy?: EvictionPolicyName | undefined;
  /**
   * What may be lost: with `'process'` nothing when the process is killed, and the last writes when the machine
   * loses power; with `'power'` nothing then either, and writes are slower. Default: `'process'`.
   */
  readonly durability?: Durability | undefined;
}

/** How values become bytes, and what happens when the backend fails. */
export interface StoredOptions {
  /**
   * Encrypts what is stored: 32 bytes, the same as hexadecimal or base64, or a passphrase. Several, newest first, for
   * rotation. Default: no encryption.
   */
  readonly encryptionKey?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** Whether entries stored before there was a key are read. Default: false. */
  readonly allowPlaintext?: boolean | undefined;
  /** False: nothing is compressed. `threshold`: bytes from which compressing is tried. Default: `{ threshold: 4096 }`. */
  readonly compression?: boolean | { readonly threshold?: number | undefined } | undefined;
  /** Classes whose instances come back as such. Instances of others become plain data. */
  readonly types?: readonly ValueType[] | undefined;
  /** Whether instances of classes that are not in `types` are refused. Default: false. */
  readonly strictTypes?: boolean | undefined;
  /** `'throw'`: calls reject when the backend fails. Default: `'absorb'`, reads are misses and writes are dropped. */
  readonly onError?: 'absorb' | 'throw' | undefined;
}

/** How a Redis server is reached. Not in this release. */
export interface RedisTier {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly database?: number | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly ssl?: boolean | ConnectionOptions | undefined;
  readonly url?: string | undefined;
  readonly cluster?: object | undefined;
  readonly sentinel?: object | undefined;
  readonly client?: object | undefined;
}

export interface FileCacheOptions extends CommonOptions, FileTier, StoredOptions {
  readonly backend: 'file';
}

/** Not in this release. */
export interface RedisCacheOptions extends CommonOptions, RedisTier, StoredOptions {
  readonly backend: 'redis';
}

/** Memory in front of a store that keeps what memory loses. */
export interface HybridCacheOptions extends CommonOptions, StoredOptions {
  readonly backend: 'hybrid';
  readonly memory?: MemoryLimits | undefined;
  readonly file?: FileTier | undefined;
  /** Not in this release. */
  readonly redis?: RedisTier | undefined;
}

/** Not in this release. */
export interface ForeignStoreOptions extends CommonOptions {
  readonly backend: 'cache-manager' | 'keyv';
  readonly store: object;
}

/** Switched off: as `enabled: false`. */
export interface OffOptions extends CommonOptions {
  readonly backend: 'off';
}

/** What `forRoot` takes, told apart by `backend`. */
export type BlossomCacheOptions =
  MemoryCacheOptions | FileCacheOptions | RedisCacheOptions | HybridCacheOptions | ForeignStoreOptions | OffOptions;
