import type { CacheEvictOptions } from '../operations/operation.js';
import { checkEvict } from './check-options.js';
import { addOperation } from './decorate-method.js';
import type { CacheMethodDecorator, Known } from './signatures.js';

/**
 * Evicts entries once the body has succeeded, before the caller goes on; with `beforeInvocation`, before it
 * runs. What to evict is worked out from the arguments as they were passed. Repeatable.
 */
export function CacheEvict<const O extends CacheEvictOptions>(
  options: O & Known<O, CacheEvictOptions>,
): CacheMethodDecorator<O> {
  const checked = checkEvict(options);
  return (target, key, descriptor) =>
    addOperation('@CacheEvict', { kind: 'evict', options: checked }, target, key, descriptor);
}
