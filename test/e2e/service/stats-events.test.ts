import { describe, expect, it } from 'vitest';
import type { CacheEventType, CacheService } from '../../../lib/index.js';
import { hold, openCache, rejection, settle } from './service-rig.js';

const ZERO = {
  hits: 0, misses: 0, hitRate: 0, staleHits: 0, evictions: 0, evictionsByCause: { size: 0, bytes: 0 }, expirations: 0,
  sets: 0, deletes: 0, loads: 0, loadFailures: 0, loadTime: 0, errors: 0, pendingEvictions: 0, size: 0, bytes: undefined,
}; // prettier-ignore

describe('getStats', () => {
  it('begins at zero, with a hit rate of 0', async () => {
    const { cache } = await openCache();
    expect(await cache.getStats()).toEqual(ZERO);
  });

  it('every read is a hit or a miss', async () => {
    const { cache, clock } = await openCache();
    await cache.setMany({ a: 1, b: 2 });
    await cache.get('a');
    await cache.get('nobody');
    await cache.getMany(['a', 'b', 'c', 'a']);
    await cache.getOrSet('a', () => 1);
    await cache.getOrSet('d', () => 1);
    await cache.getOrSetMany(['a', 'e'], () => ({ e: 1 }));
    await cache.namespace('n').get('a');
    clock.advance(3_600_000);
    await cache.get('a');
    const { hits, misses, hitRate } = await cache.getStats();
    expect([hits, misses, hitRate]).toEqual([5, 6, 5 / 11]);
  });

  it('looking at an entry otherwise is neither', async () => {
    const { cache } = await openCache();
    await cache.set('a', 1);
    await cache.exists('a');
    await cache.ttl('a');
    await cache.touch('a', 5);
    await cache.add('a', 1);
    await cache.getSet('a', 1);
    await cache.increment('a');
    await cache.take('a');
    await cache.delete('a');
    expect(await cache.getStats()).toMatchObject({ hits: 0, misses: 0, hitRate: 0 });
  });

  it('sets and deletes', async () => {
    const { cache } = await openCache();
    await cache.set('a', 1);
    await cache.setMany({ b: 1, c: 1 });
    await cache.add('d', 1);
    await cache.add('d', 2);
    await cache.getSet('e', 1);
    await cache.getOrSet('f', () => 1);
    await cache.set('g', 1, { ttl: 0 });
    expect((await cache.getStats()).sets).toBe(6);
    await cache.delete('a');
    await cache.delete('a');
    await cache.deleteMany(['b', 'c', 'nobody']);
    await cache.take('d');
    expect(await cache.getStats()).toMatchObject({ deletes: 4, size: 2 });
  });

  it('size counts what is still held: after delete, expiry, eviction, clear, tag invalidation', async () => {
    const { cache, clock } = await openCache({ maxSize: 6 });
    const size = async (): Promise<number | undefined> => (await cache.getStats()).size;
    await cache.setMany({ a: 1, b: 2 }, { ttl: 10 });
    await cache.setMany({ c: 3, d: 4 }, { tags: ['t'] });
    await cache.namespace('n').setMany({ e: 5, f: 6 });
    expect(await size()).toBe(6);
    await cache.set('g', 7);
    expect(await size()).toBe(6);
    await cache.delete('b');
    expect(await size()).toBe(5);
    await cache.invalidateTags(['t']);
    expect(await size()).toBe(3);
    await cache.namespace('n').clear();
    expect(await size()).toBe(1);
    await cache.set('h', 1, { ttl: 10 });
    clock.advance(10_000);
    expect(await size()).toBe(1);
    await cache.clear();
    expect(await size()).toBe(0);
  });

  it('an entry that has ended is not held, within its last second either', async () => {
    const { cache, clock } = await openCache();
    await cache.setMany({ a: 1 }, { ttl: '100ms' });
    await cache.setMany({ b: 1 }, { ttl: '101ms' });
    clock.advance(100);
    expect(await cache.getStats()).toMatchObject({ size: 1, expirations: 1 });
  });

  it('evictions by cause', async () => {
    const { cache } = await openCache({ maxSize: 3, maxSizeMb: 10 / 1_048_576, sizeOf: (value) => value as number });
    await cache.setMany({ a: 1, b: 1, c: 1 });
    await cache.set('d', 1);
    expect(await cache.getStats()).toMatchObject({
      evictions: 1,
      evictionsByCause: { size: 1, bytes: 0 },
      size: 3,
      bytes: 3,
    });
    await cache.set('d', 9);
    expect(await cache.getStats()).toMatchObject({
      evictions: 2,
      evictionsByCause: { size: 1, bytes: 1 },
      size: 2,
      bytes: 10,
    });
    await cache.set('e', 11);
    expect(await cache.getStats()).toMatchObject({ evictions: 2, size: 2, bytes: 10 });
  });

  it('loads, their failures and their time', async () => {
    const { cache, clock } = await openCache();
    const [slow, failing] = [hold<number>(), hold<number>()];
    const first = cache.getOrSet('a', () => slow.promise);
    const second = rejection(cache.getOrSet('b', () => failing.promise));
    clock.advance(30);
    slow.resolve(1);
    await first;
    clock.advance(20);
    failing.reject(new Error());
    await second;
    expect(await cache.getStats()).toMatchObject({ loads: 1, loadFailures: 1, loadTime: 80, errors: 0 });
  });

  it('a write to the source is no load, also where it fails', async () => {
    const { cache, clock } = await openCache();
    await cache.writeThrough('a', 1, async () => clock.advance(30));
    await rejection(cache.writeThrough('a', 2, () => Promise.reject(new Error())));
    expect(await cache.getStats()).toMatchObject({ sets: 1, loads: 0, loadFailures: 0, loadTime: 0, errors: 0 });
  });

  it('a batch is one load for each key that it loads, with the whole of its time', async () => {
    const { cache, clock } = await openCache();
    await cache.set('a', 1);
    await cache.getOrSetMany(['a', 'b', 'c', 'b'], () => (clock.advance(30), { b: 1, c: 1 }));
    expect(await cache.getStats()).toMatchObject({ hits: 1, misses: 2, loads: 2, loadTime: 60 });
  });

  it('an entry is held past its ttl for as long as its grace lasts', async () => {
    const { cache, clock } = await openCache();
    await cache.set('a', 1, { ttl: 1, grace: 5 });
    clock.advance(5_999);
    expect(await cache.getStats()).toMatchObject({ size: 1, expirations: 0 });
    clock.advance(1);
    expect(await cache.getStats()).toMatchObject({ size: 0, expirations: 1 });
  });

  it('all namespaces together, each cache by itself', async () => {
    const { cache } = await openCache();
    await cache.namespace('n').set('a', 1);
    await cache.namespace('n').get('a');
    expect(await cache.getStats()).toEqual(await cache.namespace('n').getStats());
    expect(await cache.getStats()).toMatchObject({ hits: 1, size: 1 });
    expect(await (await openCache()).cache.getStats()).toEqual(ZERO);
  });

  it('is a snapshot', async () => {
    const { cache } = await openCache();
    const before = await cache.getStats();
    await cache.get('a');
    expect(before.misses).toBe(0);
  });

  it('resetStats begins anew and keeps the entries', async () => {
    const { cache } = await openCache({ maxSize: 2 });
    await cache.setMany({ a: 1, b: 2, c: 3 });
    await cache.get('c');
    await rejection(cache.getOrSet('d', () => Promise.reject(new Error())));
    cache.resetStats();
    expect(await cache.getStats()).toEqual({ ...ZERO, size: 2 });
    expect(await cache.get('c')).toBe(3);
    expect(await cache.getStats()).toMatchObject({ hits: 1, misses: 0, hitRate: 1 });
  });
});

