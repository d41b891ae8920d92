import { Module, type DynamicModule } from '@nestjs/common';
import { CacheRegistry } from '../boot/cache-registry.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import { loadApi } from './load-api.js';
import { resolveOtel, type OtelOptions } from './otel-options.js';
import { OtelWatcher } from './otel-watcher.js';

/**
 * Tells OpenTelemetry what all caches of the application do: metrics from their statistics, spans of loads and of calls of their
 * backends. Imported once, beside `BlossomCacheModule`. It needs `@opentelemetry/api`; the application brings the SDK.
 */
@Module({})
export class BlossomCacheOtelModule {
  /** @throws {CacheOptionsError} for options that cannot be meant; the boot stops with one where a package is missing. */
  static forRoot(options: OtelOptions = {}): DynamicModule {
    const resolved = resolveOtel(options);
    const watcher = {
      provide: OtelWatcher,
      inject: [{ token: CacheRegistry, optional: true }],
      useFactory: (caches: CacheRegistry | undefined) => new OtelWatcher(loadApi(), resolved, present(caches)),
    };
    return { module: BlossomCacheOtelModule, providers: [watcher] };
  }
}

function present(caches: CacheRegistry | undefined): CacheRegistry {
  if (caches !== undefined) return caches;
  throw new CacheOptionsError('BlossomCacheOtelModule: there is no cache: import BlossomCacheModule.forRoot()');
}
