import type { Provider, Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach } from 'vitest';
import { BlossomCacheModule, CacheService, type MemoryCacheOptions } from '../../../lib/index.js';

const apps: TestingModule[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

/** An initialised application with a default cache; it is closed after the test. */
export async function boot(providers: Provider[], options: MemoryCacheOptions = {}): Promise<TestingModule> {
  const app = await Test.createTestingModule({ imports: [BlossomCacheModule.forRoot(options)], providers }).compile();
  apps.push(app);
  return app.init();
}

/** The same around one service. */
export async function start<T>(
  type: Type<T>,
  options: MemoryCacheOptions = {},
): Promise<{ service: T; cache: CacheService }> {
  const app = await boot([type], options);
  return { service: app.get(type), cache: app.get(CacheService) };
}