describe('events', () => {
  const types: CacheEventType[] = [
    'hit', 'miss', 'set', 'delete', 'load', 'loadFailure', 'fenced', 'evict', 'expire', 'refuse', 'invalidate', 'clear', 'error',
  ]; // prettier-ignore

  function listen(cache: CacheService): [CacheEventType, unknown][] {
    const heard: [CacheEventType, unknown][] = [];
    for (const type of types) cache.events.on(type, (event) => heard.push([type, event]));
    return heard;
  }

  it('say what happens to which entry', async () => {
    const { cache, clock } = await openCache({ maxSize: 2 });
    const heard = listen(cache);
    const spoken = (): [CacheEventType, unknown][] => heard.splice(0);
    const users = cache.namespace('users');
    const a = { namespace: 'users', key: 'a' };

    await users.get('a');
    await users.set('a', 1, { ttl: 1 });
    await users.get('a');
    await users.delete('a');
    await users.delete('a');
    expect(spoken()).toEqual([
      ['miss', a],
      ['set', a],
      ['hit', a],
      ['delete', a],
    ]);

    await users.set('a', 1, { ttl: 1 });
    clock.advance(1_000);
    await users.get('a');
    expect(spoken()).toEqual([
      ['set', a],
      ['expire', { ...a, cause: 'ttl' }],
      ['miss', a],
    ]);

    await users.getOrSet('a', () => (clock.advance(7), 1));
    expect(spoken()).toEqual([
      ['miss', a],
      ['load', { ...a, ms: 7 }],
      ['set', a],
    ]);
    await users.delete('a');
    spoken();

    await rejection(users.getOrSet('a', () => Promise.reject(new Error())));
    expect(spoken()).toEqual([
      ['miss', a],
      ['loadFailure', { ...a, ms: 0 }],
    ]);

    await cache.setMany({ x: 1, y: 2, z: 3 });
    expect(spoken()).toContainEqual(['evict', { namespace: '', key: 'x', cause: 'size' }]);

    await users.clear();
    await users.invalidateTags(['t']);
    expect(spoken()).toEqual([
      ['clear', { namespace: 'users' }],
      ['invalidate', { tags: ['t'] }],
    ]);
  });

  it('fenced, refuse and error', async () => {
    const { cache } = await openCache({ maxSizeMb: 10 / 1_048_576, sizeOf: (value) => value as number });
    const heard = listen(cache);
    const held = hold<number>();
    const load = cache.getOrSet('a', () => held.promise);
    await cache.delete('a');
    held.resolve(1);
    await load;
    await cache.set('heavy', 11);
    // By hand the caller is told; a decorated call is spared, and that is an error to count.
    await rejection(cache.getOrSet('b', () => () => 1));
    expect((await cache.getStats()).errors).toBe(0);
    await cache.call('b', () => () => 1, {}, { operation: 'Users.find', strict: false });
    expect((await cache.getStats()).errors).toBe(1);
    const last = heard.filter(([type]) => ['fenced', 'refuse', 'error'].includes(type));
    expect(last).toEqual([
      ['fenced', { namespace: '', key: 'a' }],
      ['refuse', { namespace: '', key: 'heavy', cause: 'bytes' }],
      ['error', { operation: 'Users.find', error: expect.objectContaining({ code: 'CACHE_SERIALIZATION' }) }],
    ]);
  });

  it('reach a listener until it unsubscribes, once for each subscription', async () => {
    const { cache } = await openCache();
    let heard = 0;
    const listener = (): void => void (heard += 1);
    const off = cache.events.on('miss', listener);
    cache.namespace('n').events.on('miss', () => (heard += 10));
    await cache.get('a');
    off();
    off();
    await cache.get('a');
    expect(heard).toBe(21);
  });

  it('a listener that throws is logged and changes nothing', async () => {
    const { cache, warnings } = await openCache();
    let others = 0;
    cache.events.on('set', () => {
      throw new Error('a bug in a listener');
    });
    cache.events.on('set', () => (others += 1));
    await cache.set('a', 1);
    await cache.set('b', 1);
    expect([await cache.get('a'), others, (await cache.getStats()).size]).toEqual([1, 2, 2]);
    expect(warnings).toEqual([expect.stringContaining('a bug in a listener')]);
  });

  it('a listener may use the cache', async () => {
    const { cache } = await openCache();
    cache.events.on('miss', ({ key }) => {
      if (key === 'a') void cache.set('seen', key);
    });
    await cache.get('a');
    await settle();
    expect(await cache.get('seen')).toBe('a');
  });
});
