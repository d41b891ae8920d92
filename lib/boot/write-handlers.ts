import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleInit } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { ProviderLookup } from '../write-behind/backing.js';
import { handlersOf, type HandlerRecord } from '../write-behind/handler-record.js';
import type { WriteBehindItem } from '../write-behind/write-behind.js';
import type { CacheRegistry } from './cache-registry.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Connects the methods that carry `@WriteBehindHandler` with the queues of their caches, for as long as the application runs. */
export class WriteHandlers implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly registry: CacheRegistry,
    private readonly providers: ProviderLookup,
  ) {}

  /** @throws {CacheOptionsError} for a queue with two handlers, or one of which Nest makes many instances. */
  async onModuleInit(): Promise<void> {
    const seen = new Set<unknown>();
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      // Another token may stand for the same instance.
      const one: unknown = wrapper.instance ?? wrapper;
      if (seen.has(one)) continue;
      seen.add(one);
      await this.visit(wrapper);
    }
  }

  /** What an earlier run left behind is delivered once everything it may need is there. */
  async onApplicationBootstrap(): Promise<void> {
    await Promise.all(this.registry.all().map(({ behind }) => behind.start()));
  }

  /** While requests are still answered and the database is still there. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.registry.all().map(({ behind }) => behind.flush()));
  }

  private async visit(wrapper: Wrapper): Promise<void> {
    const type = wrapper.metatype as { prototype?: object } | null | undefined;
    const instance: unknown = wrapper.instance;
    const prototype =
      typeof instance === 'object' && instance !== null ? (Object.getPrototypeOf(instance) as object) : type?.prototype;
    if (prototype === undefined || prototype === null) return;
    for (const record of handlersOf(prototype))
      await this.register(record, wrapper, instance as Record<PropertyKey, unknown>);
  }

  private async register(
    record: HandlerRecord,
    wrapper: Wrapper,
    instance: Record<PropertyKey, unknown>,
  ): Promise<void> {
    const { queue, method, cache, settings, onDeadLetter } = record;
    const where = `@WriteBehindHandler('${queue}') on ${wrapper.name}.${String(method)}`;
    if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient) {
      throw new CacheOptionsError(`${where}: there is no one instance of it; make the provider a singleton`);
    }
    const found = this.registry.find(cache);
    if (found === undefined) {
      throw new CacheOptionsError(
        `${where}: there is no cache named '${cache ?? 'default'}': register it with forRoot`,
      );
    }
    const merge = settings.merge?.bind(instance);
    const handler = {
      queue,
      settings: { ...settings, merge },
      write: (items: readonly WriteBehindItem[]) =>
        Reflect.apply(instance[method] as (items: readonly WriteBehindItem[]) => unknown, instance, [items]),
      onDeadLetter: onDeadLetter?.bind(instance),
    };
    await found.behind.register(handler, this.providers);
  }
}
