import { describe, expect, it } from 'vitest';
import { openCache, rejection } from './service-rig.js';

describe('namespace()', () => {
  it('has keys of its own', async () => {
    const { cache } = await openCache();
    const users = cache.namespace('users');
    await cache.set('a', 'root');
    await users.set('a', 'users');
    expect([await cache.get('a'), await users.get('a'), await cache.get('users:a')]).toEqual([
      'root',
      'users',
      undefined,
    ]);
    expect([users.namespaceName, users.cacheName]).toEqual(['users', 'default']);
  });

  it('of the same name is the same namespace, loads under way included', async () => {
    const { cache } = await openCache();
    const [one, other] = [cache.namespace('users'), cache.namespace('users')];
    let loads = 0;
    const load = async (): Promise<number> => (loads += 1);
    expect(await Promise.all([one.getOrSet('a', load), other.getOrSet('a', load)])).toEqual([1, 1]);
    await one.set('b', 2);
    expect(await other.take('b')).toBe(2);
  });

  it('nested is named outer:inner, and is another one', async () => {
    const { cache } = await openCache();
    const inner = cache.namespace('users').namespace('eu');
    expect(inner.namespaceName).toBe('users:eu');
    await inner.set('a', 1);
    expect(await cache.namespace('users:eu').get('a')).toBe(1);
    expect(await cache.namespace('users').get('eu:a')).toBeUndefined();
  });

  it('keeps its entries while nobody holds the service', async () => {
    const { cache } = await openCache();
    await cache.namespace('users').set('a', 1);
    expect(await cache.namespace('users').get('a')).toBe(1);
  });

  it.each([5, null, undefined, '\ud800'])('%s is refused', async (name) => {
    const { cache } = await openCache();
    expect(() => cache.namespace(name as string)).toThrow(/namespace/);
  });
});

describe('clear()', () => {
  const NAMES = ['', 'users', 'usersAbc', 'users:eu', 'other'];

  it.each(NAMES)('of %j empties it and none of the others', async (cleared) => {
    const { cache } = await openCache();
    const at = (name: string) => (name === '' ? cache : cache.namespace(name));
    for (const name of NAMES) await at(name).set('a', name);
    await at(cleared).clear();
    const left = await Promise.all(NAMES.map((name) => at(name).get('a')));
    expect(left).toEqual(NAMES.map((name) => (name === cleared ? undefined : name)));
    expect((await cache.getStats()).size).toBe(NAMES.length - 1);
  });

  it('lets entries written afterwards be hits', async () => {
    const { cache } = await openCache();
    await cache.set('a', 1);
    const clearing = cache.clear();
    await cache.set('a', 2);
    await clearing;
    expect(await cache.get('a')).toBe(2);
  });
});

describe('invalidateTags()', () => {
  it('makes every entry with any of the tags void, in all namespaces', async () => {
    const { cache } = await openCache();
    const users = cache.namespace('users');
    await cache.set('a', 1, { tags: ['x', 'y'] });
    await users.set('a', 2, { tags: ['y', 'z'] });
    await users.namespace('eu').set('a', 3, { tags: ['z'] });
    await users.set('b', 4, { tags: ['w'] });
    await users.set('c', 5);
    await users.invalidateTags(['x', 'z', 'nobody']);
    expect(await Promise.all([cache.get('a'), users.get('a'), users.namespace('eu').get('a')])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([...(await users.getMany(['a', 'b', 'c']))]).toEqual([
      ['b', 4],
      ['c', 5],
    ]);
  });

  it('takes one tag as a text, and none at all', async () => {
    const { cache } = await openCache();
    await cache.set('a', 1, { tags: ['x'] });
    await cache.invalidateTags([]);
    expect(await cache.exists('a')).toBe(true);
    await cache.invalidateTags('x');
    expect(await cache.exists('a')).toBe(false);
  });

  it('makes an entry void for every operation', async () => {
    const { cache } = await openCache();
    const keys = ['get', 'take', 'touch', 'delete', 'getSet', 'increment', 'add', 'many', 'ttl'];
    for (const key of keys) await cache.set(key, 5, { tags: ['t'] });
    await cache.invalidateTags(['t']);
    expect(await cache.get('get')).toBeUndefined();
    expect(await cache.take('take')).toBeUndefined();
    expect(await cache.touch('touch', 5)).toBe(false);
    expect(await cache.delete('delete')).toBe(false);
    expect(await cache.getSet('getSet', 1)).toBeUndefined();
    expect(await cache.increment('increment')).toBe(1);
    expect(await cache.add('add', 1)).toBe(true);
    expect(await cache.getMany(['many'])).toEqual(new Map());
    expect(await cache.ttl('ttl')).toBeUndefined();
  });

  it('lets entries written afterwards be hits', async () => {
    const { cache } = await openCache();
    await cache.set('a', 1, { tags: ['t'] });
    await cache.invalidateTags(['t']);
    await cache.set('a', 2, { tags: ['t'] });
    expect(await cache.get('a')).toBe(2);
  });

  it('duplicates and empty texts are tags like others; the list is not changed', async () => {
    const { cache } = await openCache();
    const tags = Object.freeze(['', 't', 't', '']) as string[];
    await cache.set('a', 1, { tags });
    await cache.set('b', 1, { tags: [''] });
    await cache.invalidateTags(Object.freeze(['', '']) as string[]);
    expect((await cache.getMany(['a', 'b'])).size).toBe(0);
  });

  it('a list of tags that changes later does not change the entry', async () => {
    const { cache } = await openCache();
    const tags = ['t'];
    await cache.set('a', 1, { tags });
    tags[0] = 'other';
    await cache.invalidateTags(['other']);
    expect(await cache.exists('a')).toBe(true);
    await cache.invalidateTags(['t']);
    expect(await cache.exists('a')).toBe(false);
  });

  it.each([undefined, null, 5, [5], {}])('%j is refused', async (tags) => {
    const { cache } = await openCache();
    expect((await rejection(cache.invalidateTags(tags as unknown as string[]))).code).toBe('CACHE_KEY');
  });
});
