import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { BlossomCacheModule, CacheService, InjectCache } from '../../../lib/index.js';
import {
  BlossomCacheTestingModule,
  FakeClock,
  TestCaches,
  type BlossomCacheTestingOptions,
} from '../../../lib/testing/index.js';
import { compiled, testing, Users } from './testing-rig.js';

describe('BlossomCacheTestingModule', () => {
  it('caches in memory, on a clock that stands still until it is told to go on', async () => {
    const app = await testing([BlossomCacheTestingModule.forRoot()]);
    const users = app.get(Users);
    await users.findOne(1);
    await users.findOne(1);
    expect(users.asked).toBe(1);
    app.get(TestCaches).clock.advance(10_000);
    await users.findOne(1);
    expect(users.asked).toBe(2);
  });

  it('has named caches and namespaces, with options of their own or those of all', async () => {
    @Injectable()
    class Everything {
      constructor(
        @InjectCache('sessions') readonly sessions: CacheService,
        @InjectCache('reports') readonly reports: CacheService,
        @InjectCache('plans') readonly plans: CacheService,
        @InjectCache('drafts') readonly drafts: CacheService,
      ) {}
    }
    @Module({ providers: [Everything] })
    class Feature {}
    const app = await testing([
      BlossomCacheTestingModule.forRoot({
        ttl: '1m',
        caches: ['sessions', { name: 'reports', ttl: '2m' }],
        namespaces: ['plans', { namespace: 'drafts', cache: 'reports', ttl: '3m' }],
      }),
      Feature,
    ]);
    const { sessions, reports, plans, drafts } = app.get(Everything);
    for (const cache of [sessions, reports, plans, drafts]) await cache.set('k', 1);
    const seconds = await Promise.all([sessions, reports, plans, drafts].map((cache) => cache.ttl('k')));
    expect(seconds).toEqual([60, 120, 60, 180]);
    expect([drafts.cacheName, drafts.namespaceName]).toEqual(['reports', 'drafts']);
  });

  it('goes by the clock that it is given', async () => {
    const clock = new FakeClock(7);
    const app = await testing([BlossomCacheTestingModule.forRoot({ clock })]);
    expect(app.get(TestCaches).clock).toBe(clock);
    await app.get(CacheService).set('k', 1, { ttl: '1s' });
    clock.advance(1_000);
    expect(await app.get(CacheService).get('k')).toBeUndefined();
    const other = await testing([BlossomCacheTestingModule.forRoot({ clock: { now: () => 5 } })]);
    expect(() => other.get(TestCaches).clock).toThrow('not a FakeClock');
  });

  it('takes the place of a module of the application that sets up its caches', async () => {
    @Module({ imports: [BlossomCacheModule.forRoot({ backend: 'redis', host: '192.0.2.1' })] })
    class CacheSetupModule {}
    @Module({ imports: [CacheSetupModule], providers: [Users] })
    class AppModule {}
    const app = await compiled(
      Test.createTestingModule({ imports: [AppModule] })
        .overrideModule(CacheSetupModule)
        .useModule(BlossomCacheTestingModule.forRoot()),
    );
    const users = app.get(Users);
    await users.findOne(1);
    await users.findOne(1);
    expect(users.asked).toBe(1);
  });

  it.each<[string, object, string]>([
    ['a mode that there is not', { mode: 'broken' }, 'mode must be one of normal, always-miss, failing'],
    ['an unknown option', { maxsize: 3 }, 'maxsize'],
    ['caches that are no list', { caches: 'sessions' }, 'caches must be an array'],
    ['a namespace without a name', { namespaces: [''] }, 'namespace must be a string'],
    ['a cache twice', { caches: ['a', 'a'] }, "called 'a' already"],
  ])('refuses %s', async (_what, options, message) => {
    const building = (async () =>
      testing([BlossomCacheTestingModule.forRoot(options as BlossomCacheTestingOptions)]))();
    await expect(building).rejects.toThrow(message);
  });
});

