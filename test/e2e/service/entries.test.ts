import { describe, expect, it } from 'vitest';
import { CacheOptionsError, CacheTypeError, type Duration } from '../../../lib/index.js';
import { openCache, rejection } from './service-rig.js';

const VALUES: readonly unknown[] = [
  null, undefined, false, true, 0, -0, NaN, Infinity, '', 'text', 5n, [], {}, new Date(0), new Map([[1, 2]]), new Set([1]),
  new Uint8Array([1, 2]), Buffer.from('x'), new Error('kept'), Object.create(null), new (class Own { a = 1; })(),
]; // prettier-ignore

describe('any plain value is a value', () => {
  it.each(VALUES.map((value) => [value]))('%s is stored, is a hit and is what comes back', async (value) => {
    const { cache } = await openCache();
    await cache.set('a', value);
    expect(await cache.get('a')).toBe(value);
    expect(await cache.exists('a')).toBe(true);
    expect([...(await cache.getMany(['a', 'b']))]).toEqual([['a', value]]);
    expect(await cache.getOrSet('a', () => 'loaded')).toBe(value);
    expect(await cache.add('a', 'other')).toBe(false);
    expect(await cache.getStats()).toMatchObject({ hits: 3, misses: 1, size: 1 });
    expect(await cache.take('a')).toBe(value);
    expect(await cache.exists('a')).toBe(false);
  });

  it.each([[null], [undefined], [false], [0], [''], [NaN]])('a loaded %s is stored and loaded once', async (value) => {
    const { cache } = await openCache();
    let loads = 0;
    const load = (): unknown => ((loads += 1), value);
    expect([await cache.getOrSet('a', load), await cache.getOrSet('a', load)]).toEqual([value, value]);
    expect([...(await cache.getOrSetMany(['b'], () => new Map([['b', value]])))]).toEqual([['b', value]]);
    expect(await cache.exists('b')).toBe(true);
    expect(loads).toBe(1);
  });
});

describe('get, set, delete, exists', () => {
  it('a missing entry', async () => {
    const { cache } = await openCache();
    expect([
      await cache.get('a'),
      await cache.exists('a'),
      await cache.delete('a'),
      await cache.ttl('a'),
      await cache.take('a'),
    ]).toEqual([undefined, false, false, undefined, undefined]);
  });

  it('set replaces value, ttl and tags', async () => {
    const { cache } = await openCache();
    await cache.set('a', 1, { ttl: 5, tags: ['old'] });
    await cache.set('a', 2, { ttl: 50, tags: ['new'] });
    await cache.invalidateTags(['old']);
    expect([await cache.get('a'), await cache.ttl('a')]).toEqual([2, 50]);
    await cache.invalidateTags(['new']);
    expect(await cache.get('a')).toBeUndefined();
  });

  it('delete says whether there was something, which an expired entry is not', async () => {
    const { cache, clock } = await openCache();
    await cache.set('a', 1, { ttl: 1 });
    await cache.set('b', 1, { ttl: 1 });
    expect([await cache.delete('a'), await cache.delete('a')]).toEqual([true, false]);
    clock.advance(1_000);
    expect(await cache.delete('b')).toBe(false);
  });

  it('set resolves to nothing', async () => {
    const { cache } = await openCache();
    expect(await cache.set('a', 1)).toBeUndefined();
    expect(await cache.clear()).toBeUndefined();
    expect(await cache.invalidateTags(['a'])).toBeUndefined();
    expect(await cache.setMany({ a: 1 })).toBeUndefined();
  });

  it.each(['', ' ', 'ü', '💐', 'a b\n\0', '__proto__', 'constructor', 'x'.repeat(100_000)])(
    'a key may be any text: %j',
    async (key) => {
      const { cache } = await openCache();
      expect(await cache.get(key)).toBeUndefined();
      await cache.set(key, 1);
      expect(await cache.get(key)).toBe(1);
      expect([...(await cache.getMany([key]))]).toEqual([[key, 1]]);
      expect(await cache.delete(key)).toBe(true);
    },
  );
});

