import type { OnModuleInit } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { CacheLog } from '../events/cache-log.js';
import { bind, bindingOf, bindingSlot } from '../operations/binding.js';
import type { CallExecutor } from '../operations/call-executor.js';
import { configOf, recordsOf, type MethodRecord } from '../operations/method-record.js';
import type { CacheRegistry } from './cache-registry.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * Looks at everything an application consists of, once, before any other module initialises: binds the
 * instances that Nest did not construct itself, and reports decorators that make no sense.
 */
export class InstanceBinder implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly registry: CacheRegistry,
    private readonly executor: CallExecutor,
    private readonly log: CacheLog,
  ) {}

  /** @throws {CacheOptionsError} for a class name used twice, an eviction without target and the like. */
  onModuleInit(): void {
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) this.visit(wrapper);
  }

  private visit(wrapper: Wrapper): void {
    const instance: unknown = wrapper.instance;
    if (typeof instance !== 'object' || instance === null) return this.warnOfFactory(wrapper);
    const type = Object.getPrototypeOf(instance) as object | null;
    if (type === null || type === Object.prototype) return;
    this.assertCache(type);
    const records = recordsOf(type).filter(({ operations }) => operations.length > 0);
    if (records.length === 0 || !this.bindAll(instance, type, records)) return;
    for (const record of records) this.executor.plan(record, instance);
    if (!wrapper.isDependencyTreeStatic()) this.warnOfSharing(type, records);
  }

  /** @throws {CacheOptionsError} for a class that is to be cached where there is no cache. */
  private assertCache(type: object): void {
    const { cache } = configOf(type.constructor);
    if (cache === undefined || this.registry.find(cache) !== undefined) return;
    throw new CacheOptionsError(
      `${type.constructor.name}: there is no cache named '${cache}': register it with forRoot`,
    );
  }

  /** What a factory makes for each request, or for each place of use, is not there yet to be bound. */
  private warnOfFactory(wrapper: Wrapper): void {
    const { token } = wrapper;
    if (!wrapper.isNotMetatype || typeof token !== 'function') return;
    const records = recordsOf((token.prototype as object | undefined) ?? {});
    if (!records.some(({ operations }) => operations.length > 0)) return;
    this.log.warnOnce(
      `unbound ${token.name}`,
      `${token.name} is not cached: a factory makes one for each request or use`,
    );
  }

  /** Whether the instance is bound to every cache that its methods use. */
  private bindAll(instance: object, type: object, records: readonly MethodRecord[]): boolean {
    const caches = new Set(records.flatMap(({ operations }) => operations.map(({ options }) => options.cache)));
    return [...caches].every((cache) => {
      const slot = bindingSlot(cache);
      if (bindingOf(instance, slot) !== undefined) return true;
      const found = this.registry.find(cache ?? configOf(type.constructor).cache);
      if (found !== undefined && bind(instance, slot, found.binding)) return true;
      const why = found === undefined ? `there is no cache named '${cache ?? 'default'}'` : 'the instance is frozen';
      this.log.warnOnce(`unbound ${type.constructor.name}`, `${type.constructor.name} is not cached: ${why}`);
      return false;
    });
  }

  /** What one request left in `this` can be in the answer that another one is given. */
  private warnOfSharing(type: object, records: readonly MethodRecord[]): void {
    const shared = records.some(({ operations }) =>
      operations.some(({ kind, options }) => {
        if (kind !== 'cacheable' || options.key !== undefined) return false;
        const config = configOf(type.constructor);
        const cacheWide = this.registry.find(options.cache ?? config.cache)?.options.varyBy;
        return (options.varyBy ?? config.varyBy ?? cacheWide) === undefined;
      }),
    );
    if (!shared) return;
    const { name } = type.constructor;
    this.log.warnOnce(
      `request-scoped ${name}`,
      `${name} is request-scoped and cached by its arguments alone: if its answers depend on the request, give it a key or varyBy`,
    );
  }
}
