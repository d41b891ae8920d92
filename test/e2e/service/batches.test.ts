import { describe, expect, it } from 'vitest';
import { CacheKeyError, CacheSerializationError, type CacheEntries } from '../../../lib/index.js';
import { openCache, rejection } from './service-rig.js';

describe('getMany', () => {
  it('answers what was found, in the order asked for, duplicates once', async () => {
    const { cache } = await openCache();
    await cache.setMany({ a: 1, b: 2, c: 3 });
    const keys = Object.freeze(['c', 'nobody', 'a', 'c']) as string[];
    const found = await cache.getMany<number>(keys);
    expect(found).toBeInstanceOf(Map);
    expect([...found]).toEqual([
      ['c', 3],
      ['a', 1],
    ]);
  });

  it('of nothing is nothing', async () => {
    const { cache } = await openCache();
    expect((await cache.getMany([])).size).toBe(0);
    expect(await cache.getStats()).toMatchObject({ hits: 0, misses: 0 });
  });

  it('gives a Map of its own each time', async () => {
    const { cache } = await openCache();
    await cache.set('a', 1);
    (await cache.getMany(['a'])).clear();
    expect((await cache.getMany(['a'])).size).toBe(1);
  });
});

describe('setMany', () => {
  it.each<[string, CacheEntries]>([
    ['an object', Object.freeze({ a: 1, b: null })],
    [
      'a Map',
      new Map<string, unknown>([
        ['a', 1],
        ['b', null],
      ]),
    ],
    ['pairs', Object.freeze([Object.freeze(['a', 1] as const), Object.freeze(['b', null] as const)])],
    [
      'a generator',
      (function* () {
        yield ['a', 1] as const;
        yield ['b', null] as const;
      })(),
    ],
  ])('takes %s', async (_what, entries) => {
    const { cache } = await openCache();
    await cache.setMany(entries, Object.freeze({ ttl: 5, tags: Object.freeze(['t']) }));
    expect([...(await cache.getMany(['a', 'b']))]).toEqual([
      ['a', 1],
      ['b', null],
    ]);
    expect([await cache.ttl('a'), await cache.ttl('b')]).toEqual([5, 5]);
    await cache.invalidateTags(['t']);
    expect((await cache.getStats()).size).toBe(0);
  });

  it('takes nothing, too', async () => {
    const { cache } = await openCache();
    for (const nothing of [{}, [], new Map<string, unknown>()]) await cache.setMany(nothing);
    expect((await cache.getStats()).sets).toBe(0);
  });

  it('of one key twice keeps the last', async () => {
    const { cache } = await openCache();
    await cache.setMany([
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ]);
    expect([...(await cache.getMany(['a', 'b']))]).toEqual([
      ['a', 3],
      ['b', 2],
    ]);
  });

  it('a key called __proto__ is a key', async () => {
    const { cache } = await openCache();
    await cache.setMany([['__proto__', 1]]);
    expect([...(await cache.getMany(['__proto__']))]).toEqual([['__proto__', 1]]);
  });

  it.each([
    ['a value that cannot be stored', { a: 2, b: () => 1 }, CacheSerializationError],
    [
      'a key that is no text',
      [
        ['a', 2],
        [5, 2],
      ],
      CacheKeyError,
    ],
    ['a key with half of a surrogate pair', { a: 2, '\ud800': 2 }, CacheKeyError],
  ])('stores nothing where there is %s', async (_what, entries, type) => {
    const { cache } = await openCache();
    await cache.set('a', 1);
    expect(await rejection(cache.setMany(entries as CacheEntries))).toBeInstanceOf(type);
    expect(await cache.get('a')).toBe(1);
    expect((await cache.getStats()).size).toBe(1);
  });

  it("stores nothing where there is a value that isolation: 'clone' cannot copy", async () => {
    const { cache } = await openCache({ isolation: 'clone' });
    await cache.set('a', 1);
    const error = await rejection(cache.setMany({ a: 2, b: { callback: () => 1 } }));
    expect(error).toBeInstanceOf(CacheSerializationError);
    expect([...(await cache.getMany(['a', 'b']))]).toEqual([['a', 1]]);
  });

  it.each([null, undefined, 5, 'text'])('of %s is an error', async (entries) => {
    const { cache } = await openCache();
    const error = await rejection(cache.setMany(entries as unknown as CacheEntries));
    expect(error.code).toBe('CACHE_TYPE');
  });

  it('of pairs that are none is an error of the cache', async () => {
    const { cache } = await openCache();
    const error = await rejection(cache.setMany([5, 6] as unknown as CacheEntries));
    expect(error.code).toMatch(/^CACHE_/);
  });
});

