import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { from, type Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  Cacheable,
  CacheLoadError,
  CacheOptionsError,
  CacheService,
  CacheTimeoutError,
  type BlossomCacheOptions,
  type WarmItem,
  type WarmProgress,
} from '../../../lib/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { hold, openCache, outcomeOf, rejection, settle, type Held } from './service-rig.js';

/** Items of which the loads are counted. */
function counted(count: number): { items: WarmItem[]; loads: string[] } {
  const loads: string[] = [];
  const items = Array.from({ length: count }, (_, i) => {
    const key = `k${i}`;
    return { key, load: async () => (loads.push(key), i) };
  });
  return { items, loads };
}

/** Items whose loads wait until they are let go. */
function held(count: number): { items: WarmItem[]; running: Held<unknown>[] } {
  const running: Held<unknown>[] = [];
  const load = (): Promise<unknown> => {
    const one = hold<unknown>();
    running.push(one);
    return one.promise;
  };
  return { items: Array.from({ length: count }, (_, i) => ({ key: `k${i}`, load })), running };
}

describe('warm', () => {
  it('loads what is missing with its ttl and tags, and leaves what is fresh', async () => {
    const { cache } = await openCache();
    await cache.set('k1', 'before');
    const { items, loads } = counted(3);
    const report = await cache.warm(items.map(({ key, load }) => ({ key, load, ttl: '1m' as const, tags: ['t'] })));
    expect(report).toEqual({ total: 3, loaded: 2, fresh: 1, failed: 0, unstored: 0, errors: [], ms: 0 });
    expect(loads).toEqual(['k0', 'k2']);
    expect(await cache.getMany(['k0', 'k1', 'k2'])).toEqual(new Map<string, unknown>([['k0', 0], ['k1', 'before'], ['k2', 2]])); // prettier-ignore
    expect(await cache.ttl('k0')).toBe(60);
    await cache.invalidateTags(['t']);
    expect([await cache.exists('k0'), await cache.exists('k1')]).toEqual([false, true]);
  });

  it('with refresh loads what is fresh, too', async () => {
    const { cache } = await openCache();
    const { items, loads } = counted(3);
    await cache.warm(items);
    expect(await cache.warm(items, { refresh: true })).toMatchObject({ loaded: 3, fresh: 0 });
    expect(loads).toHaveLength(6);
  });

  it('warms the namespace it is called on', async () => {
    const { cache } = await openCache();
    await cache.namespace('users').warm(counted(1).items);
    expect([await cache.exists('k0'), await cache.namespace('users').get('k0')]).toEqual([false, 0]);
  });

  it('of nothing comes to nothing', async () => {
    const { cache } = await openCache();
    expect(await cache.warm([])).toMatchObject({ total: 0, loaded: 0 });
    expect(await cache.warm((function* () {})())).toMatchObject({ total: 0, loaded: 0 });
  });

  it.each([
    [undefined, 10],
    [1, 1],
    [50, 50],
  ])('has so many under way at the same time and never more: %s', async (concurrency, most) => {
    const { cache } = await openCache();
    const { items, running } = held(120);
    let under = 0;
    let peak = 0;
    const watched = items.map(({ key, load }) => ({
      key,
      load: async () => {
        peak = Math.max(peak, (under += 1));
        await load(undefined as never);
        under -= 1;
      },
    }));
    const warming = cache.warm(watched, { concurrency });
    await settle();
    expect(running).toHaveLength(most);
    for (let next = running.shift(); next !== undefined; next = running.shift()) {
      next.resolve(1);
      await settle();
    }
    expect(await warming).toMatchObject({ loaded: 120 });
    expect(peak).toBe(most);
  });

  it('keeps to that bound also where old values could be served early or renewed in the background', async () => {
    const { cache, clock } = await openCache({ ttl: '10s', grace: '1h', softTimeout: '0ms', refreshAhead: 0.5 });
    const { items, running } = held(20);
    await cache.setMany(Object.fromEntries(items.map(({ key }) => [key, 'old'])));
    clock.advance(6_000);
    expect(await cache.warm(items, { concurrency: 2 })).toMatchObject({ fresh: 20 });
    expect(running).toHaveLength(0);
    clock.advance(6_000);
    const warming = cache.warm(items, { concurrency: 2 });
    await settle();
    expect(running).toHaveLength(2);
    for (let next = running.shift(); next !== undefined; next = running.shift()) {
      next.resolve('new');
      await settle();
    }
    expect(await warming).toMatchObject({ loaded: 20, failed: 0 });
  });

  it('asks a generator for an item only when there is room for it', async () => {
    const { cache } = await openCache();
    const { items, running } = held(1_000);
    let asked = 0;
    const source = (function* () {
      for (const item of items) yield ((asked += 1), item);
    })();
    const warming = cache.warm(source, { concurrency: 3 });
    await settle();
    expect(asked).toBe(3);
    running[0]!.resolve(1);
    await settle();
    expect(asked).toBe(4);
    let done = 0;
    while (done < running.length) {
      running[done++]!.resolve(1);
      if (done === running.length) await settle();
    }
    expect(await warming).toMatchObject({ total: 1_000, loaded: 1_000 });
  });

  it('takes an async iterable, and asks it one thing at a time', async () => {
    const { cache } = await openCache();
    const { items, loads } = counted(25);
    let asked = 0;
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async (): Promise<IteratorResult<WarmItem>> => {
          expect((asked += 1)).toBe(1);
          await settle();
          asked -= 1;
          const value = items.shift();
          return value === undefined ? { done: true, value } : { done: false, value };
        },
      }),
    };
    expect(await cache.warm(source)).toMatchObject({ total: 25, loaded: 25 });
    expect(loads).toHaveLength(25);
  });

  it('lets others have their turn where nothing is waited for', async () => {
    const { cache } = await openCache();
    const busy = (): void => {
      const end = performance.now() + 2;
      while (performance.now() < end) continue;
    };
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await cache.warm(Array.from({ length: 100 }, () => busy));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });
});

