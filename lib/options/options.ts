import type { ConnectionOptions } from 'node:tls';
import type { FreshnessOptions } from '../cache/call-options.js';
import type { ValueType } from '../codec/codec.js';
import type { Durability } from '../stores/file/schema.js';
import type { MonitorOptions } from '../monitor/monitor-options.js';
import type { Isolation } from '../stores/isolation.js';
import type { EvictionPolicyName } from '../stores/memory/eviction.policy.js';
import type { FarStore } from '../stores/store.js';
import type { Clock } from '../support/clock.js';
import type { Duration, DurationText } from '../support/duration.js';

/** What every cache can be told, whatever its backend. */
export interface CommonOptions extends FreshnessOptions {
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
  /** How `writeBehind` keeps what it has accepted. */
  readonly writeBehind?: WriteBehindOptions | undefined;
  /** Watches the statistics and tells when they become bad; `true` with the defaults. Default: only when asked. */
  readonly monitor?: boolean | MonitorOptions | undefined;
  /** For tests: what comes between the cache and its backend, such as `Faults` of `nestjs-blossom-cache/testing`. Default: nothing. */
  readonly faults?: StoreWrapper | undefined;
}

/** The journal of accepted writes that have not reached their source. */
export interface WriteBehindOptions {
  /**
   * - `'memory'`: lost when the process ends without a shutdown.
   * - `'file'`: survives `kill -9` and a loss of power; delivered when the application starts again.
   * - `'bullmq'`: in the Redis of `@nestjs/bullmq`, shared by all processes; those that are killed are replaced by others.
   *
   * Default: `'file'` where the cache has a `cacheDir`, else `'memory'`.
   */
  readonly journal?: 'memory' | 'file' | 'bullmq' | undefined;
  /** The directory of the journal `'file'`; made if it is missing. Several processes of one machine may share it. Default: `cacheDir`. */
  readonly dir?: string | undefined;
  /** With `'bullmq'`: as given to `BullModule.forRoot(configKey, …)`. Default: its default configuration. */
  readonly configKey?: string | undefined;
  /** How long a shutdown waits for what is pending to be delivered. Default: `'10s'`. */
  readonly flushTimeout?: DurationText | undefined;
}

