import { CacheOptionsError } from '../errors/cache.errors.js';
import type { CacheWarmOptions } from '../operations/operation.js';
import { checkWarm } from './check-options.js';
import { askForCache, openRecord } from './decorate-method.js';

/** A method that can be run without anything of a request. The signal says that the application closes. */
type WarmMethod = (signal: AbortSignal) => unknown;

type WarmDecorator = <M extends WarmMethod>(
  target: object,
  propertyKey: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

/**
 * Runs a method when the application has been initialised. What it returns, promises or generates, entries and calls as
 * `CacheService.warm` takes them, is warmed; one that returns nothing has done its own work, and one that is cached
 * itself is called without arguments. What fails is logged and stops nobody. Only on providers that there is one of:
 * on others the application does not start.
 */
export function CacheWarm(options: CacheWarmOptions = {}): WarmDecorator {
  const checked = checkWarm(options);
  return (target, key, descriptor) => {
    const record = openRecord('@CacheWarm', target, key, descriptor, 'run at boot');
    if (record.warm !== undefined) {
      throw new CacheOptionsError(`@CacheWarm is on ${target.constructor.name}.${String(key)} twice: leave one`);
    }
    record.warm = checked;
    askForCache(target, checked.cache);
  };
}
