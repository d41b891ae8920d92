import { createRequire } from 'node:module';
import { CacheOptionsError } from '../errors/cache.errors.js';

/**
 * At once: who imports this door may be required, and what is required cannot wait.
 * @throws {CacheOptionsError} where it is not installed
 */
export function loadTerminus(): typeof import('@nestjs/terminus') {
  try {
    return createRequire(import.meta.url)('@nestjs/terminus') as typeof import('@nestjs/terminus');
  } catch (cause) {
    throw new CacheOptionsError(
      'nestjs-blossom-cache/health needs Terminus: install @nestjs/terminus@^12 (or ^11 with NestJS 11)',
      { cause },
    );
  }
}