describe('warm and live traffic', () => {
  it('share one load, whoever begins it', async () => {
    const { cache } = await openCache();
    const { items, running } = held(1);
    const { load } = items[0]!;
    const first = cache.warm(items);
    await settle();
    const live = cache.getOrSet('k0', load);
    await settle();
    expect(running).toHaveLength(1);
    running[0]!.resolve('one');
    expect([await live, (await first).loaded]).toEqual(['one', 1]);

    await cache.delete('k0');
    const alive = cache.getOrSet('k0', load);
    const second = cache.warm(items);
    await settle();
    expect(running).toHaveLength(2);
    running[1]!.resolve('two');
    expect([await alive, (await second).loaded]).toEqual(['two', 1]);
  });

  it('is not harmed by what happens to an entry while it is loaded', async () => {
    const { cache } = await openCache();
    const { items, running } = held(1);
    const warming = cache.warm(items);
    await settle();
    await cache.delete('k0');
    running[0]!.resolve('before');
    expect(await warming).toMatchObject({ loaded: 1, unstored: 1 });
    expect(await cache.exists('k0')).toBe(false);
  });
});

describe('failures of warm', () => {
  it('are in the report and change nothing for the others', async () => {
    const { cache, warnings } = await openCache();
    const later = new Error('secret k1');
    const { items } = counted(4);
    const mixed = [
      items[0]!,
      { key: 'k1', load: () => Promise.reject(later) },
      () => {
        throw later;
      },
      items[3]!,
    ];
    expect(await cache.warm(mixed)).toEqual({
      total: 4,
      loaded: 2,
      fresh: 0,
      failed: 2,
      unstored: 0,
      errors: expect.arrayContaining([
        { index: 1, key: 'k1', error: later },
        { index: 2, error: later },
      ]),
      ms: 0,
    });
    expect(warnings).toEqual(["cache 'default': warmed 4 entries in 0.0 s: 2 loaded, 0 fresh, 2 failed (Error)"]);
  });

  it('are counted all and kept a hundred of', async () => {
    const { cache } = await openCache();
    const items = Array.from({ length: 250 }, (_, i) => ({
      key: `k${i}`,
      load: () => Promise.reject(new Error('no')),
    }));
    const report = await cache.warm(items);
    expect([report.failed, report.errors.length, report.errors[99]!.index]).toEqual([250, 100, 99]);
  });

  it('are told where an old value is served instead', async () => {
    const { cache, clock } = await openCache({ ttl: '10s', grace: '1h', graceBackoff: '1m' });
    const error = new Error('down');
    const item = { key: 'a', load: () => Promise.reject(error) };
    await cache.set('a', 'old');
    expect(await cache.warm([item], { refresh: true })).toMatchObject({ failed: 1, errors: [{ error }] });
    clock.advance(100_000);
    expect(await cache.warm([item])).toMatchObject({ loaded: 0, failed: 1, errors: [{ key: 'a', error }] });
    const report = await cache.warm([item]);
    expect(report.failed).toBe(1);
    expect(report.errors[0]!.error).toBeInstanceOf(CacheLoadError);
    expect(await cache.getOrSet('a', item.load)).toBe('old');
  });

  it('are loads that take longer than their hardTimeout, and then others get their turn', async () => {
    const { cache, clock } = await openCache();
    const warming = cache.warm(
      [
        { key: 'a', load: () => new Promise(() => {}), hardTimeout: '5s' },
        { key: 'b', load: () => 1 },
      ],
      { concurrency: 1 },
    );
    await settle();
    await clock.pass(5_000);
    const report = await warming;
    expect(report).toMatchObject({ loaded: 1, failed: 1, errors: [{ key: 'a' }], ms: 5_000 });
    expect(report.errors[0]!.error).toBeInstanceOf(CacheTimeoutError);
  });

  it('are values that cannot be stored', async () => {
    const { cache } = await openCache();
    const report = await cache.warm([{ key: 'a', load: () => () => {} }]);
    expect(report).toMatchObject({ failed: 1, errors: [{ key: 'a', error: { code: 'CACHE_SERIALIZATION' } }] });
  });

  it('of its iterable end it, with what was done before', async () => {
    const { cache, warnings } = await openCache();
    const reason = new Error('cursor lost');
    const { items } = counted(3);
    const source = (async function* () {
      yield* items;
      throw reason;
    })();
    expect(await cache.warm(source)).toMatchObject({ total: 3, loaded: 3, stopped: { by: 'items', reason } });
    expect(warnings).toEqual([
      "cache 'default': warmed 3 entries in 0.0 s: 3 loaded, 0 fresh, 0 failed; stopped by its items (Error)",
    ]);
  });

  it('say how many values were loaded and not kept', async () => {
    const { cache, warnings } = await openCache();
    const items = [{ key: 'a', load: () => 1, ttl: 0 }, { key: 'b', load: () => 1 }]; // prettier-ignore
    expect(await cache.warm(items)).toMatchObject({ loaded: 2, unstored: 1, failed: 0 });
    expect(warnings).toEqual([
      "cache 'default': warmed 2 entries in 0.0 s: 2 loaded, 0 fresh, 0 failed; 1 could not be kept",
    ]);
  });
});

