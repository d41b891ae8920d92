/** What labels of metrics and attributes of spans are called where OpenTelemetry has no name for them. */
export const CACHE_NAME = 'blossom.cache.name';
/** `memory`, `redis`, `file`, `keyv`, `cache-manager`. */
export const TIER = 'blossom.cache.tier';
/** `hit` or `miss`. */
export const RESULT = 'blossom.cache.result';
/** `success` or `failure`. */
export const LOAD_OUTCOME = 'blossom.cache.load.outcome';
/** `size` or `bytes`. */
export const EVICTION_CAUSE = 'blossom.cache.eviction.cause';
/** `getOrSet`, … or the `Class.method` of a decorated call. */
export const OPERATION = 'blossom.cache.operation';
export const BATCH_SIZE = 'blossom.cache.batch.size';
/** Shown when asked for alone. */
export const NAMESPACE = 'blossom.cache.namespace';
/** Shown when asked for alone. */
export const KEYS = 'blossom.cache.keys';
