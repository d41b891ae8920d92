import { describe, expect, it } from 'vitest';
import { CacheTypeError, type BatchLoader } from '../../../lib/index.js';
import { hold, openCache, rejection, settle } from './service-rig.js';

/** A loader that answers each key with itself, and what it was asked for. */
function recorder(): { readonly asked: string[][]; readonly load: BatchLoader<string> } {
  const asked: string[][] = [];
  const load: BatchLoader<string> = async (missing) => {
    asked.push([...missing]);
    return new Map(missing.map((key) => [key, `<${key}>`]));
  };
  return { asked, load };
}

describe('getOrSetMany', () => {
  it('asks once for all that is missing, and answers in the order asked for', async () => {
    const { cache } = await openCache();
    const { asked, load } = recorder();
    await cache.setMany({ b: 'stored', n: null });
    const keys = Object.freeze(['c', 'b', 'a', 'c', 'n']) as string[];
    expect([...(await cache.getOrSetMany<string | null>(keys, load))]).toEqual([
      ['c', '<c>'],
      ['b', 'stored'],
      ['a', '<a>'],
      ['n', null],
    ]);
    expect(asked).toEqual([['c', 'a']]);
    expect([...(await cache.getMany(['a', 'c']))]).toEqual([
      ['a', '<a>'],
      ['c', '<c>'],
    ]);
  });

  it('does not ask where nothing is missing, or nothing is wanted', async () => {
    const { cache } = await openCache();
    const { asked, load } = recorder();
    await cache.set('a', 1);
    await cache.getOrSetMany(['a'], load);
    expect((await cache.getOrSetMany([], load)).size).toBe(0);
    expect(asked).toEqual([]);
  });

  it('a key that the loader leaves out is neither in the answer nor cached', async () => {
    const { cache } = await openCache();
    const found = await cache.getOrSetMany(['a', 'b'], () => new Map([['b', 2]]));
    expect([...found]).toEqual([['b', 2]]);
    expect([await cache.exists('a'), await cache.exists('b')]).toEqual([false, true]);
    const { asked, load } = recorder();
    await cache.getOrSetMany(['a', 'b'], load);
    expect(asked).toEqual([['a']]);
  });

  it('a key that was not asked for is not stored', async () => {
    const { cache } = await openCache();
    expect([...(await cache.getOrSetMany(['a'], () => ({ a: 1, b: 2 })))]).toEqual([['a', 1]]);
    expect(await cache.exists('b')).toBe(false);
  });

  it.each<[string, () => unknown]>([
    ['a Map', () => new Map([['a', 1]])],
    ['an object', () => ({ a: 1 })],
    ['an object without prototype', () => Object.assign(Object.create(null), { a: 1 })],
    ['a promise of either', async () => ({ a: 1 })],
  ])('takes %s', async (_what, load) => {
    const { cache } = await openCache();
    expect([...(await cache.getOrSetMany(['a'], load as BatchLoader<number>))]).toEqual([['a', 1]]);
  });

  it('an object without a key called __proto__ or constructor has none', async () => {
    const { cache } = await openCache();
    expect([...(await cache.getOrSetMany(['__proto__', 'constructor', 'toString'], () => ({})))]).toEqual([]);
  });

  it.each([[undefined], [null], [[1]], [new Set(['a'])], ['text'], [5], [new Date()]])(
    '%s is a CacheTypeError',
    async (answer) => {
      const { cache } = await openCache();
      const error = await rejection(cache.getOrSetMany(['a', 'b'], (() => answer) as unknown as BatchLoader<number>));
      expect(error).toBeInstanceOf(CacheTypeError);
      expect(error.operation).toBe('getOrSetMany');
      expect((await cache.getStats()).size).toBe(0);
      expect((await cache.getOrSetMany(['a'], () => ({ a: 1 }))).get('a')).toBe(1);
    },
  );

  it('what the loader throws reaches the caller as it was thrown, and nothing is cached', async () => {
    const { cache } = await openCache();
    const error = new Error('down');
    expect(await rejection(cache.getOrSetMany(['a', 'b'], () => Promise.reject(error)))).toBe(error);
    const thrown = cache.getOrSetMany(['a', 'b'], () => {
      throw error;
    });
    expect(await rejection(thrown)).toBe(error);
    expect((await cache.getStats()).size).toBe(0);
  });

  it.each([undefined, null, 5, {}])('%s is no loader', async (load) => {
    const { cache } = await openCache();
    expect((await rejection(cache.getOrSetMany(['a'], load as unknown as BatchLoader<number>))).code).toBe(
      'CACHE_OPTIONS',
    );
  });

  it('gives ttl and tags to each', async () => {
    const { cache } = await openCache();
    const { load } = recorder();
    await cache.getOrSetMany(['a', 'b'], load, { ttl: 5, tags: ['t'] });
    expect([await cache.ttl('a'), await cache.ttl('b')]).toEqual([5, 5]);
    await cache.invalidateTags(['t']);
    expect((await cache.getMany(['a', 'b'])).size).toBe(0);
  });

  it('with forceFresh asks for all', async () => {
    const { cache } = await openCache();
    const { asked, load } = recorder();
    await cache.setMany({ a: 'old', b: 'old' });
    await cache.getOrSetMany(['a', 'b', 'a'], load, { forceFresh: true });
    expect(asked).toEqual([['a', 'b']]);
    expect(await cache.get('a')).toBe('<a>');
  });

  it('rejects where one value cannot be kept', async () => {
    const { cache } = await openCache();
    const error = await rejection(cache.getOrSetMany<unknown>(['a', 'b'], () => ({ a: 1, b: () => 1 })));
    expect(error.code).toBe('CACHE_SERIALIZATION');
    expect(await cache.exists('b')).toBe(false);
  });
});

