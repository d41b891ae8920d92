import type { CacheableOptions } from '../operations/operation.js';
import { checkCacheable } from './check-options.js';
import { addOperation } from './decorate-method.js';
import type { CacheMethodDecorator, Known } from './signatures.js';

/**
 * Answers a call with what an equal call returned before, for as long as that is fresh; concurrent calls for
 * one entry run the body once. The body's own error reaches the caller as thrown and is not cached.
 */
export function Cacheable<const O extends CacheableOptions>(
  options?: Known<O, CacheableOptions>,
): CacheMethodDecorator<O> {
  const checked = checkCacheable(options ?? {});
  return (target, key, descriptor) =>
    addOperation('@Cacheable', { kind: 'cacheable', options: checked }, target, key, descriptor);
}
