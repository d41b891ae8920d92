import { describe, expect, it } from 'vitest';
import { CacheKeyError, type CacheService } from '../../../lib/index.js';
import { hold, openCache, outcomeOf, rejection, settle } from './service-rig.js';

async function expectRecursion(promise: Promise<unknown>): Promise<void> {
  const outcome = (await outcomeOf(promise)) as { error?: CacheKeyError };
  expect(outcome).toMatchObject({ error: { code: 'CACHE_RECURSION' } });
  expect(outcome.error).toBeInstanceOf(CacheKeyError);
}

describe('a load that would wait for itself is an error, not a deadlock', () => {
  it('directly', async () => {
    const { cache } = await openCache();
    const load = (): Promise<number> => cache.getOrSet('a', load);
    await expectRecursion(cache.getOrSet('a', load));
  });

  it('after the loader has waited for something else', async () => {
    const { cache } = await openCache();
    const load = async (): Promise<number> => {
      await settle();
      return cache.getOrSet('a', load);
    };
    expect((await rejection(cache.getOrSet('a', load))).code).toBe('CACHE_RECURSION');
  });

  it('with forceFresh', async () => {
    const { cache } = await openCache();
    const load = (): Promise<number> => cache.getOrSet('a', load, { forceFresh: true });
    await expectRecursion(cache.getOrSet('a', load));
  });

  it('through another key', async () => {
    const { cache } = await openCache();
    const a = (): Promise<number> => cache.getOrSet('b', () => cache.getOrSet('c', () => cache.getOrSet('a', a)));
    await expectRecursion(cache.getOrSet('a', a));
  });

  it('through another service of the same namespace', async () => {
    const { cache } = await openCache();
    const load = (): Promise<number> => cache.namespace('n').getOrSet('a', load);
    await expectRecursion(cache.namespace('n').getOrSet('a', load));
  });

  it('where two loaders wait for each other', async () => {
    const { cache } = await openCache();
    const go = hold<void>();
    const wants = (key: string) => async (): Promise<string> => {
      await go.promise;
      return cache.getOrSet(key, () => 'never');
    };
    const both = [cache.getOrSet('a', wants('b')), cache.getOrSet('b', wants('a'))];
    go.resolve();
    const outcomes = await Promise.all(both.map(outcomeOf));
    expect(outcomes).not.toContain('pending');
    expect(outcomes).toContainEqual({ error: expect.objectContaining({ code: 'CACHE_RECURSION' }) });
  });

  it('where three loaders wait in a ring, over namespaces', async () => {
    const { cache } = await openCache();
    const go = hold<void>();
    const spaces: CacheService[] = ['x', 'y', 'z'].map((name) => cache.namespace(name));
    const ring = spaces.map((space, i) =>
      space.getOrSet('a', async () => {
        await go.promise;
        return spaces[(i + 1) % 3]!.getOrSet('a', () => 'never');
      }),
    );
    go.resolve();
    expect(await Promise.all(ring.map(outcomeOf))).not.toContain('pending');
  });

  it('where it waits for a load twice, and gives one of the waits up', async () => {
    const { cache } = await openCache();
    const [goA, goB] = [hold<void>(), hold<void>()];
    const controller = new AbortController();
    const b = cache.getOrSet('b', async () => {
      await goB.promise;
      return cache.getOrSet('a', () => 'never');
    });
    const a = cache.getOrSet('a', async () => {
      await goA.promise;
      const given = cache.getOrSet('b', () => 'never', { signal: controller.signal }).catch(() => 'given up');
      const kept = cache.getOrSet('b', () => 'never');
      return Promise.all([given, kept]);
    });
    goA.resolve();
    await settle();
    controller.abort();
    await settle();
    goB.resolve();
    expect(await Promise.all([outcomeOf(a), outcomeOf(b)])).not.toContain('pending');
  });

  it.each<[string, (cache: CacheService) => Promise<unknown>]>([
    ['getOrSetMany in a loader', (cache) => cache.getOrSet('a', () => cache.getOrSetMany(['b', 'a'], () => ({})))],
    [
      'getOrSet in a loader of many',
      (cache) => cache.getOrSetMany(['a', 'b'], async () => ({ a: await cache.getOrSet('b', () => 1) })),
    ],
    [
      'getOrSetMany in itself',
      (cache) => cache.getOrSetMany(['a', 'b'], () => cache.getOrSetMany(['b', 'c'], () => ({ b: 1 }))),
    ],
  ])('through %s', async (_what, ask) => {
    const { cache } = await openCache();
    await expectRecursion(ask(cache));
  });

  it('where two loaders of many wait for a key of each other', async () => {
    const { cache } = await openCache();
    const go = hold<void>();
    const wants = (key: string) => async (): Promise<Record<string, number>> => {
      await go.promise;
      await cache.getOrSet(key, () => 1);
      return {};
    };
    const both = [cache.getOrSetMany(['a', 'b'], wants('c')), cache.getOrSetMany(['c', 'd'], wants('b'))];
    go.resolve();
    expect(await Promise.all(both.map(outcomeOf))).not.toContain('pending');
  });

  it('leaves nothing behind: the next load of the key works', async () => {
    const { cache } = await openCache();
    const load = (): Promise<number> => cache.getOrSet('a', load);
    await rejection(cache.getOrSet('a', load));
    expect(await cache.getOrSet('a', () => 1)).toBe(1);
    await rejection(cache.getOrSetMany(['b', 'c'], () => cache.getOrSetMany(['b'], () => ({ b: 1 }))));
    expect([...(await cache.getOrSetMany(['b', 'c'], () => ({ b: 1, c: 2 })))]).toEqual([
      ['b', 1],
      ['c', 2],
    ]);
  });

  it('a loader that catches the error may go on', async () => {
    const { cache } = await openCache();
    const load = (): Promise<number> => cache.getOrSet('a', load).catch(() => 7);
    expect(await cache.getOrSet('a', load)).toBe(7);
    expect(await cache.get('a')).toBe(7);
  });
});

