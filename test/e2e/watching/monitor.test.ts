import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  CacheMonitor,
  CacheOptionsError,
  CacheService,
  cacheToken,
  monitorToken,
  type BlossomCacheOptions,
  type MonitorOptions,
  type MonitorReport,
} from '../../../lib/index.js';
import { FakeClock, Faults } from '../../../lib/testing/index.js';
import { boot, refusal } from '../module/module-rig.js';

const EVERY = 300_000;

/** A cache that is watched, and what its monitor has told. */
async function watched(monitor: MonitorOptions | true, more: BlossomCacheOptions = {}) {
  const clock = new FakeClock();
  const told: MonitorReport[] = [];
  const onChange = (report: MonitorReport): unknown => told.push(report);
  const options = monitor === true ? true : { onChange, ...monitor };
  const { app, log } = await boot([BlossomCacheModule.forRoot({ clock, ...more, monitor: options })]);
  const cache = app.get(CacheService);
  const window = (): Promise<void> => clock.pass(EVERY);
  return { app, cache, clock, told, log, window, monitor: app.get(CacheMonitor), faults: more.faults };
}

async function misses(cache: CacheService, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await cache.get('nobody');
}

async function hits(cache: CacheService, count: number): Promise<void> {
  await cache.set('k', 1);
  for (let i = 0; i < count; i += 1) await cache.get('k');
}

const states = (told: readonly MonitorReport[]): string[] => told.map(({ watched, state }) => `${watched} ${state}`);

describe('a monitor', () => {
  it('tells once that a value is bad, and once that it is good again', async () => {
    const { cache, told, window, log, monitor } = await watched({ hitRate: { below: 0.8, minSamples: 10 } });
    await hits(cache, 10);
    await window();
    expect(told).toEqual([]);
    for (let i = 0; i < 3; i += 1) {
      await misses(cache, 3);
      await hits(cache, 7);
      await window();
    }
    expect(states(told)).toEqual(['hitRate alarm']);
    expect(monitor.state).toBe('alarm');
    await hits(cache, 10);
    await window();
    await hits(cache, 10);
    await window();
    expect(states(told)).toEqual(['hitRate alarm', 'hitRate ok']);
    expect(monitor.state).toBe('ok');
    expect(told[0]).toMatchObject({ cache: 'default', value: 0.7, limit: 0.8, samples: 10, window: EVERY });
    expect(log.slice(1)).toEqual([
      "WARN cache 'default': hit rate 0.7 is below 0.8 (10 reads in 300 s)",
      "cache 'default': hit rate 1 is not below 0.8 (10 reads in 300 s)",
    ]);
  });

  it('judges what was since the last window, not since the beginning', async () => {
    const { cache, told, window } = await watched({ hitRate: { below: 0.5, minSamples: 10 } });
    await hits(cache, 1_000);
    await window();
    await misses(cache, 10);
    await window();
    expect(told.map(({ value, samples }) => [value, samples])).toEqual([[0, 10]]);
  });

  it('lets a window go on until it has enough samples', async () => {
    const { cache, told, window, monitor } = await watched({ hitRate: { below: 0.5, minSamples: 10 } });
    await misses(cache, 6);
    await window();
    expect(told).toEqual([]);
    expect(monitor.reports[0]).toMatchObject({ state: 'unknown', value: undefined, samples: 6 });
    await misses(cache, 4);
    await window();
    expect(told).toMatchObject([{ state: 'alarm', samples: 10, window: 2 * EVERY }]);
    await window();
    expect(monitor.reports[0]).toMatchObject({ state: 'alarm', samples: 10 });
  });

  it('counts what was before and after a reset of the statistics alike', async () => {
    const { cache, told, window } = await watched({ hitRate: { below: 0.5, minSamples: 10 } });
    await hits(cache, 100);
    await window();
    await misses(cache, 6);
    cache.resetStats();
    await misses(cache, 4);
    await window();
    expect(told).toMatchObject([{ value: 0, samples: 10 }]);
    expect(await cache.getStats()).toMatchObject({ hits: 0, misses: 4 });
  });

  it('watches each threshold by itself', async () => {
    const faults = new Faults();
    const { cache, clock, told, window } = await watched(
      {
        loadTime: { above: '2s', minSamples: 2 },
        loadFailureRate: true,
        errorRate: { above: 0.2 },
        evictionRate: true,
      },
      { maxSize: 1, faults },
    );
    for (let i = 0; i < 3; i += 1) {
      await cache.getOrSet(`slow ${i}`, async () => void clock.advance(2_500));
    }
    await window();
    expect(states(told)).toEqual(['loadTime alarm']);
    expect(told[0]).toMatchObject({ value: 2_500, limit: 2_000 });
    expect(told[0]!.text).toMatch(/^load time 2.5 s is above 2 s \(3 loads in 30\d s\)$/);
    for (let i = 0; i < 20; i += 1) {
      await cache.getOrSet(`failing ${i}`, () => Promise.reject(new Error('no'))).catch(() => {});
    }
    await window();
    expect(states(told.slice(1))).toEqual(['loadTime ok', 'loadFailureRate alarm']);
    for (let i = 0; i < 100; i += 1) await cache.set(`k${i}`, i);
    await window();
    expect(states(told.slice(3))).toEqual(['evictionRate alarm']);
    faults.cut();
    await misses(cache, 20);
    await window();
    expect(states(told.slice(4))).toEqual(['errorRate alarm']);
  });

  it('is there in its short form, with the defaults that are documented', async () => {
    const { cache, log, window, monitor } = await watched(true);
    expect(monitor.reports.map(({ watched, limit, state }) => [watched, limit, state])).toEqual([
      ['hitRate', 0.5, 'unknown'],
      ['errorRate', 0.05, 'unknown'],
      ['evictionRate', 0.5, 'unknown'],
      ['loadTime', 2_000, 'unknown'],
      ['loadFailureRate', 0.1, 'unknown'],
    ]);
    await misses(cache, 100);
    await window();
    expect(log.at(-1)).toBe("WARN cache 'default': hit rate 0 is below 0.5 (100 reads in 300 s)");
  });

  it('watches what is named, or all that is not false', async () => {
    const named = await watched({ loadTime: true, hitRate: false });
    expect(named.monitor.reports.map(({ watched }) => watched)).toEqual(['loadTime']);
    const others = await watched({ evictionRate: false, loadTime: undefined });
    expect(others.monitor.reports).toHaveLength(4);
  });

  it('looks when it is asked, without the option too', async () => {
    const { app, log } = await boot([
      BlossomCacheModule.forRoot(),
      BlossomCacheModule.forRoot({ name: 'users', monitor: { every: false, hitRate: { minSamples: 1 } } }),
    ]);
    const [monitor, ofUsers] = [app.get(CacheMonitor), app.get<CacheMonitor>(monitorToken('users'))];
    await misses(app.get(CacheService), 100);
    await misses(app.get(cacheToken('users')), 1);
    expect(monitor.check()[0]).toMatchObject({ cache: 'default', state: 'alarm', samples: 100 });
    expect(ofUsers.check()).toMatchObject([{ cache: 'users', state: 'alarm', samples: 1 }]);
    expect(log.filter((line) => line.startsWith('WARN'))).toHaveLength(2);
  });

  it('logs what onChange throws or rejects with, and goes on', async () => {
    for (const onChange of [
      () => Promise.reject(new Error('rejected')),
      () => {
        throw new Error('thrown');
      },
    ]) {
      // prettier-ignore
      const { cache, window, log } = await watched({ hitRate: { minSamples: 1 }, onChange });
      await misses(cache, 1);
      await window();
      await hits(cache, 1);
      await window();
      expect(log.filter((line) => line.includes('onChange of a monitor failed'))).toHaveLength(1);
      expect(log.at(-1)).toContain('hit rate 1 is not below 0.5');
    }
  });

  it('looks no more when the cache is closed, nor at one that is off', async () => {
    const { app, clock } = await watched(true);
    expect(clock.pending).toBeGreaterThan(0);
    await app.close();
    expect(clock.pending).toBe(0);
    const off = await watched(true, { enabled: false });
    expect(off.clock.pending).toBe(0);
  });

  it('does not keep the process alive', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    await boot([BlossomCacheModule.forRoot({ monitor: { every: '1h' } })]);
    await sleep(0);
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(before);
  });
});