describe('a signal', () => {
  it('ends a warming: nothing more is begun, and what runs is told and not waited for', async () => {
    const { cache } = await openCache();
    const signals: AbortSignal[] = [];
    const stop = new AbortController();
    let returned = false;
    const source = (function* () {
      try {
        yield { key: 'done', load: () => 1 };
        yield () => new Promise(() => {});
        for (let i = 0; ; i += 1) {
          yield {
            key: `k${i}`,
            load: (ctx: { signal: AbortSignal }) => (signals.push(ctx.signal), new Promise(() => {})),
          };
        }
      } finally {
        returned = true;
      }
    })();
    const told: WarmProgress[] = [];
    const onProgress = (progress: WarmProgress): void => void told.push(progress);
    const warming = cache.warm(source, { signal: stop.signal, concurrency: 4, onProgress });
    await settle();
    stop.abort('enough');
    expect(await warming).toMatchObject({
      total: 5,
      loaded: 1,
      failed: 0,
      stopped: { by: 'signal', reason: 'enough' },
    });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
    expect(returned).toBe(true);
    await settle();
    expect([signals.length, told.length]).toEqual([3, 1]);
  });

  it('ends it while it waits for the next item', async () => {
    const { cache } = await openCache();
    const stop = new AbortController();
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const warming = cache.warm(never, { signal: stop.signal });
    stop.abort();
    expect(await warming).toMatchObject({ total: 0, stopped: { by: 'signal' } });
  });

  it('that was given before begins nothing', async () => {
    const { cache } = await openCache();
    const { items, loads } = counted(3);
    expect(await cache.warm(items, { signal: AbortSignal.abort() })).toMatchObject({ total: 3, loaded: 0 });
    expect(loads).toEqual([]);
  });

  it('leaves a load to live traffic that waits for it', async () => {
    const { cache } = await openCache();
    const { items, running } = held(1);
    const stop = new AbortController();
    const warming = cache.warm(items, { signal: stop.signal });
    await settle();
    const live = cache.getOrSet('k0', () => 'never');
    await settle();
    stop.abort();
    await warming;
    running[0]!.resolve('loaded');
    expect([await live, await cache.get('k0')]).toEqual(['loaded', 'loaded']);
  });
});

