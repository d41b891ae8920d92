import { CacheOptionsError } from '../errors/cache.errors.js';
import { PlanMaker } from './call-plan.js';
import { recordNamed } from './method-record.js';

/**
 * The key under which a call of a method with `@Cacheable` is stored.
 * @throws {CacheOptionsError} for a method that is not decorated with it, or an instance without a cache.
 */
export function methodKey(service: object, method: PropertyKey, args: readonly unknown[]): string {
  const record = recordNamed(Object.getPrototypeOf(service) as object, method);
  const operation = record?.operations.find(({ kind }) => kind === 'cacheable');
  if (record === undefined || operation?.kind !== 'cacheable') {
    throw new CacheOptionsError(
      `keyOf: ${service.constructor.name}.${String(method)} is not decorated with @Cacheable`,
    );
  }
  return new PlanMaker(service).cacheable(operation.options, record).key(service, args);
}
