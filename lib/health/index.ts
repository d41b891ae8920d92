export { BlossomCacheHealthIndicator, type CacheHealthOptions } from './cache-health.indicator.js';