describe('options of a monitor that cannot be meant are refused by name', () => {
  it.each([
    [{ every: 0 }, /monitor\.every must be a span more than 0/],
    [{ every: '8d' }, /monitor\.every must be a span more than 0 and at most '7d'/],
    [{ every: 'often' }, /monitor\.every must be a number of seconds/],
    [{ hitRate: { below: 80 } }, /monitor\.hitRate\.below must be a share from 0 to 1; got '80'/],
    [{ hitRate: { above: 0.8 } }, /monitor\.hitRate: unknown option 'above'; known are below, minSamples/],
    [{ hitRate: 0.8 }, /monitor\.hitRate: options must be an object/],
    [{ hitRate: null }, /monitor\.hitRate must be true, false, or an object/],
    [{ errorRate: { above: 2 } }, /monitor\.errorRate\.above must be a share/],
    [{ evictionRate: { above: -1 } }, /monitor\.evictionRate\.above must be a number of 0 or more/],
    [{ loadTime: { above: 'slow' } }, /monitor\.loadTime\.above must be a number of seconds/],
    [{ loadTime: { above: '1s', minSamples: 0 } }, /monitor\.loadTime\.minSamples must be a whole number from 1/],
    [{ onChange: 'log' }, /monitor\.onChange must be a function/],
    [{ hitrate: true }, /monitor: unknown option 'hitrate'/],
    [null, /monitor must be true, or an object/],
    ['yes', /monitor: options must be an object/],
  ])('%o', async (monitor, message) => {
    const error = await refusal(boot([BlossomCacheModule.forRoot({ monitor } as never)]));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toMatch(message);
  });
});