describe('what only looks like it works', () => {
  it('another key', async () => {
    const { cache } = await openCache();
    const factorial = (n: number): Promise<number> =>
      cache.getOrSet(`${n}!`, async () => (n <= 1 ? 1 : n * (await factorial(n - 1))));
    expect(await factorial(20)).toBe(2_432_902_008_176_640_000);
    expect((await cache.getStats()).size).toBe(20);
  });

  it('the same key in another namespace', async () => {
    const { cache } = await openCache();
    expect(await cache.getOrSet('a', () => cache.namespace('n').getOrSet('a', () => 1))).toBe(1);
  });

  it('get, set and delete of the very key', async () => {
    const { cache } = await openCache();
    const value = await cache.getOrSet('a', async () => {
      await cache.set('a', 'set');
      return cache.get('a');
    });
    expect([value, await cache.get('a')]).toEqual(['set', 'set']);
  });

  it('two loaders that share a third', async () => {
    const { cache } = await openCache();
    let loads = 0;
    const shared = (): Promise<number> => cache.getOrSet('shared', async () => (loads += 1));
    expect(await Promise.all([cache.getOrSet('a', shared), cache.getOrSet('b', shared)])).toEqual([1, 1]);
    expect(loads).toBe(1);
  });

  it('one that waits for a load twice at the same time', async () => {
    const { cache } = await openCache();
    const b = (): Promise<number> => cache.getOrSet('b', async () => 1);
    expect(await cache.getOrSet('a', () => Promise.all([b(), b()]))).toEqual([1, 1]);
  });

  it('what a loader leaves running may ask for its key once it is through', async () => {
    const { cache } = await openCache();
    const go = hold<void>();
    let left!: Promise<unknown>;
    const first = await cache.getOrSet('a', () => {
      left = go.promise.then(() => cache.getOrSet('a', () => 'second', { forceFresh: true }));
      return 'first';
    });
    go.resolve();
    expect([first, await left, await cache.get('a')]).toEqual(['first', 'second', 'second']);
  });
});
