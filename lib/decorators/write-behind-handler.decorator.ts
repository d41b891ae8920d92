import { CacheOptionsError } from '../errors/cache.errors.js';
import { defineHandler, readHandler, type WriteBehindHandlerOptions } from '../write-behind/handler-record.js';
import type { WriteBehindItem } from '../write-behind/write-behind.js';

/** Decorates a method that can handle a queue. */
type HandlerDecorator<T> = <M extends (items: WriteBehindItem<T>[]) => Promise<unknown>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

/**
 * Has a method of a provider write what `writeBehind(queue, …)` has accepted: it gets batches of `{ id, key, value }`, those of one key
 * in order, and writes them to their source. When it resolves they are done; when it rejects they are tried again. So an item may
 * come more than once, with the same `id`: to be exact, record ids in the transaction that writes. Values are not to be changed.
 */
export function WriteBehindHandler<T = any>(
  queue: string,
  options: WriteBehindHandlerOptions<T> = {},
): HandlerDecorator<T> {
  return (target, key, descriptor) => {
    if (typeof target === 'function' || typeof (descriptor as PropertyDescriptor | undefined)?.value !== 'function') {
      throw new CacheOptionsError(
        `@WriteBehindHandler('${queue}') on ${String(key)}: it must be a method of an instance`,
      );
    }
    defineHandler(target, readHandler(queue, key, options));
  };
}
