import { describe, expect, it, vi } from 'vitest';
import { BlossomCacheModule, CacheService, CacheTimeoutError, type BlossomCacheOptions } from '../../../lib/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { boot } from './module-rig.js';

async function cacheOf(options: BlossomCacheOptions): Promise<CacheService> {
  return (await boot([BlossomCacheModule.forRoot(options)])).app.get(CacheService);
}

describe('the clock of a cache', () => {
  it('is what expires its entries', async () => {
    const clock = new FakeClock();
    const cache = await cacheOf({ ttl: 10, clock });
    await cache.set('a', 1);
    clock.advance(9_999.5);
    expect(await cache.get('a')).toBe(1);
    expect(await cache.ttl('a')).toBeCloseTo(0.0005, 6);
    clock.advance(0.5);
    expect(await cache.get('a')).toBeUndefined();
  });

  it('may know nothing but now()', async () => {
    let now = 5;
    const cache = await cacheOf({ ttl: 10, clock: { now: () => now } });
    await cache.setMany({ a: 1, b: 2 });
    now += 9_999;
    expect(await cache.get('a')).toBe(1);
    now += 1;
    expect(await cache.get('a')).toBeUndefined();
    expect((await cache.getStats()).size).toBe(0);
  });

  it('may begin at zero', async () => {
    const clock = new FakeClock(0);
    const cache = await cacheOf({ clock });
    await cache.set('a', 1, { ttl: '1s' });
    expect(await cache.get('a')).toBe(1);
    clock.advance(1_000);
    expect(await cache.get('a')).toBeUndefined();
  });

  it('by default is not moved by a step of the wall clock', async () => {
    const cache = await cacheOf({ ttl: '1h' });
    await cache.set('a', 1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7_200_000 });
    try {
      expect(await cache.get('a')).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('reclaims what expired without anybody reading it, and stops doing so with the application', async () => {
    const clock = new FakeClock();
    const { app } = await boot([BlossomCacheModule.forRoot({ ttl: 10, clock })]);
    const cache = app.get(CacheService);
    const expired: string[] = [];
    cache.events.on('expire', ({ key }) => expired.push(key));
    await cache.setMany({ a: 1, b: 2 });
    clock.advance(12_000);
    expect(expired.toSorted()).toEqual(['a', 'b']);
    await cache.set('c', 3);
    expect(clock.pending).toBe(1);
    await app.close();
    expect(clock.pending).toBe(0);
  });
});

describe('ttl', () => {
  it('Infinity: never expires', async () => {
    const clock = new FakeClock();
    const cache = await cacheOf({ ttl: Infinity, clock });
    await cache.set('a', 1);
    await cache.set('b', 1, { ttl: 1 });
    expect([await cache.ttl('a'), await cache.ttl('b')]).toEqual([Infinity, 1]);
    clock.advance(1e15);
    expect([await cache.get('a'), await cache.get('b')]).toEqual([1, undefined]);
  });

  it('Infinity with jitter is Infinity', async () => {
    const cache = await cacheOf({ ttl: Infinity, ttlJitter: '1m', clock: new FakeClock() });
    await cache.set('a', 1);
    expect(await cache.ttl('a')).toBe(Infinity);
  });

  it('0: what has no ttl of its own is not stored', async () => {
    const cache = await cacheOf({ ttl: 0 });
    await cache.set('a', 1);
    await cache.set('b', 1, { ttl: 1 });
    expect([await cache.get('a'), await cache.get('b')]).toEqual([undefined, 1]);
  });

  it('of years does not overflow the timers', async () => {
    const clock = new FakeClock();
    const cache = await cacheOf({ ttl: '3650d', clock });
    await cache.set('a', 1);
    clock.advance(3_600 * 24 * 365 * 1_000);
    expect(await cache.get('a')).toBe(1);
    expect(clock.pending).toBe(1);
  });
});

describe('a timeout', () => {
  it('of more days than a timer of Node can count is as long as it says', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const cache = await cacheOf({});
      const days = 86_400_000;
      const failed = vi.fn();
      cache.getOrSet('a', () => new Promise(() => {}), { hardTimeout: '60d' }).catch(failed);
      await vi.advanceTimersByTimeAsync(60 * days - 1);
      expect(failed).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(failed.mock.calls).toEqual([[expect.any(CacheTimeoutError)]]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('ttlJitter', () => {
  it('spreads expiries between the ttl and the ttl with all of the jitter', async () => {
    const cache = await cacheOf({ ttl: 100, ttlJitter: 20, clock: new FakeClock() });
    const keys = Array.from({ length: 500 }, (_, i) => `k${i}`);
    await cache.setMany(keys.map((key) => [key, 1] as const));
    const left = (await Promise.all(keys.map((key) => cache.ttl(key)))).map((ttl) => ttl!);
    expect(Math.min(...left)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...left)).toBeLessThan(120);
    expect(Math.max(...left) - Math.min(...left)).toBeGreaterThan(15);
    expect(new Set(left).size).toBeGreaterThan(400);
  });

  it.each([
    ['none of it', 0, 100],
    ['all but none', 1 - 2 ** -53, 120],
  ])('%s', async (_what, random, ttl) => {
    const cache = await cacheOf({ ttl: 100, ttlJitter: '20s', clock: new FakeClock() });
    const spy = vi.spyOn(Math, 'random').mockReturnValue(random);
    try {
      await cache.set('a', 1);
      expect(await cache.ttl('a')).toBeCloseTo(ttl, 6);
    } finally {
      spy.mockRestore();
    }
  });

  it('goes on top of a ttl of a single entry and of a load, and stores nothing that a ttl of 0 forbids', async () => {
    const cache = await cacheOf({ ttl: 100, ttlJitter: 20, clock: new FakeClock() });
    const spy = vi.spyOn(Math, 'random').mockReturnValue(0.5);
    try {
      await cache.set('a', 1, { ttl: 1 });
      await cache.getOrSet('b', (context) => (context.setTtl('2s'), 1));
      await cache.set('c', 1, { ttl: 0 });
      expect([await cache.ttl('a'), await cache.ttl('b'), await cache.ttl('c')]).toEqual([11, 12, undefined]);
    } finally {
      spy.mockRestore();
    }
  });

  it('is none by default', async () => {
    const cache = await cacheOf({ ttl: 100, clock: new FakeClock() });
    await cache.set('a', 1);
    expect(await cache.ttl('a')).toBe(100);
  });
});
