import { Inject } from '@nestjs/common';
import { cacheToken } from '../cache/cache-token.js';

/** Injects a named cache, or a namespace declared with `forFeature`, as a `CacheService`. */
export function InjectCache(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(cacheToken(name));
}