describe('the mode', () => {
  async function withCaches(options: BlossomCacheTestingOptions = {}): Promise<{
    readonly caches: TestCaches;
    readonly cache: CacheService;
    readonly users: Users;
  }> {
    const app = await testing([BlossomCacheTestingModule.forRoot(options)]);
    return { caches: app.get(TestCaches), cache: app.get(CacheService), users: app.get(Users) };
  }

  it('always-miss: every read misses, every load runs, nothing is stored', async () => {
    const { users, cache } = await withCaches({ mode: 'always-miss' });
    await users.findOne(1);
    await users.findOne(1);
    await users.rename(1, 'Grace');
    expect(await users.findOne(1)).toEqual({ id: 1, name: 'Ada' });
    expect(users.asked).toBe(3);
    await cache.set('k', 1);
    await cache.setMany({ l: 1 });
    expect(await cache.getMany(['k', 'l'])).toEqual(new Map());
    expect([await cache.add('k', 1), await cache.add('k', 1)]).toEqual([true, true]);
    expect([await cache.getSet('k', 1), await cache.take('k'), await cache.touch('k', '1m')]).toEqual([
      undefined,
      undefined,
      false,
    ]);
    expect([await cache.increment('n', 2), await cache.increment('n', 2)]).toEqual([2, 2]);
    expect([await cache.delete('k'), await cache.deleteMany(['k', 'l']), await cache.exists('k')]).toEqual([
      false,
      0,
      false,
    ]);
    expect(await cache.getOrSetMany(['a'], () => ({ a: 1 }))).toEqual(new Map([['a', 1]]));
    expect(await cache.getStats()).toMatchObject({ hits: 0, sets: 0, deletes: 0, errors: 0, size: 0 });
  });

  it('always-miss: callers at the same time share one load', async () => {
    const { cache } = await withCaches({ mode: 'always-miss' });
    let loads = 0;
    const load = async (): Promise<number> => (loads += 1);
    expect(await Promise.all([cache.getOrSet('k', load), cache.getOrSet('k', load)])).toEqual([1, 1]);
    expect(await cache.getOrSet('k', load)).toBe(2);
  });

  it('always-miss, then normal: what was there is served, but nothing that was changed meanwhile', async () => {
    const { cache, caches } = await withCaches();
    const keys = [
      'kept',
      'set',
      'many',
      'added',
      'swapped',
      'loaded',
      'counted',
      'touched',
      'deleted',
      'taken',
      'tagged',
    ];
    for (const key of keys) await cache.set(key, 0, { tags: [key] });
    const cleared = cache.namespace('cleared');
    await cleared.set('k', 0);
    caches.mode = 'always-miss';
    expect(await cache.getMany(keys)).toEqual(new Map());
    await cache.set('set', 1);
    await cache.setMany({ many: 1 });
    await cache.add('added', 1);
    await cache.getSet('swapped', 1);
    expect(await cache.getOrSet('loaded', () => 1)).toBe(1);
    await cache.increment('counted');
    await cache.touch('touched', '1m');
    await cache.delete('deleted');
    await cache.take('taken');
    await cache.invalidateTags(['tagged']);
    await cleared.clear();
    caches.mode = 'normal';
    expect(await cache.getMany(keys)).toEqual(new Map([['kept', 0]]));
    expect(await cleared.get('k')).toBeUndefined();
  });

  it('failing: an outage; then normal again without a restart', async () => {
    const { users, cache, caches } = await withCaches();
    const told: string[] = [];
    cache.events.on('outage', () => told.push('outage'));
    cache.events.on('recovery', () => told.push('recovery'));
    await users.findOne(1);
    caches.mode = 'failing';
    await users.findOne(1);
    await users.findOne(1);
    expect([users.asked, told]).toEqual([3, ['outage']]);
    await users.rename(1, 'Grace');
    await expect(cache.increment('n')).rejects.toMatchObject({ code: 'CACHE_BACKEND' });
    caches.mode = 'normal';
    await caches.clock.pass(2_000);
    expect(told).toEqual(['outage', 'recovery']);
    await users.findOne(1);
    await users.findOne(1);
    expect([users.asked, caches.mode]).toEqual([4, 'normal']);
    expect(await cache.increment('n')).toBe(1);
  });

  it('does not take back faults that a test has added, nor do they take back the mode', async () => {
    const { cache, caches } = await withCaches();
    caches.faults.add({ on: 'increment', fault: { kind: 'throw' } });
    caches.mode = 'always-miss';
    caches.mode = 'normal';
    await expect(cache.increment('n')).rejects.toThrow('a fault was asked for');
    caches.mode = 'always-miss';
    caches.faults.heal();
    await cache.set('k', 1);
    expect(await cache.get('k')).toBeUndefined();
  });
});
