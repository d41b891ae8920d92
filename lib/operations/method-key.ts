import type { CacheService } from '../cache/cache.service.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import { PlanMaker } from './call-plan.js';
import { recordNamed } from './method-record.js';

/**
 * The key under which a call of a method with `@Cacheable` is stored.
 * @throws {CacheOptionsError} for a method that is not decorated with it, or an instance without a cache.
 */
export function methodKey(service: object, method: PropertyKey, args: readonly unknown[]): string {
  return methodEntry(service, method, args, 'keyOf').key;
}

/** As {@link methodKey}, and the namespace of which cache it is in. */
export function methodEntry(
  service: object,
  method: PropertyKey,
  args: readonly unknown[],
  asked: string,
): { readonly cache: CacheService; readonly key: string } {
  const record = recordNamed(Object.getPrototypeOf(service) as object, method);
  const operation = record?.operations.find(({ kind }) => kind === 'cacheable');
  if (record === undefined || operation?.kind !== 'cacheable') {
    throw new CacheOptionsError(
      `${asked}: ${service.constructor.name}.${String(method)} is not decorated with @Cacheable`,
    );
  }
  const { cache, key } = new PlanMaker(service).cacheable(operation.options, record);
  return { cache, key: key(service, args) };
}
