import { CacheService } from './cache.service.js';

/** The token of a named cache or declared namespace; without a name, that of the default cache. */
export function cacheToken(name?: string): symbol | typeof CacheService {
  return name === undefined
    ? CacheService
    : Symbol.for(
        `BlossomCacheModule.forRoot({ name: '${name}' }) or forFeature({ namespace: '${name}' }), which must be imported`,
      );
}