describe('take, add, getSet', () => {
  it('take: of many callers one gets the value', async () => {
    const { cache } = await openCache();
    await cache.set('a', 'prize');
    const taken = await Promise.all(Array.from({ length: 20 }, () => cache.take('a')));
    expect(taken.filter((value) => value === 'prize')).toHaveLength(1);
  });

  it('add: only where there is nothing; of many callers one succeeds', async () => {
    const { cache, clock } = await openCache();
    const added = await Promise.all(Array.from({ length: 20 }, (_, i) => cache.add('a', i, { ttl: 5 })));
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await cache.get('a')).toBe(added.indexOf(true));
    clock.advance(5_000);
    expect(await cache.add('a', 'after')).toBe(true);
  });

  it('add with a ttl of 0 stores nothing and leaves what is there', async () => {
    const { cache } = await openCache();
    expect(await cache.add('a', 1, { ttl: 0 })).toBe(false);
    await cache.set('a', 1);
    expect(await cache.add('a', 2, { ttl: 0 })).toBe(false);
    expect(await cache.get('a')).toBe(1);
  });

  it('getSet: stores and answers what was there before', async () => {
    const { cache, clock } = await openCache();
    expect(await cache.getSet('a', 1, { ttl: 5 })).toBeUndefined();
    expect(await cache.getSet('a', null, { ttl: 7, tags: ['t'] })).toBe(1);
    expect([await cache.get('a'), await cache.ttl('a')]).toEqual([null, 7]);
    clock.advance(7_000);
    expect(await cache.getSet('a', 2, { tags: ['t'] })).toBeUndefined();
    await cache.invalidateTags(['t']);
    expect(await cache.getSet('a', 3)).toBeUndefined();
  });

  it('getSet with a ttl of 0 answers the value and removes it', async () => {
    const { cache } = await openCache();
    await cache.set('a', 1);
    expect(await cache.getSet('a', 2, { ttl: 0 })).toBe(1);
    expect(await cache.exists('a')).toBe(false);
  });
});

describe('ttl and touch', () => {
  it.each<[Duration, number]>([
    [5, 5],
    [0.25, 0.25],
    ['250ms', 0.25],
    ['1.5s', 1.5],
    ['5m', 300],
    ['1h', 3_600],
    ['7d', 604_800],
    [Infinity, Infinity],
  ])('%s is %d seconds', async (ttl, seconds) => {
    const { cache, clock } = await openCache();
    await cache.set('a', 1, { ttl });
    expect(await cache.ttl('a')).toBe(seconds);
    if (seconds === Infinity) return;
    clock.advance(seconds * 1_000 - 0.25);
    expect(await cache.get('a')).toBe(1);
    clock.advance(0.25);
    expect([await cache.get('a'), await cache.exists('a'), await cache.ttl('a')]).toEqual([
      undefined,
      false,
      undefined,
    ]);
  });

  it.each([0, -1, -Infinity, '0s', '-5m'])('a ttl of %s: not stored, and what is there is removed', async (ttl) => {
    const { cache } = await openCache();
    await cache.set('a', 1, { ttl: ttl as number });
    expect(await cache.exists('a')).toBe(false);
    await cache.set('a', 1);
    await cache.set('a', 2, { ttl: ttl as number });
    expect(await cache.exists('a')).toBe(false);
    await cache.setMany({ b: 1, c: 1 });
    await cache.setMany({ b: 2, c: 2 }, { ttl: ttl as number });
    expect((await cache.getStats()).size).toBe(0);
  });

  it.each([NaN, 'banana', '5', '', null, {}, true])('a ttl of %s is an error, and what is there stays', async (ttl) => {
    const { cache } = await openCache();
    const options = { ttl: ttl as number };
    await cache.set('a', 1);
    const calls = [
      cache.set('a', 2, options),
      cache.setMany({ a: 2 }, options),
      cache.add('b', 2, options),
      cache.getSet('a', 2, options),
      cache.touch('a', ttl as number),
      cache.increment('a', 1, options),
    ];
    for (const error of await Promise.all(calls.map(rejection))) {
      expect(error).toBeInstanceOf(CacheOptionsError);
      expect(error.message).toMatch(/ttl/);
    }
    expect([await cache.get('a'), await cache.exists('b')]).toEqual([1, false]);
  });

  it('ttl counts down', async () => {
    const { cache, clock } = await openCache();
    await cache.set('a', 1, { ttl: 10 });
    clock.advance(2_500);
    expect(await cache.ttl('a')).toBe(7.5);
  });

  it('touch gives a new ttl from now, and keeps value and tags', async () => {
    const { cache, clock } = await openCache();
    await cache.set('a', 1, { ttl: 10, tags: ['t'] });
    clock.advance(9_000);
    expect(await cache.touch('a', '30s')).toBe(true);
    expect([await cache.get('a'), await cache.ttl('a')]).toEqual([1, 30]);
    expect(await cache.touch('a', Infinity)).toBe(true);
    expect(await cache.ttl('a')).toBe(Infinity);
    expect(await cache.touch('a', 5)).toBe(true);
    expect(await cache.ttl('a')).toBe(5);
    await cache.invalidateTags(['t']);
    expect(await cache.exists('a')).toBe(false);
  });

  it('touch does not revive what expired, was deleted or was invalidated', async () => {
    const { cache, clock } = await openCache();
    await cache.set('expired', 1, { ttl: 1 });
    await cache.set('deleted', 1);
    await cache.set('invalidated', 1, { tags: ['t'] });
    clock.advance(1_000);
    await cache.delete('deleted');
    await cache.invalidateTags(['t']);
    for (const key of ['expired', 'deleted', 'invalidated', 'never']) {
      expect(await cache.touch(key, 60)).toBe(false);
      expect(await cache.exists(key)).toBe(false);
    }
  });

  it('touch with 0 or less removes', async () => {
    const { cache } = await openCache();
    await cache.set('a', 1);
    expect(await cache.touch('a', 0)).toBe(true);
    expect(await cache.exists('a')).toBe(false);
  });
});