/** Puts something between a cache and its backend. */
export interface StoreWrapper {
  wrap(store: FarStore): FarStore;
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

/** Where a node of a cluster, or a sentinel, listens: `'host:port'`, a URL, or an object of one of these shapes. */
export type RedisNode =
  | string
  | { readonly host: string; readonly port?: number | undefined }
  | { readonly url: string }
  | { readonly socket: RedisSocket & { readonly host: string } };

/** node-redis's `socket`: with `tls: true` it may hold options of TLS besides. */
export interface RedisSocket extends ConnectionOptions {
  readonly tls?: boolean | undefined;
}

/** Addresses that nodes announce, as `'host:port'`, and where each is reached instead. */
export type RedisNatMap = Readonly<Record<string, { readonly host: string; readonly port: number }>>;

/** A cluster, in words of its own or in those of node-redis (`rootNodes`, `defaults`, `nodeAddressMap`). */
export interface RedisClusterOptions {
  /** Some of its nodes; the others are found by asking them. */
  readonly nodes?: readonly RedisNode[] | undefined;
  /** Where nodes are reached that announce addresses of another network. */
  readonly natMap?: RedisNatMap | undefined;
  /** As `nodes`. */
  readonly rootNodes?: readonly RedisNode[] | undefined;
  /** What holds for every node; may be said beside `cluster` as well. */
  readonly defaults?: RedisClientDefaults | undefined;
  /** As `natMap`. */
  readonly nodeAddressMap?: RedisNatMap | undefined;
}

/** A master that sentinels watch, in the words of ioredis or of node-redis. */
export interface RedisSentinelOptions {
  /** What the sentinels call the master. */
  readonly name: string;
  /** Some of the sentinels. Default port: 26379. */
  readonly sentinels?: readonly RedisNode[] | undefined;
  /** Who the cache is to the sentinels. Default: nobody. */
  readonly sentinelUsername?: string | undefined;
  readonly sentinelPassword?: string | undefined;
  /** Whether connections to the sentinels are encrypted, and how. Default: false. */
  readonly sentinelSsl?: boolean | ConnectionOptions | undefined;
  /** As `sentinels`. */
  readonly sentinelRootNodes?: readonly RedisNode[] | undefined;
  /** What holds for the master; may be said beside `sentinel` as well. */
  readonly nodeClientOptions?: (RedisClientDefaults & { readonly database?: number | undefined }) | undefined;
  /** What holds for the sentinels. */
  readonly sentinelClientOptions?: RedisClientDefaults | undefined;
}

/** What holds for several connections, as node-redis has it. */
export interface RedisClientDefaults {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly socket?: RedisSocket | undefined;
}

/** A client of the application: of node-redis 5 or 6 (cluster and sentinel, too), or of ioredis. */
export type RedisClientLike =
  | { readonly sendCommand: (...args: never[]) => unknown }
  | { readonly call: (...args: never[]) => unknown }
  | { readonly callBuffer: (...args: never[]) => unknown };

/**
 * How a Redis server is reached: by `host` and `port`, or one of `url`, `cluster`, `sentinel` and `client`.
 */
export interface RedisTier {
  /** Default: `'localhost'`. */
  readonly host?: string | undefined;
  /** Default: 6379. */
  readonly port?: number | undefined;
  /** Number of the database; a cluster has none but 0. Default: 0. */
  readonly database?: number | undefined;
  /** Default: none, which is the server's user `default`. */
  readonly username?: string | undefined;
  /** Default: none. */
  readonly password?: string | undefined;
  /** Whether connections are encrypted, and how (certificates, name of the server). Default: false. */
  readonly ssl?: boolean | ConnectionOptions | undefined;
  /**
   * `redis://user:password@host:6379/0`, `rediss://…` for an encrypted connection, `unix:///path/to/socket?db=0`. User
   * and password are percent-encoded.
   */
  readonly url?: string | undefined;
  readonly cluster?: RedisClusterOptions | undefined;
  readonly sentinel?: RedisSentinelOptions | undefined;
  /** The application's own client, which it opens and closes itself. */
  readonly client?: RedisClientLike | undefined;
  /** How long an operation waits for the server before it has failed. Default: `'500ms'`. */
  readonly commandTimeout?: DurationText | undefined;
  /** Megabytes (1,048,576 bytes) of a value at most, serialised; larger ones are refused. Default: 8, at most 512. */
  readonly maxValueMb?: number | undefined;
}

export interface FileCacheOptions extends CommonOptions, FileTier, StoredOptions {
  readonly backend: 'file';
}

/** A Redis server, which processes on several machines share. */
export interface RedisCacheOptions extends CommonOptions, RedisTier, StoredOptions {
  readonly backend: 'redis';
}

/** Memory in front of a store that keeps what memory loses: either of `file` and `redis`. */
export interface HybridCacheOptions extends CommonOptions, StoredOptions {
  readonly backend: 'hybrid';
  readonly memory?: MemoryLimits | undefined;
  readonly file?: FileTier | undefined;
  readonly redis?: RedisTier | undefined;
  /** As in `redis`, over Redis only. */
  readonly commandTimeout?: DurationText | undefined;
  /**
   * How long memory serves what it holds while nothing is heard from the server, over Redis only: then another
   * process may have changed it. More than 0, an hour at most. Default: `'1s'`.
   */
  readonly maxStaleness?: Duration | undefined;
}

/** A store by others. */
export interface ForeignStoreOptions extends CommonOptions, StoredOptions {
  readonly backend: 'cache-manager' | 'keyv';
  /** A Keyv instance, or a store or cache of cache-manager; or a promise of one. */
  readonly store: object;
  /** How long an operation waits for the store before it has failed. Default: `'500ms'`. */
  readonly commandTimeout?: DurationText | undefined;
}

/** Switched off: as `enabled: false`. */
export interface OffOptions extends CommonOptions {
  readonly backend: 'off';
}

/** What `forRoot` takes, told apart by `backend`. */
export type BlossomCacheOptions =
  MemoryCacheOptions | FileCacheOptions | RedisCacheOptions | HybridCacheOptions | ForeignStoreOptions | OffOptions;
