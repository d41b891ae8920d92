import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { BlossomCacheModule, type BlossomCacheFeatureOptions } from '../blossom-cache.module.js';
import { cacheToken } from '../cache/cache-token.js';
import type { CacheService } from '../cache/cache.service.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { BlossomCacheOptions, MemoryCacheOptions } from '../options/options.js';
import { eventLogOf } from './calls/event-log.js';
import { TestCaches, type TestCachesOptions } from './test-caches.js';

/** What the caches of a test can be told, as those in memory. */
type CacheOfTestOptions = Omit<MemoryCacheOptions, 'backend' | 'name' | 'isGlobal' | 'clock' | 'faults'>;

/** Another cache beside the default one. */
export interface NamedCacheOfTest extends CacheOfTestOptions {
  readonly name: string;
}

/** The options of all caches of the module, and what caches and namespaces there are. */
export interface BlossomCacheTestingOptions extends CacheOfTestOptions, TestCachesOptions {
  /** Named caches beside the default one: names, or names with options of their own. Default: none. */
  readonly caches?: readonly (string | NamedCacheOfTest)[] | undefined;
  /** Namespaces that would have been declared by `forFeature`; each can be injected everywhere. Default: none. */
  readonly namespaces?: readonly (string | BlossomCacheFeatureOptions)[] | undefined;
}

/** The {@link TestCaches} of one application, in a module of their own: the caches are made from them. */
@Module({})
class TestCachesModule {}

/**
 * Takes the place of `BlossomCacheModule.forRoot()` in a test: the same caches, in memory, on a clock that stands still.
 * `app.get(TestCaches)` has the clock, the mode and the faults, all of which may be changed while the application runs.
 */
@Module({})
export class BlossomCacheTestingModule {
  /** @throws {CacheOptionsError} for what cannot be meant; the rest is reported at boot. */
  static forRoot(options: BlossomCacheTestingOptions = {}): DynamicModule {
    const { clock, mode, caches = [], namespaces = [], ...common } = options;
    const all: BlossomCacheOptions[] = [common];
    for (const cache of list(caches, 'caches')) {
      all.push({ ...common, ...(typeof cache === 'string' ? { name: cache } : cache) });
    }
    const kit = kitModule({ clock, mode });
    const features = list(namespaces, 'namespaces').map((namespace) =>
      BlossomCacheModule.forFeature(typeof namespace === 'string' ? { namespace } : namespace),
    );
    return {
      module: BlossomCacheTestingModule,
      global: true,
      imports: [kit, ...all.map((cache) => cacheModule(cache, kit)), ...features],
      providers: [recording(all.map(({ name }) => name))],
      exports: [kit, ...features],
    };
  }
}

/** Made anew for every application, even if several import the same module. */
function kitModule(options: TestCachesOptions): DynamicModule {
  const provider = { provide: TestCaches, useFactory: () => new TestCaches(options) };
  return { module: TestCachesModule, providers: [provider], exports: [TestCaches] };
}

function cacheModule(options: BlossomCacheOptions, kit: DynamicModule): DynamicModule {
  return BlossomCacheModule.forRootAsync({
    name: options.name,
    imports: [kit],
    inject: [TestCaches],
    useFactory: (caches: TestCaches) => ({ ...options, clock: caches.time, faults: caches }),
  });
}

/** What is expected of a cache is counted from its first moment. */
function recording(names: readonly (string | undefined)[]): Provider {
  return {
    provide: Symbol('what the caches of a test do'),
    inject: names.map((name) => cacheToken(name)),
    useFactory: (...caches: CacheService[]) => caches.map((cache) => eventLogOf(cache)),
  };
}

function list<T>(value: readonly T[], option: string): readonly T[] {
  if (Array.isArray(value)) return value;
  throw new CacheOptionsError(`BlossomCacheTestingModule: ${option} must be an array; got ${typeof value}`);
}
