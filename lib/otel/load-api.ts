import { createRequire } from 'node:module';
import { CacheOptionsError } from '../errors/cache.errors.js';

/** What `@opentelemetry/api` exports. */
export type OtelApi = typeof import('@opentelemetry/api');

/**
 * The package of the application. What is registered with one copy of it all copies know, those of ES modules too.
 * @throws {CacheOptionsError} where there is none: it says what to install.
 */
export function loadApi(): OtelApi {
  const api = load();
  if (typeof api?.metrics?.getMeter === 'function') return api;
  throw new CacheOptionsError(
    'BlossomCacheOtelModule needs the API of OpenTelemetry: install @opentelemetry/api@^1.9.0',
  );
}

function load(): OtelApi | undefined {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as OtelApi;
  } catch {
    return undefined;
  }
}