describe('deleteMany', () => {
  it('answers how many there were; duplicates, missing and expired ones do not count', async () => {
    const { cache, clock } = await openCache();
    await cache.setMany({ a: 1, b: null, c: 3 });
    await cache.set('old', 1, { ttl: 1 });
    clock.advance(1_000);
    const keys = Object.freeze(['a', 'b', 'a', 'nobody', 'old']) as string[];
    expect(await cache.deleteMany(keys)).toBe(2);
    expect([...(await cache.getMany(['a', 'b', 'c']))]).toEqual([['c', 3]]);
    expect((await cache.getStats()).deletes).toBe(2);
  });

  it('of nothing is 0', async () => {
    const { cache } = await openCache();
    expect(await cache.deleteMany([])).toBe(0);
  });
});

describe('keys and tags that are none', () => {
  const wrongKeys: unknown[] = [undefined, null, 5, {}, ['a'], Symbol('a'), '\ud800', 'a\udc00'];

  it.each(wrongKeys.map((key) => [key]))('the key %j is refused by every method, with a promise', async (wrong) => {
    const { cache } = await openCache();
    const key = wrong as string;
    const calls = [
      cache.get(key), cache.set(key, 1), cache.delete(key), cache.exists(key), cache.take(key), cache.add(key, 1),
      cache.touch(key, 1), cache.ttl(key), cache.getMany([key]), cache.setMany([[key, 1]]), cache.deleteMany([key]),
      cache.getSet(key, 1), cache.increment(key), cache.decrement(key), cache.getOrSet(key, () => 1),
      cache.getOrSetMany([key], () => ({})),
    ]; // prettier-ignore
    const errors = await Promise.all(calls.map(rejection));
    expect(errors.map(({ code }) => code)).toEqual(calls.map(() => 'CACHE_KEY'));
    expect((await cache.getStats()).size).toBe(0);
  });

  it('each error names its operation', async () => {
    const { cache } = await openCache();
    const key = 5 as unknown as string;
    const calls = {
      get: cache.get(key), set: cache.set(key, 1), delete: cache.delete(key), exists: cache.exists(key), take: cache.take(key),
      add: cache.add(key, 1), touch: cache.touch(key, 1), ttl: cache.ttl(key), getMany: cache.getMany([key]),
      setMany: cache.setMany([[key, 1]]), deleteMany: cache.deleteMany([key]), getSet: cache.getSet(key, 1),
      increment: cache.increment(key), decrement: cache.decrement(key), getOrSet: cache.getOrSet(key, () => 1),
      getOrSetMany: cache.getOrSetMany([key], () => ({})),
    }; // prettier-ignore
    const errors = await Promise.all(Object.values(calls).map(rejection));
    expect(errors.map(({ operation }) => operation)).toEqual(Object.keys(calls));
    expect(errors.map(({ message }) => message.split(':')[0])).toEqual(Object.keys(calls));
  });

  it.each([['a'], [undefined], [null], [new Set(['a'])], [{ 0: 'a', length: 1 }]])(
    'keys that are no array: %j',
    async (keys) => {
      const { cache } = await openCache();
      const list = keys as unknown as string[];
      const calls = [cache.getMany(list), cache.deleteMany(list), cache.getOrSetMany(list, () => ({}))];
      expect((await Promise.all(calls.map(rejection))).map(({ code }) => code)).toEqual(calls.map(() => 'CACHE_KEY'));
    },
  );

  it.each([[[5]], ['a'], [[null]], [['\ud800']], [{}]])('tags that are none: %j', async (tags) => {
    const { cache } = await openCache();
    const options = { tags: tags as string[] };
    const calls = [cache.set('a', 1, options), cache.getOrSet('a', () => 1, options), cache.add('a', 1, options)];
    expect((await Promise.all(calls.map(rejection))).map(({ code }) => code)).toEqual(calls.map(() => 'CACHE_KEY'));
    expect(await cache.exists('a')).toBe(false);
  });
});
