import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { CacheLog } from '../events/cache-log.js';
import { configOf, recordsOf, type MethodRecord } from '../operations/method-record.js';
import type { CacheRegistry, OpenCache } from './cache-registry.js';
import type { CacheWarmup } from './cache-warmup.js';
import { MethodWarming } from './method-warming.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Runs the methods with `@CacheWarm` of one application when it has been initialised, and stops them when it closes. */
export class WarmupRunner implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private warmings: readonly MethodWarming[] = [];
  private running: Promise<unknown> = Promise.resolve();
  private readonly closing = new AbortController();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly registry: CacheRegistry,
    private readonly warmup: CacheWarmup,
    private readonly log: CacheLog,
  ) {}

  /** @throws {CacheOptionsError} for a method of what there are many of, and for a cache that does not exist. */
  onModuleInit(): void {
    const seen = new Set<object>();
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    this.warmings = wrappers.flatMap((wrapper) => this.find(wrapper, seen));
  }

  async onApplicationBootstrap(): Promise<void> {
    const { signal } = this.closing;
    if (signal.aborted) return;
    const begun = this.warmings.filter(({ enabled }) => enabled);
    const runs = begun.map((warming) => ({ warming, run: warming.run(signal) }));
    this.running = Promise.all(runs.map(({ run }) => run));
    this.warmup.follow(
      begun.map((warming) => () => warming.state),
      this.running,
    );
    await Promise.all(runs.map(({ warming, run }) => (warming.blocking ? warming.holdUp(run) : undefined)));
  }

  /** Others may close in this turn what is loaded from. */
  onModuleDestroy(): void {
    this.closing.abort(new Error('the application closes'));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.running;
  }

  private find(wrapper: Wrapper, seen: Set<object>): MethodWarming[] {
    const instance: unknown = wrapper.instance;
    if (typeof instance !== 'object' || instance === null) return refuseFactory(wrapper);
    // Another token may stand for the same instance.
    if (seen.has(instance)) return [];
    seen.add(instance);
    const type = Object.getPrototypeOf(instance) as object | null;
    if (type === null || type === Object.prototype) return [];
    const records = recordsOf(type).filter(({ warm }) => warm !== undefined);
    if (records.length === 0) return [];
    if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient) throw manyOf(type.constructor.name, records[0]!);
    return records.map((record) => new MethodWarming(instance, record, this.cacheOf(type, record), this.log));
  }

  private cacheOf(type: object, { name, warm, operations }: MethodRecord): OpenCache {
    const config = configOf(type.constructor);
    const cache = warm!.cache ?? operations[0]?.options.cache ?? config.cache;
    const found = this.registry.find(cache);
    if (found !== undefined) return found;
    throw new CacheOptionsError(
      `@CacheWarm on ${type.constructor.name}.${String(name)}: there is no cache named '${cache ?? 'default'}': register it with forRoot`,
    );
  }
}

/** What a factory makes for each request, or each place of use, is not there to be run. */
function refuseFactory({ token, isNotMetatype }: Wrapper): [] {
  if (!isNotMetatype || typeof token !== 'function') return [];
  const record = recordsOf((token.prototype as object | undefined) ?? {}).find(({ warm }) => warm !== undefined);
  if (record === undefined) return [];
  throw manyOf(token.name, record);
}

function manyOf(type: string, { name }: MethodRecord): CacheOptionsError {
  return new CacheOptionsError(
    `@CacheWarm on ${type}.${String(name)}: ${type} is made for each request or place of use: move the method to a provider that there is one of`,
  );
}
