import type { CachePutOptions } from '../operations/operation.js';
import { checkPut } from './check-options.js';
import { addOperation } from './decorate-method.js';
import type { CacheMethodDecorator, Known } from './signatures.js';

/**
 * Always runs the body and stores what it returns, under a key of its own or (`of`) as the entry of another
 * method. If the entry was changed by anybody else while the body ran, it is removed instead: nobody can say
 * which of the two values is the newer one.
 */
export function CachePut<const O extends CachePutOptions>(
  options: O & Known<O, CachePutOptions>,
): CacheMethodDecorator<O> {
  const checked = checkPut(options);
  return (target, key, descriptor) =>
    addOperation('@CachePut', { kind: 'put', options: checked }, target, key, descriptor);
}