describe('getOrSetMany and others at the same time', () => {
  it('a key that overlaps is loaded once', async () => {
    const { cache } = await openCache();
    const [one, two] = [recorder(), recorder()];
    const [first, second] = await Promise.all([
      cache.getOrSetMany(['a', 'b'], one.load),
      cache.getOrSetMany(['b', 'c'], two.load),
    ]);
    expect([one.asked, two.asked]).toEqual([[['a', 'b']], [['c']]]);
    expect([...first.keys(), ...second.keys()]).toEqual(['a', 'b', 'b', 'c']);
  });

  it('a key that getOrSet is loading is not asked for, and the other way round', async () => {
    const { cache } = await openCache();
    const held = hold<string>();
    const asked: string[][] = [];
    const load = async (missing: readonly string[]): Promise<Record<string, string>> => {
      asked.push([...missing]);
      await held.promise;
      return { b: '<b>' };
    };
    const single = cache.getOrSet('a', () => held.promise);
    const many = cache.getOrSetMany(['a', 'b'], load);
    await settle();
    const joined = cache.getOrSet('b', () => 'not me');
    held.resolve('single');
    expect([...(await many)]).toEqual([
      ['a', 'single'],
      ['b', '<b>'],
    ]);
    expect([await single, await joined, asked]).toEqual(['single', '<b>', [['b']]]);
  });

  it('who joined a key that the loader then leaves out loads it himself', async () => {
    const { cache } = await openCache();
    const held = hold<Record<string, string>>();
    const many = cache.getOrSetMany(['a', 'b'], () => held.promise);
    await settle();
    const joined = cache.getOrSet('a', () => 'mine');
    const both = cache.getOrSetMany(['a', 'b'], () => ({ a: 'never' }));
    held.resolve({ b: 'b' });
    expect([...(await many)]).toEqual([['b', 'b']]);
    expect(await joined).toBe('mine');
    expect((await both).get('b')).toBe('b');
  });

  it('a key that is deleted meanwhile is answered and not stored; the others are', async () => {
    const { cache } = await openCache();
    const held = hold<Record<string, number>>();
    const many = cache.getOrSetMany(['a', 'b'], () => held.promise);
    await settle();
    await cache.delete('a');
    held.resolve({ a: 1, b: 2 });
    expect([...(await many)]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect([...(await cache.getMany(['a', 'b']))]).toEqual([['b', 2]]);
  });

  it('a caller that gives up leaves the others their part', async () => {
    const { cache } = await openCache();
    const held = hold<Record<string, number>>();
    const controller = new AbortController();
    const gone = rejection(cache.getOrSetMany(['a', 'b'], () => held.promise, { signal: controller.signal }));
    await settle();
    const joined = cache.getOrSet('b', () => 99);
    controller.abort(new Error('gone'));
    expect((await gone).message).toBe('gone');
    held.resolve({ a: 1, b: 2 });
    expect(await joined).toBe(2);
    await settle();
    expect([await cache.exists('a'), await cache.get('b')]).toEqual([false, 2]);
  });

  it('its failures reach those who joined, and nothing is left over', async () => {
    const { cache } = await openCache();
    const held = hold<Record<string, number>>();
    const many = rejection(cache.getOrSetMany(['a', 'b'], () => held.promise));
    await settle();
    const asked = [many, rejection(cache.getOrSet('b', () => 1))];
    const error = new Error('down');
    held.reject(error);
    for (const got of await Promise.all(asked)) expect(got).toBe(error);
    expect(await cache.getOrSet('b', () => 2)).toBe(2);
  });
});
