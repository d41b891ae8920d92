import { CacheRegistry } from '../boot/cache-registry.js';
import { optionsToken } from '../blossom-cache.providers.js';
import { CacheLog } from '../events/cache-log.js';
import { CallExecutor } from '../operations/call-executor.js';
import { methodKey } from '../operations/method-key.js';
import type { BlossomCacheOptions } from '../options/options.js';
import { TestCaches, type TestCachesOptions } from './test-caches.js';
import { TestRegistry } from './test-registry.js';

/** What {@link inMemory} needs of the builder that `Test.createTestingModule` returns. */
export interface OverridesProviders {
  overrideProvider(token: unknown): {
    useFactory(options: { factory: (...args: never[]) => unknown; inject: unknown[] }): unknown;
    useValue(value: unknown): unknown;
  };
}

/** What is different in the test. */
export interface InMemoryOptions extends TestCachesOptions {
  /**
   * Options in the place of the application's own, by the name of the cache; `default` is the one without a name. The
   * factories that would have made them are not called. Default: the application's.
   */
  readonly caches?: Readonly<Record<string, BlossomCacheOptions>> | undefined;
}

/**
 * Makes every cache of the application that is being built keep its entries in memory, whatever its options say:
 * nothing is connected to, and no directory is touched. All else in the options (ttl, grace, `varyBy`, `onError`, …) holds.
 * Values of a cache that would have stored bytes are what decoding gives, so that an instance comes back as it would.
 *
 * ```ts
 * const builder = Test.createTestingModule({ imports: [AppModule] });
 * const caches = inMemory(builder);
 * const app = (await builder.compile()).createNestApplication();
 * ```
 */
export function inMemory(
  builder: OverridesProviders,
  { caches: instead = {}, ...options }: InMemoryOptions = {},
): TestCaches {
  const caches = new TestCaches(options);
  const names = Object.keys(instead).map((name) => (name === 'default' ? undefined : name));
  for (const name of names) {
    builder.overrideProvider(optionsToken(name)).useValue({ ...instead[name ?? 'default'] });
  }
  builder.overrideProvider(CacheRegistry).useFactory({
    inject: [CacheLog, CallExecutor],
    factory: (log: CacheLog, executor: CallExecutor) => new TestRegistry(log, executor, methodKey, caches, names),
  });
  return caches;
}
