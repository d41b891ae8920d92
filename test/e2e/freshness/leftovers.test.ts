import { expect, it } from 'vitest';
import { openCache, rejection, settle } from '../service/service-rig.js';
import { Source } from './freshness-rig.js';

const TERMS = { ttl: 10, grace: 60, softTimeout: '1s', hardTimeout: '2s', refreshAhead: 0.5 } as const;

it('20,000 cold keys at once, half of which fail, leave no timer behind', async () => {
  const { cache, clock } = await openCache({ maxSize: 100_000 });
  const before = clock.pending;
  const loads = Array.from({ length: 20_000 }, (_, i) =>
    cache.getOrSet(
      `k${i}`,
      async () => {
        await settle();
        if (i % 2 === 0) throw new Error('source down');
        return i;
      },
      TERMS,
    ),
  );
  const outcomes = await Promise.allSettled(loads);
  expect(outcomes.filter(({ status }) => status === 'rejected').length).toBe(10_000);
  await cache.clear();
  await cache.getStats();
  expect(clock.pending).toBeLessThanOrEqual(before + 1);
});

it('a load that is slower than everybody waits leaves no timer behind when it is through', async () => {
  const { cache, clock } = await openCache();
  const source = new Source().hangs();
  await cache.set('k', 'old', { ttl: 10, grace: 60 });
  clock.advance(10_000);
  const calls = Array.from({ length: 100 }, () => cache.getOrSet('k', source.load, TERMS));
  await settle();
  clock.advance(1_000);
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['old']));
  clock.advance(1_000);
  source.calls[0]!.resolve('new');
  await settle();
  await cache.delete('k');
  await cache.getStats();
  expect(clock.pending).toBeLessThanOrEqual(1);
});

it('timers of loads under way are stopped when the application closes', async () => {
  const { Module } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const { BlossomCacheModule, CacheService } = await import('../../../lib/index.js');
  const { FakeClock } = await import('../../support/fake-clock.js');
  const clock = new FakeClock();
  class Root {}
  Module({ imports: [BlossomCacheModule.forRoot({ clock })] })(Root);
  const app = await NestFactory.createApplicationContext(Root, { logger: false });
  const cache = app.get(CacheService);
  const source = new Source().hangs();
  const call = rejection(cache.getOrSet('k', source.load, { hardTimeout: '1s' }));
  await settle();
  expect(clock.pending).toBeGreaterThan(0);
  await app.close();
  expect(clock.pending).toBe(0);
  source.calls[0]!.reject(new Error('source down'));
  expect((await call).message).toBe('source down');
});
