import { inspect } from 'node:util';
import { expect } from 'vitest';
import { CacheOptionsError } from '../../../lib/errors/cache.errors.js';
import type { BlossomCacheOptions } from '../../../lib/options/options.js';
import { resolveOptions, type ResolvedOptions } from '../../../lib/options/resolve-options.js';
import type { RedisPlace, RedisStoreOptions } from '../../../lib/stores/redis/redis-options.js';

/** What every password here holds, and no error may. */
export const SECRET = 'hunter2';

export const resolve = (options: object): ResolvedOptions => resolveOptions(options as BlossomCacheOptions);

export const redis = (options: object): RedisStoreOptions =>
  resolve({ backend: 'redis', ...options }).tiers.redis!.store;

export const place = (options: object): RedisPlace => redis(options).place;

/** The one error there has to be, which tells no secret, neither in its message nor in anything else. */
export function errorOf(make: () => unknown): CacheOptionsError {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(inspect(error, { depth: 9 })).not.toContain(SECRET);
    return error as CacheOptionsError;
  }
  throw new Error('there was no error');
}
