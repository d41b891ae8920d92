import {
  Global,
  Module,
  type DynamicModule,
  type InjectionToken,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
  type Type,
} from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { assertOptions, nameOf } from './cache/arguments.js';
import { FRESHNESS_OPTIONS, type FreshnessOptions } from './cache/call-options.js';
import { cacheToken } from './cache/cache-token.js';
import { CacheOptionsError } from './errors/cache.errors.js';
import { HandlerCache } from './http/handler-cache.js';
import { monitorToken } from './monitor/monitor-token.js';
import { bindingSlot } from './operations/binding.js';
import type { BlossomCacheOptions } from './options/options.js';
import { cacheProviders, coreProviders, namespaceProvider, optionsToken } from './blossom-cache.providers.js';
import { CacheRegistry } from './boot/cache-registry.js';
import { CacheWarmup } from './boot/cache-warmup.js';
import type { Duration } from './support/duration.js';

/** A provider that makes the options of a cache. */
export interface BlossomCacheOptionsFactory {
  createCacheOptions(): BlossomCacheOptions | Promise<BlossomCacheOptions>;
}

/** Options that other providers have a part in: exactly one of `useFactory`, `useClass` and `useExisting`. */
export interface BlossomCacheAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Name of the cache; without one it is the default cache. */
  readonly name?: string | undefined;
  /** Default: true. */
  readonly isGlobal?: boolean | undefined;
  // `any`: a factory may ask for whatever it injects.
  readonly useFactory?: ((...args: any[]) => BlossomCacheOptions | Promise<BlossomCacheOptions>) | undefined;
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[] | undefined;
  readonly useClass?: Type<BlossomCacheOptionsFactory> | undefined;
  readonly useExisting?: Type<BlossomCacheOptionsFactory> | undefined;
}

export interface BlossomCacheFeatureOptions extends FreshnessOptions {
  /** The cache it is a part of. Default: the default cache. */
  readonly cache?: string | undefined;
  /** Also the name for `@InjectCache`. */
  readonly namespace: string;
  /** Time to live of what is stored in it without one of its own. Default: that of the cache. */
  readonly ttl?: Duration | undefined;
}

/** What all caches of one application share; imported by each of them. */
@Global()
@Module({ imports: [DiscoveryModule], providers: coreProviders, exports: [CacheRegistry, CacheWarmup, HandlerCache] })
class BlossomCacheCoreModule {}

/**
 * Registers caches. `forRoot()` is the default one, in memory; `forRoot({ name })` another beside it. Options
 * that cannot be meant as written stop the boot with a `CacheOptionsError` that names them.
 */
@Module({})
export class BlossomCacheModule {
  static forRoot(options: BlossomCacheOptions = {}): DynamicModule {
    assertObject(options);
    const { name, isGlobal = true } = options;
    return cacheModule(name, isGlobal, [], { provide: optionsToken(name), useValue: options });
  }

  static forRootAsync(options: BlossomCacheAsyncOptions): DynamicModule {
    const known = ['name', 'isGlobal', 'imports', 'inject', 'useFactory', 'useClass', 'useExisting'];
    assertObject(options);
    assertOptions(options, known, 'forRootAsync');
    const { name, isGlobal = true, imports = [] } = options;
    const [provider, ...others] = asyncProviders(options);
    const cache = cacheModule(name, isGlobal, imports, provider!);
    return { ...cache, providers: [...(cache.providers ?? []), ...others] };
  }

  static forFeature(options: BlossomCacheFeatureOptions): DynamicModule {
    assertObject(options);
    assertOptions(options, ['cache', 'namespace', 'ttl', ...FRESHNESS_OPTIONS], 'forFeature');
    const { cache, namespace, ...defaults } = options;
    if (typeof namespace !== 'string' || namespace === '') {
      throw new CacheOptionsError('forFeature: namespace must be a string that is not empty');
    }
    return {
      module: BlossomCacheModule,
      providers: [namespaceProvider(cache, namespace, defaults)],
      exports: [cacheToken(namespace)],
    };
  }
}

function cacheModule(
  name: string | undefined,
  global: boolean,
  imports: ModuleMetadata['imports'] & {},
  options: Provider,
): DynamicModule {
  return {
    module: BlossomCacheModule,
    global,
    imports: [BlossomCacheCoreModule, ...imports],
    providers: cacheProviders(name, global, options),
    exports: [cacheToken(name), bindingSlot(name), monitorToken(name)],
  };
}

function assertObject(options: unknown): void {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  throw new CacheOptionsError(`BlossomCacheModule: options must be an object; got ${nameOf(options)}`);
}

function asyncProviders(options: BlossomCacheAsyncOptions): Provider[] {
  const { name, useFactory, useClass, useExisting, inject = [] } = options;
  const given = [useFactory, useClass, useExisting].filter((way) => way !== undefined);
  if (given.length !== 1) {
    throw new CacheOptionsError('forRootAsync: give exactly one of useFactory, useClass and useExisting');
  }
  if (useFactory !== undefined && typeof useFactory !== 'function') {
    throw new CacheOptionsError(
      `forRootAsync: useFactory must be a function that returns the options; got ${nameOf(useFactory)}`,
    );
  }
  const provide = optionsToken(name);
  if (useFactory !== undefined) return [{ provide, useFactory, inject }];
  const factory = (useExisting ?? useClass)!;
  const made: Provider = {
    provide,
    inject: [factory],
    useFactory: (source: Partial<BlossomCacheOptionsFactory>) => {
      if (typeof source.createCacheOptions === 'function') return source.createCacheOptions();
      throw new CacheOptionsError(
        `forRootAsync: ${nameOf(source)} has no method createCacheOptions, which returns the options`,
      );
    },
  };
  return useClass === undefined ? [made] : [made, useClass];
}