describe('bad input to warm', () => {
  const load = (): number => 1;
  it.each<[string, unknown, string]>([
    ['no object', 5, 'item 1 must be { key, load, … } or a function that makes a call; got a number'],
    ['nothing', undefined, 'item 1 must be { key, load, … } or a function that makes a call; got undefined'],
    ['an array', [], 'item 1 must be { key, load, … } or a function that makes a call; got an array'],
    ['no key', { load }, 'item 1: key: a key must be a string; got undefined'],
    ['no loader', { key: 'a' }, 'item 1: load: a loader function is needed; got undefined'],
    ['an unknown option', { key: 'a', load, forceFresh: true }, "item 1: unknown option 'forceFresh'"],
    ['a bad ttl', { key: 'a', load, ttl: 'soon' }, 'item 1: ttl must be'],
    ['bad tags', { key: 'a', load, tags: [5] }, 'item 1: tags: a tag must be a well-formed string'],
    ['a bad timeout', { key: 'a', load, hardTimeout: 5 }, 'item 1: hardTimeout must be'],
  ])('%s is refused, in an array before anything is loaded', async (_, bad, message) => {
    const { cache } = await openCache();
    const { items, loads } = counted(1);
    const list = [items[0]!, bad as WarmItem];
    const error = await rejection(cache.warm(list));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toContain(`warm: ${message}`);
    expect(error).toMatchObject({ operation: 'warm' });
    expect(loads).toEqual([]);
    const late = await rejection(cache.warm(list.values()));
    expect(late).toBeInstanceOf(CacheOptionsError);
    expect(late.message).toBe(error.message);
    expect(loads).toEqual(['k0']);
  });

  it('in an iterable ends it once what was begun is through', async () => {
    const { cache } = await openCache();
    const { items, running } = held(2);
    let returned = false;
    const source = (function* () {
      try {
        yield* [...items, 'bad' as never, ...counted(5).items];
      } finally {
        returned = true;
      }
    })();
    const warming = cache.warm(source, { concurrency: 3 });
    expect(await outcomeOf(warming)).toBe('pending');
    expect(returned).toBe(true);
    running.forEach((one) => one.resolve(1));
    expect((await rejection(warming)).message).toContain('warm: item 2 must be');
    expect(await cache.exists('k1')).toBe(true);
  });

  it.each<[object, string]>([
    [{ concurrency: 0 }, 'warm: concurrency must be a whole number from 1 to 10000; got 0'],
    [{ concurrency: 1.5 }, 'warm: concurrency must be'],
    [{ concurrency: Infinity }, 'warm: concurrency must be'],
    [{ concurrency: '5' }, 'warm: concurrency must be'],
    [{ onProgress: 5 }, 'warm: onProgress must be a function; got 5'],
    [{ signal: {} }, 'warm: signal must be an AbortSignal'],
    [{ refresh: 'yes' }, 'warm: refresh must be true or false'],
    [{ log: 1 }, 'warm: log must be true or false'],
    [{ name: '' }, 'warm: name must be a string that is not empty'],
    [{ ttl: 5 }, "warm: unknown option 'ttl'; known are concurrency, refresh, signal, onProgress, log, name"],
  ])('options are checked: %s', async (options, message) => {
    const { cache } = await openCache();
    const error = await rejection(cache.warm([], options));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toContain(message);
  });

  it.each([[undefined], [null], ['text'], [5], [{}]])('items that cannot be iterated over: %s', async (items) => {
    const { cache } = await openCache();
    const error = await rejection(cache.warm(items as never));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toContain('warm: items must be an array or another iterable');
  });
});

