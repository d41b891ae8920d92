export {
  BlossomCacheModule,
  type BlossomCacheAsyncOptions,
  type BlossomCacheFeatureOptions,
  type BlossomCacheOptionsFactory,
} from './blossom-cache.module.js';
export { CacheWarmup, type WarmupRun } from './boot/cache-warmup.js';
export { cacheToken } from './cache/cache-token.js';
export type { CacheEntries } from './cache/arguments.js';
export type { CacheHealth } from './cache/cache-health.js';
export { CacheService } from './cache/cache.service.js';
export type { BatchLoader } from './cache/batch.js';
export type { AfterCommitOptions } from './cache/commit/commit-scope.js';
export type { WriteThroughOptions } from './cache/write-through.js';
export type { FreshnessOptions, GetOrSetOptions, SetOptions } from './cache/call-options.js';
export type { LoadContext } from './cache/loading/load-context.js';
export { cacheContext } from './cache/loading/load-scope.js';
export type { Loader } from './cache/loading/load-request.js';
export type { WarmCall, WarmItem, WarmItems } from './cache/warming/warm-items.js';
export type { WarmFailure, WarmOptions, WarmProgress, WarmReport, WarmStop } from './cache/warming/warm-options.js';
export type { ValueType } from './codec/value-type.js';
export { CacheConfig } from './decorators/cache-config.decorator.js';
export { CacheEvict } from './decorators/cache-evict.decorator.js';
export { CachePut } from './decorators/cache-put.decorator.js';
export { CacheTags } from './decorators/cache-tags.decorator.js';
export { Cacheable } from './decorators/cacheable.decorator.js';
export { WriteBehindHandler } from './decorators/write-behind-handler.decorator.js';
export { CacheWarm } from './decorators/cache-warm.decorator.js';
export { InjectCache } from './decorators/inject-cache.decorator.js';
export {
  CacheBackendError,
  CacheError,
  CacheKeyError,
  CacheLoadError,
  CacheOptionsError,
  CacheSerializationError,
  CacheTimeoutError,
  CacheTypeError,
  type CacheErrorCode,
} from './errors/cache.errors.js';
export type { CacheEventMap, CacheEventSource, CacheEventType, CacheListener } from './events/cache-events.js';
export type { CacheStats, TierStats, WriteBehindStats } from './events/cache-stats.js';
export type { Explanation, Outcome } from './events/explanation.js';
export { CacheInterceptor } from './http/cache.interceptor.js';
export { CacheMonitor } from './monitor/cache-monitor.js';
export type { Above, Below, MonitorOptions } from './monitor/monitor-options.js';
export type { MonitorReport, WatchedName } from './monitor/monitor-report.js';
export { monitorToken } from './monitor/monitor-token.js';
export { withCacheOptions, type CallMode, type CallOptions } from './operations/call-scope.js';
export { key } from './operations/key-template.js';
export type {
  CacheableOptions,
  CacheConfigOptions,
  CacheEvictOptions,
  CachePutOptions,
  CacheWarmOptions,
  EntryOf,
  VaryBy,
} from './operations/operation.js';
export { cacheConfigFromEnv, type EnvOptions } from './options/config-from-env.js';
export type {
  BlossomCacheOptions,
  FileCacheOptions,
  FileTier,
  ForeignStoreOptions,
  HybridCacheOptions,
  MemoryCacheOptions,
  MemoryLimits,
  OffOptions,
  RedisCacheOptions,
  RedisClientDefaults,
  RedisClientLike,
  RedisClusterOptions,
  RedisNatMap,
  RedisNode,
  RedisSentinelOptions,
  RedisSocket,
  RedisTier,
  StoredOptions,
  WriteBehindOptions,
} from './options/options.js';
export type { Clock } from './support/clock.js';
export { duration, type Duration, type DurationText } from './support/duration.js';
export type { WriteBehindHandlerOptions } from './write-behind/handler-record.js';
export type { WriteBehindItem } from './write-behind/write-behind.js';
