import type { Provider } from '@nestjs/common';
import { APP_INTERCEPTOR, DiscoveryService, HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { CacheRegistry, type OpenCache } from './boot/cache-registry.js';
import { CacheWarmup } from './boot/cache-warmup.js';
import { InstanceBinder } from './boot/instance-binder.js';
import { WriteHandlers } from './boot/write-handlers.js';
import { WarmupRunner } from './boot/warmup-runner.js';
import { nameOf } from './cache/arguments.js';
import type { NamespaceDefaults } from './cache/call-policy.js';
import type { CacheService } from './cache/cache.service.js';
import { cacheToken } from './cache/cache-token.js';
import { CacheLog } from './events/cache-log.js';
import { CacheableHandlerInterceptor } from './http/cache.interceptor.js';
import { HandlerCache } from './http/handler-cache.js';
import { IdentityRule } from './http/identity-rule.js';
import { monitorToken } from './monitor/monitor-token.js';
import { bindingSlot } from './operations/binding.js';
import { CallExecutor } from './operations/call-executor.js';
import { ClassNames } from './operations/class-names.js';
import { methodKey } from './operations/method-key.js';
import type { BlossomCacheOptions } from './options/options.js';
import { resolveOptions } from './options/resolve-options.js';
import { CacheOptionsError } from './errors/cache.errors.js';

/** What all caches of an application share. */
export const coreProviders: Provider[] = [
  CacheLog,
  ClassNames,
  { provide: CallExecutor, inject: [CacheLog, ClassNames], useFactory: (log, names) => new CallExecutor(log, names) },
  {
    provide: CacheRegistry,
    inject: [CacheLog, CallExecutor],
    useFactory: (log, executor) => new CacheRegistry(log, executor, methodKey),
  },
  {
    provide: InstanceBinder,
    inject: [DiscoveryService, CacheRegistry, CallExecutor, CacheLog],
    useFactory: (discovery, registry, executor, log) => new InstanceBinder(discovery, registry, executor, log),
  },
  CacheWarmup,
  {
    provide: WarmupRunner,
    inject: [DiscoveryService, CacheRegistry, CacheWarmup, CacheLog],
    useFactory: (discovery, registry, warmup, log) => new WarmupRunner(discovery, registry, warmup, log),
  },
  {
    provide: WriteHandlers,
    inject: [DiscoveryService, CacheRegistry, ModuleRef],
    useFactory: (discovery, registry, moduleRef) => new WriteHandlers(discovery, registry, moduleRef),
  },
  {
    provide: HandlerCache,
    inject: [CacheRegistry, ModuleRef, HttpAdapterHost, CacheLog],
    useFactory: (registry, moduleRef, host, log) => new HandlerCache(registry, new IdentityRule(moduleRef), host, log),
  },
  { provide: APP_INTERCEPTOR, useClass: CacheableHandlerInterceptor },
];

/** The token of the options of a cache as they were given. */
export function optionsToken(name?: string): symbol {
  return Symbol.for(`nestjs-blossom-cache:options:${name ?? ''}`);
}

/** One cache: opened from its options, injected as a service, bound to decorated instances. */
export function cacheProviders(name: string | undefined, isGlobal: boolean, options: Provider): Provider[] {
  const opened = Symbol.for(`nestjs-blossom-cache:opened:${name ?? ''}`);
  return [
    options,
    {
      provide: opened,
      inject: [optionsToken(name), CacheRegistry],
      useFactory: (given: unknown, registry: CacheRegistry) =>
        registry.open(resolveOptions(consistent(given, name, isGlobal))),
    },
    { provide: cacheToken(name), inject: [opened], useFactory: ({ service }: OpenCache) => service },
    { provide: monitorToken(name), inject: [opened], useFactory: ({ monitor }: OpenCache) => monitor },
    { provide: bindingSlot(name), inject: [opened], useFactory: ({ binding }: OpenCache) => binding },
  ];
}

/** One namespace of a cache, injected under its own name. */
export function namespaceProvider(cache: string | undefined, namespace: string, defaults: NamespaceDefaults): Provider {
  return {
    provide: cacheToken(namespace),
    inject: [cacheToken(cache), CacheRegistry],
    useFactory: (service: CacheService, registry: CacheRegistry) => {
      registry.declareNamespace(namespace);
      const declared = service.namespace(namespace);
      declared.setDefaults(defaults, 'forFeature');
      return declared;
    },
  };
}

/** Name and reach have to be known before options made by a factory are; what they say must not contradict it. */
function consistent(given: unknown, name: string | undefined, isGlobal: boolean): BlossomCacheOptions {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new CacheOptionsError(
      `BlossomCacheModule: a factory must return options, {} for the defaults; got ${nameOf(given)}`,
    );
  }
  const options = { name, isGlobal, ...given } as BlossomCacheOptions;
  for (const [option, known] of Object.entries({ name, isGlobal })) {
    const said = options[option as 'name' | 'isGlobal'];
    if (said === known) continue;
    const given = `${option}: ${typeof said === 'string' ? `'${said}'` : String(said)}`;
    throw new CacheOptionsError(
      `BlossomCacheModule: ${option} has to be known before a factory runs: give it to forRootAsync({ ${given}, … })`,
    );
  }
  return options;
}