describe('progress', () => {
  it('is told after each item', async () => {
    const { cache } = await openCache();
    await cache.set('k1', 1);
    const told: WarmProgress[] = [];
    const items = [...counted(2).items, { key: 'bad', load: () => Promise.reject(new Error('no')) }];
    await cache.warm(items, { concurrency: 1, onProgress: (progress) => told.push(progress) });
    expect(told).toEqual([
      { done: 1, total: 3, loaded: 1, fresh: 0, failed: 0 },
      { done: 2, total: 3, loaded: 1, fresh: 1, failed: 0 },
      { done: 3, total: 3, loaded: 1, fresh: 1, failed: 1 },
    ]);
    told.length = 0;
    await cache.warm(new Set(items), { onProgress: (progress) => told.push(progress) });
    await cache.warm(items.values(), { onProgress: (progress) => told.push(progress) });
    expect(told.map(({ total }) => total)).toEqual([3, 3, 3, undefined, undefined, undefined]);
  });

  it('is told to one that throws, which changes nothing', async () => {
    const { cache, warnings } = await openCache();
    const onProgress = (): void => {
      throw new Error('no screen');
    };
    expect(await cache.warm(counted(3).items, { onProgress })).toMatchObject({ loaded: 3, failed: 0 });
    expect(warnings).toEqual(['an event listener failed: no screen']);
  });

  it('is in the log at the beginning, at each tenth of what takes long, and at the end', async () => {
    const { cache, clock, log } = await openLogged();
    const slow = Array.from({ length: 100 }, (_, i) => ({ key: `k${i}`, load: () => clock.advance(1_500) }));
    await cache.warm(slow, { concurrency: 1, name: 'prices' });
    const tenths = [10, 20, 30, 40, 50, 60, 70, 80, 90].map((n) => `warming, ${n} of 100 (${n} %)`);
    expect(log).toEqual(
      [
        'warming 100 entries, 1 at a time',
        ...tenths,
        'warmed 100 entries in 150.0 s: 100 loaded, 0 fresh, 0 failed',
      ].map((line) => `cache 'default': prices: ${line}`),
    );
  });

  it('is in the log every ten seconds where nobody knows how many there are', async () => {
    const { cache, clock, log } = await openLogged();
    const slow = Array.from({ length: 10 }, (_, i) => ({ key: `k${i}`, load: () => clock.advance(4_000) }));
    await cache.warm(slow.values(), { concurrency: 1 });
    expect(log).toEqual(
      [
        'warming entries, 1 at a time',
        'warming, 3',
        'warming, 6',
        'warming, 9',
        'warmed 10 entries in 40.0 s: 10 loaded, 0 fresh, 0 failed',
      ].map(
        // prettier-ignore
        (line) => `cache 'default': ${line}`,
      ),
    );
  });

  it('is in no log with log: false', async () => {
    const { cache, log } = await openLogged();
    await cache.warm([...counted(3).items, () => Promise.reject(new Error('no'))], { log: false });
    expect(log).toEqual([]);
  });
});