describe('increment and decrement', () => {
  it('start at 0, add, and answer the sum', async () => {
    const { cache } = await openCache();
    const sums = [
      await cache.increment('a'),
      await cache.increment('a', 5),
      await cache.decrement('a'),
      await cache.decrement('a', 2.5),
      await cache.increment('a', 0),
      await cache.increment('a', -2.5),
      await cache.decrement('b', 3),
    ];
    expect(sums).toEqual([1, 6, 5, 2.5, 2.5, 0, -3]);
    expect(await cache.get('a')).toBe(0);
  });

  it('by 0 is 0, not -0', async () => {
    const { cache } = await openCache();
    expect([await cache.increment('a', 0), await cache.decrement('b', 0)]).toEqual([0, 0]);
  });

  it('take their ttl and tags from the first, and never extend it', async () => {
    const { cache, clock } = await openCache();
    await cache.increment('a', 1, { ttl: 10, tags: ['t'] });
    clock.advance(4_000);
    await cache.increment('a', 1, { ttl: 100 });
    await cache.decrement('a');
    expect(await cache.ttl('a')).toBe(6);
    clock.advance(6_000);
    expect(await cache.increment('a', 1, { ttl: 10, tags: ['t'] })).toBe(1);
    await cache.invalidateTags(['t']);
    expect(await cache.increment('a')).toBe(1);
  });

  it('go on from a number that was set', async () => {
    const { cache } = await openCache();
    await cache.set('a', 41, { ttl: 7 });
    expect([await cache.increment('a'), await cache.ttl('a')]).toEqual([42, 7]);
  });

  it('are atomic', async () => {
    const { cache } = await openCache();
    const sums = await Promise.all(Array.from({ length: 1_000 }, () => cache.increment('a')));
    expect(new Set(sums).size).toBe(1_000);
    expect(await cache.get('a')).toBe(1_000);
  });

  it.each([['text'], [null], [undefined], [5n], [true], [[]], ['5']])(
    'on %s are a CacheTypeError, value unchanged',
    async (value) => {
      const { cache } = await openCache();
      await cache.set('a', value);
      const errors = [await rejection(cache.increment('a')), await rejection(cache.decrement('a'))];
      for (const error of errors) expect(error).toBeInstanceOf(CacheTypeError);
      expect(await cache.get('a')).toBe(value);
    },
  );

  it.each([NaN, Infinity, '1', null, 5n])('by %s are refused', async (by) => {
    const { cache } = await openCache();
    await cache.set('a', 1);
    await rejection(cache.increment('a', by as number));
    await rejection(cache.decrement('a', by as number));
    expect(await cache.get('a')).toBe(1);
  });
});