describe('warm by decorated calls', () => {
  it('tells what was loaded from what was fresh', async () => {
    const { cache, reports } = await openReports();
    await reports.year(2024);
    const calls = [2024, 2025, 2026].map((year) => () => reports.year(year));
    expect(await cache.warm(calls)).toMatchObject({ total: 3, loaded: 2, fresh: 1, unstored: 0 });
    expect(await cache.warm(calls)).toMatchObject({ loaded: 0, fresh: 3 });
    expect(reports.bodies).toEqual(['2024', '2025', '2026']);
  });

  it('with refresh runs them again, and not what they call', async () => {
    const { cache, reports } = await openReports();
    await cache.warm([() => reports.twoYears(2024)]);
    expect(reports.bodies).toEqual(['two 2024', '2024', '2025']);
    expect(await cache.warm([() => reports.twoYears(2024)], { refresh: true })).toMatchObject({ loaded: 1 });
    expect(reports.bodies).toEqual(['two 2024', '2024', '2025', 'two 2024']);
  });

  it('sees several calls of one function, and calls by hand', async () => {
    const { cache, reports } = await openReports();
    await reports.year(2024);
    const several = (): Promise<unknown> => Promise.all([reports.year(2024), reports.year(2025)]);
    expect(await cache.warm([several])).toMatchObject({ loaded: 1 });
    expect(await cache.warm([several])).toMatchObject({ fresh: 1 });
    const byHand = (): Promise<unknown> => cache.getOrSet('a', () => 1);
    expect([(await cache.warm([byHand])).loaded, (await cache.warm([byHand])).fresh]).toEqual([1, 1]);
    const many = (): Promise<unknown> => cache.getOrSetMany(['a', 'b'], () => ({ b: 1 }));
    expect([(await cache.warm([many])).loaded, (await cache.warm([many])).fresh]).toEqual([1, 1]);
  });

  it('subscribes to an Observable', async () => {
    const { cache, reports } = await openReports();
    expect(await cache.warm([() => reports.months()])).toMatchObject({ loaded: 1 });
    expect(await cache.warm([() => reports.months()])).toMatchObject({ fresh: 1 });
    expect(reports.bodies).toEqual(['months']);
  });

  it('fails where the body does, also where an old answer is served', async () => {
    const { cache, clock, reports } = await openReports();
    await reports.fragile();
    clock.advance(20_000);
    reports.broken = new Error('down');
    expect(await cache.warm([() => reports.fragile()])).toMatchObject({
      failed: 1,
      errors: [{ error: reports.broken }],
    });
    expect(await reports.fragile()).toBe('fine');
    await cache.clear();
    expect(await cache.warm([() => reports.fragile()])).toMatchObject({
      failed: 1,
      errors: [{ error: reports.broken }],
    });
  });

  it('says that nothing is kept of a call that cannot be keyed', async () => {
    const { cache, reports } = await openReports();
    expect(await cache.warm([() => reports.year((() => 2024) as never)])).toMatchObject({ loaded: 1, unstored: 1 });
  });

  it('counts a function that makes no cached call as loaded', async () => {
    const { cache } = await openCache();
    expect(await cache.warm([() => 5, async () => {}])).toMatchObject({ loaded: 2, unstored: 0 });
  });

  it('runs one body for the warming and live traffic', async () => {
    const { cache, reports } = await openReports();
    await Promise.all([cache.warm([() => reports.year(2024)]), reports.year(2024), reports.year(2024)]);
    expect(reports.bodies).toEqual(['2024']);
  });
});

describe('a cache that is switched off', () => {
  it('warms nothing, and refuses bad input all the same', async () => {
    const { cache } = await openCache({ enabled: false });
    const { items, loads } = counted(3);
    expect(await cache.warm([...items, () => loads.push('call')])).toMatchObject({ total: 0, loaded: 0 });
    expect(loads).toEqual([]);
    expect(await rejection(cache.warm(items, { concurrency: 0 }))).toBeInstanceOf(CacheOptionsError);
  });
});

@Injectable()
class Reports {
  readonly bodies: string[] = [];
  broken: Error | undefined;

  @Cacheable()
  async year(year: number): Promise<number> {
    this.bodies.push(String(year));
    return year;
  }

  @Cacheable()
  async twoYears(year: number): Promise<number[]> {
    this.bodies.push(`two ${year}`);
    return Promise.all([this.year(year), this.year(year + 1)]);
  }

  @Cacheable()
  months(): Observable<number> {
    this.bodies.push('months');
    return from([1, 2, 3]);
  }

  @Cacheable({ ttl: '10s', grace: '1h' })
  async fragile(): Promise<string> {
    if (this.broken !== undefined) throw this.broken;
    return 'fine';
  }
}

const open: INestApplicationContext[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

async function openReports(): Promise<{ cache: CacheService; clock: FakeClock; reports: Reports }> {
  const { app, clock } = await openLogged();
  return { cache: app.get(CacheService), clock, reports: app.get(Reports) };
}

interface Logged {
  readonly app: INestApplicationContext;
  readonly cache: CacheService;
  readonly clock: FakeClock;
  /** What the cache says after the boot. */
  readonly log: string[];
}

async function openLogged(options: BlossomCacheOptions = {}): Promise<Logged> {
  const clock = new FakeClock();
  const log: string[] = [];
  const add = (line: unknown, context?: unknown): void => {
    if (context === 'BlossomCache') log.push(String(line));
  };
  class Root {}
  Module({ imports: [BlossomCacheModule.forRoot({ clock, ...options })], providers: [Reports] })(Root);
  const app = await NestFactory.createApplicationContext(Root, {
    logger: { log: add, warn: add, error: add },
    abortOnError: false,
  });
  open.push(app);
  log.length = 0;
  return { app, cache: app.get(CacheService), clock, log };
}
