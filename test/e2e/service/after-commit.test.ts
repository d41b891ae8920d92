import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  Cacheable,
  CacheBackendError,
  CacheEvict,
  CacheOptionsError,
  CachePut,
  CacheSerializationError,
  type CacheService,
} from '../../../lib/index.js';
import { Faults } from '../../../lib/testing/faults/faults.js';
import { eventually } from '../../support/redis/eventually.js';
import { start } from '../decorators/decorators-rig.js';
import { BACKENDS, freshnessRig } from '../freshness/freshness-rig.js';
import { openCache, rejection, Task } from './service-rig.js';

const open = freshnessRig();
const rollback = new Error('rolled back');

/** A transaction that does something and is then rolled back. */
async function rolledBack(cache: CacheService, change: () => Promise<unknown>): Promise<void> {
  const run = cache.afterCommit(async () => {
    await change();
    throw rollback;
  });
  expect(await rejection(run)).toBe(rollback);
}

describe.each(BACKENDS)('%s: changes in a transaction', (backend) => {
  const changes: readonly [string, (cache: CacheService) => Promise<unknown>, unknown][] = [
    ['set', (cache) => cache.set('k', 'new'), 'new'],
    ['setMany', (cache) => cache.setMany({ k: 'new', other: 1 }), 'new'],
    ['set with a ttl of 0', (cache) => cache.set('k', 'new', { ttl: 0 }), undefined],
    ['delete', (cache) => cache.delete('k'), undefined],
    ['deleteMany', (cache) => cache.deleteMany(['k', 'none']), undefined],
    ['clear', (cache) => cache.clear(), undefined],
    ['invalidateTags', (cache) => cache.invalidateTags('t'), undefined],
    ['invalidateTags, to be served stale', (cache) => cache.invalidateTags('t', { allowStale: true }), undefined],
    ['writeThrough', (cache) => cache.writeThrough('k', 'new', async () => {}), 'new'],
    ['a set after a delete', (cache) => cache.delete('k').then(() => cache.set('k', 'new')), 'new'],
    ['a delete after a set', (cache) => cache.set('k', 'new').then(() => cache.delete('k')), undefined],
    ['a set that replaces another', (cache) => cache.set('k', 1).then(() => cache.set('k', 'new')), 'new'],
  ];

  it.each(changes)('%s: seen inside, not outside, until the commit', async (_name, change, after) => {
    const { cache } = await open(backend);
    await cache.set('k', 'old', { tags: ['t'] });
    const commit = new Task<void>();
    const seen: unknown[] = [];
    const committed = cache.afterCommit(async () => {
      await change(cache);
      seen.push(await cache.get('k'), (await cache.getMany(['k'])).get('k'), await cache.exists('k'));
      await commit.run();
      return 'result';
    });
    await commit.begun;
    expect(seen).toEqual([after, after, after !== undefined]);
    expect(await cache.get('k')).toBe('old');
    commit.end();
    expect(await committed).toBe('result');
    expect(await cache.get('k')).toBe(after);
  });

  it.each(changes)('%s: forgotten where it is rolled back', async (_name, change) => {
    const { cache } = await open(backend);
    await cache.set('k', 'old', { tags: ['t'], ttl: 100 });
    const told: string[] = [];
    for (const type of ['set', 'delete', 'clear', 'invalidate', 'evict'] as const) {
      cache.events.on(type, () => told.push(type));
    }
    await rolledBack(cache, () => change(cache));
    expect(await cache.get('k')).toBe('old');
    expect(await cache.ttl('k')).toBe(100);
    expect(told).toEqual([]);
    expect(await cache.getOrSet('other', () => 'loaded')).toBe('loaded');
    expect(await cache.get('other')).toBe('loaded');
  });

  it('touch waits too', async () => {
    const { cache } = await open(backend);
    await cache.set('k', 'old', { ttl: 10 });
    await rolledBack(cache, async () => {
      expect(await cache.touch('k', 100)).toBe(true);
      expect(await cache.ttl('k')).toBe(100);
      expect(await cache.touch('none', 100)).toBe(false);
    });
    expect(await cache.ttl('k')).toBe(10);
    await cache.afterCommit(() => cache.touch('k', 100));
    expect(await cache.ttl('k')).toBe(100);
    await cache.afterCommit(async () => {
      await cache.set('k', 'new', { ttl: 5 });
      await cache.touch('k', 50);
    });
    expect([await cache.get('k'), await cache.ttl('k')]).toEqual(['new', 50]);
    await cache.afterCommit(() => cache.touch('k', 0));
    expect(await cache.exists('k')).toBe(false);
  });

  it('what is loaded inside is neither stored nor given to anybody outside, nor is a load outside joined', async () => {
    const { cache } = await open(backend);
    const inside = new Task<string>();
    const outside = new Task<string>();
    const commit = new Task<void>();
    const before = cache.getOrSet('k', outside.run);
    await outside.begun;
    const read = cache.afterCommit(async () => {
      const value = await cache.getOrSet('k', inside.run);
      await commit.run();
      return value;
    });
    await inside.begun;
    outside.end('committed');
    expect(await before).toBe('committed');
    expect(await cache.get('k')).toBe('committed');
    await cache.delete('k');
    inside.end('uncommitted');
    await commit.begun;
    expect(await cache.exists('k')).toBe(false);
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded');
    commit.end();
    expect(await read).toBe('uncommitted');
    expect(await cache.get('k')).toBe('loaded');
  });

  it('a load that began before an eviction by a commit is not stored after it', async () => {
    const { cache } = await open(backend);
    const load = new Task<string>();
    const loading = cache.getOrSet('k', load.run);
    await load.begun;
    await cache.afterCommit(() => cache.delete('k'));
    const own = cache.getOrSet('k', () => 'new');
    load.end('old');
    expect([await loading, await own]).toEqual(['old', 'new']);
    expect(await cache.get('k')).toBe('new');
  });

  it('of two that put the same entry neither is believed', async () => {
    const { cache } = await open(backend);
    const order = [new Task<void>(), new Task<void>()] as const;
    const puts = order.map((commit, index) =>
      cache.afterCommit(async () => {
        await cache.set('k', index);
        await commit.run();
      }),
    );
    await Promise.all(order.map(({ begun }) => begun));
    order[1].end();
    await puts[1];
    order[0].end();
    await puts[0];
    expect(await cache.exists('k')).toBe(false);
  });

  it.each([
    ['a delete', (cache: CacheService) => cache.delete('k')],
    ['a set', (cache: CacheService) => cache.set('k', 'other')],
    ['a load', (cache: CacheService) => cache.getOrSet('k', () => 'other', { forceFresh: true })],
    ['a clear', (cache: CacheService) => cache.clear()],
    ['an invalidation of its tag', (cache: CacheService) => cache.invalidateTags('t')],
    ['another commit', (cache: CacheService) => cache.afterCommit(() => cache.set('k', 'other'))],
  ])('a put with %s in between removes the entry', async (_name, change) => {
    const { cache } = await open(backend);
    await cache.set('k', 'old');
    const commit = new Task<void>();
    const put = cache.afterCommit(async () => {
      await cache.set('k', 'new', { tags: ['t'] });
      await commit.run();
    });
    await commit.begun;
    await change(cache);
    commit.end();
    await put;
    expect(await cache.exists('k')).toBe(false);
  });

  it('one within another is part of it, and can fail alone', async () => {
    const { cache } = await open(backend);
    await cache.setMany({ a: 'old', b: 'old', c: 'old', d: 'old' });
    await cache.afterCommit(async () => {
      await cache.set('a', 'outer');
      await cache.afterCommit(async () => {
        await cache.set('b', 'inner');
        await cache.delete('c');
        expect(await cache.get('a')).toBe('outer');
      });
      expect((await cache.getMany(['a', 'b', 'c', 'd'])).size).toBe(3);
      await rolledBack(cache, async () => {
        await cache.set('a', 'failed');
        await cache.clear();
        expect(await cache.get('b')).toBeUndefined();
      });
      expect(await cache.get('a')).toBe('outer');
      await cache.set('d', 'outer');
    });
    expect(Object.fromEntries(await cache.getMany(['a', 'b', 'c', 'd']))).toEqual({
      a: 'outer',
      b: 'inner',
      d: 'outer',
    });
    await rolledBack(cache, () => cache.afterCommit(() => cache.deleteMany(['a', 'b', 'd'])));
    expect((await cache.getMany(['a', 'b', 'd'])).size).toBe(3);
  });

  it('holds for all namespaces', async () => {
    const { cache } = await open(backend);
    const users = cache.namespace('users');
    await users.set('k', 'old', { tags: ['t'] });
    await cache.set('k', 'old');
    await rolledBack(users, async () => {
      await cache.delete('k');
      await cache.namespace('users').clear();
      expect([await users.exists('k'), await cache.exists('k')]).toEqual([false, false]);
    });
    expect([await users.get('k'), await cache.get('k')]).toEqual(['old', 'old']);
    await cache.afterCommit(() => users.clear());
    expect([await users.exists('k'), await cache.get('k')]).toEqual([false, 'old']);
  });

  it('a value that cannot be stored is refused when it is given', async () => {
    if (backend === 'memory') return;
    const { cache } = await open(backend);
    await cache.afterCommit(async () => {
      const error = await rejection(cache.set('k', { fn: (): void => {} }));
      expect(error).toBeInstanceOf(CacheSerializationError);
    });
    expect(await cache.exists('k')).toBe(false);
  });

  it('atomic operations are done at once and stay done, and are refused after a change that waits', async () => {
    const { cache } = await open(backend);
    await cache.setMany({ taken: 'old', swapped: 'old' });
    await rolledBack(cache, async () => {
      expect(await cache.increment('n', 2)).toBe(2);
      expect(await cache.decrement('n')).toBe(1);
      expect(await cache.add('added', 1)).toBe(true);
      expect(await cache.take('taken')).toBe('old');
      expect(await cache.getSet('swapped', 'new')).toBe('old');
      await cache.delete('n');
      await cache.set('added', 2);
      for (const call of [cache.increment('n'), cache.add('added', 3), cache.take('n'), cache.getSet('n', 1)]) {
        expect(await rejection(call)).toBeInstanceOf(CacheOptionsError);
      }
    });
    const found = await cache.getMany(['n', 'added', 'taken', 'swapped']);
    expect(Object.fromEntries(found)).toEqual({ n: 1, added: 1, swapped: 'new' });
  });
});

describe('in a transaction', () => {
  it('the answers are those of what it sees, and events and counts come with the commit', async () => {
    const { cache } = await openCache();
    await cache.setMany({ a: 1, b: 1, c: 1 });
    const told: unknown[] = [];
    cache.events.on('delete', ({ key }) => told.push(key));
    cache.events.on('clear', ({ namespace }) => told.push(`clear ${namespace}`));
    cache.events.on('invalidate', ({ tags }) => told.push(...tags));
    await cache.afterCommit(async () => {
      expect(await cache.delete('a')).toBe(true);
      expect(await cache.delete('a')).toBe(false);
      expect(await cache.deleteMany(['a', 'b', 'none'])).toBe(1);
      expect(await cache.delete('set')).toBe(false);
      await cache.set('set', 1);
      expect(await cache.delete('set')).toBe(true);
      await cache.invalidateTags(['t', 'u']);
      await cache.namespace('n').clear();
      expect(told).toEqual([]);
    });
    expect(told).toEqual(['clear n', 't', 'u', 'a', 'b']);
    expect((await cache.getStats()).deletes).toBe(2);
  });

  it('entries with an invalidated tag are not seen, also such as are stored meanwhile, and those put after it are', async () => {
    const { cache } = await openCache();
    const commit = new Task<void>();
    const next = new Task<void>();
    const run = cache.afterCommit(async () => {
      await cache.set('before', 1, { tags: ['t'] });
      await cache.invalidateTags('t');
      await cache.set('after', 1, { tags: ['t'] });
      await next.run();
      const found = await cache.getMany(['before', 'after', 'outside', 'free']);
      expect([...found.keys()]).toEqual(['after', 'free']);
      await commit.run();
    });
    await next.begun;
    await cache.setMany({ outside: 1 }, { tags: ['t'] });
    await cache.setMany({ free: 1 }, { tags: ['u'] });
    next.end();
    await commit.begun;
    commit.end();
    await run;
    expect(await cache.exists('outside')).toBe(false);
    expect(await cache.exists('free')).toBe(true);
  });

  it('an entry invalidated softly is served stale where its load fails, inside and after', async () => {
    const { cache } = await openCache({ ttl: 60 });
    await cache.set('k', 'old', { tags: ['t'], grace: 60 });
    const fails = (): never => {
      throw new Error('source down');
    };
    await cache.afterCommit(async () => {
      await cache.invalidateTags('t', { allowStale: true });
      expect(await cache.getOrSet('k', fails, { grace: 60 })).toBe('old');
    });
    expect(await cache.exists('k')).toBe(false);
    expect(await cache.getOrSet('k', fails, { grace: 60 })).toBe('old');
  });

  it('an uncommitted read says why it is not stored, and nothing is renewed ahead', async () => {
    const { cache, clock } = await openCache({ ttl: 10 });
    const texts: string[] = [];
    cache.events.on('outcome', ({ text }) => texts.push(text));
    await cache.set('hot', 'old');
    clock.advance(9_000);
    let loads = 0;
    await cache.afterCommit(async () => {
      await cache.getOrSet('k', () => 1);
      await cache.delete('gone');
      await cache.get('gone');
      expect(await cache.getOrSet('hot', () => (loads += 1), { refreshAhead: 0.5 })).toBe('old');
    });
    expect(texts).toEqual(['miss: absent; not stored: in a transaction', 'miss: removed', 'hit']);
    expect(loads).toBe(0);
  });

  it('concurrent misses of one entry share a load in memory, and one after a change loads anew', async () => {
    const { cache } = await openCache();
    let loads = 0;
    const load = async (): Promise<number> => (loads += 1);
    await cache.afterCommit(async () => {
      expect(await Promise.all([cache.getOrSet('k', load), cache.getOrSet('k', load)])).toEqual([1, 1]);
      const first = cache.getOrSet('k', load);
      await cache.delete('k');
      expect(await Promise.all([first, cache.getOrSet('k', load)])).toEqual([2, 3]);
    });
  });

  it('a loader that asks for its own entry through one is told so', async () => {
    const { cache } = await openCache();
    const load = (): Promise<unknown> => cache.afterCommit(() => cache.getOrSet('k', load));
    expect((await rejection(cache.getOrSet('k', load))).code).toBe('CACHE_RECURSION');
  });

  it('what is not waited for is done at once when it is over', async () => {
    const { cache } = await openCache();
    await cache.setMany({ a: 'old', b: 'old' });
    const later = new Task<void>();
    let stray!: Promise<unknown>;
    await rolledBack(cache, async () => {
      stray = later.run().then(async () => {
        await cache.delete('a');
        await cache.set('b', 'new');
        expect(await cache.getOrSet('c', () => 1)).toBe(1);
      });
    });
    expect(await cache.get('a')).toBe('old');
    later.end();
    await stray;
    expect(Object.fromEntries(await cache.getMany(['a', 'b', 'c']))).toEqual({ b: 'new', c: 1 });
  });

  it('a write that outlives it removes its entry', async () => {
    const { cache } = await openCache();
    await cache.set('k', 'old');
    const write = new Task<void>();
    let stray!: Promise<unknown>;
    await cache.afterCommit(async () => {
      stray = cache.writeThrough('k', 'new', write.run);
      await write.begun;
    });
    expect(await cache.get('k')).toBe('old');
    write.end();
    expect(await stray).toBe('new');
    expect(await cache.exists('k')).toBe(false);
  });

  it('a write that fails changes nothing, and evicts with the commit where nobody knows', async () => {
    const { cache } = await openCache();
    await cache.setMany({ a: 'old', b: 'old' });
    const unknown = Object.assign(new Error('x'), { code: 'ETIMEDOUT' });
    await cache.afterCommit(async () => {
      await rejection(cache.writeThrough('a', 'new', () => Promise.reject(rollback)));
      await rejection(cache.writeThrough('b', 'new', () => Promise.reject(unknown)));
      expect([await cache.get('a'), await cache.get('b')]).toEqual(['old', undefined]);
    });
    expect([await cache.get('a'), await cache.get('b')]).toEqual(['old', undefined]);
  });

  it('another cache is not part of it', async () => {
    const [one, other] = [(await openCache()).cache, (await openCache()).cache];
    await rolledBack(one, async () => {
      await one.set('k', 1);
      await other.set('k', 1);
      await rolledBack(other, async () => {
        await one.set('l', 1);
        await other.set('l', 1);
        expect([await one.get('l'), await other.get('l')]).toEqual([1, 1]);
      });
      expect([await one.get('l'), await other.get('l')]).toEqual([1, undefined]);
    });
    expect([await one.exists('k'), await other.exists('k')]).toEqual([false, true]);
  });

  it('a function that throws at once is rolled back too', async () => {
    const { cache } = await openCache();
    const run = cache.afterCommit(() => {
      throw rollback;
    });
    expect(await rejection(run)).toBe(rollback);
  });

  it('a cache that is switched off runs it', async () => {
    const { cache } = await openCache({ enabled: false });
    const run = cache.afterCommit(async () => {
      await cache.set('k', 1);
      return cache.exists('k');
    });
    expect(await run).toBe(false);
  });
});

describe('a transaction that ends with an error that leaves open whether it was committed', () => {
  const lost = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

  it.each([
    ['the connection was lost', lost, undefined],
    ['the app says so', rollback, { outcomeUnknown: (error: unknown): boolean => error === rollback }],
  ])('evicts what it changed: %s', async (_name, error, options) => {
    const { cache } = await openCache();
    await cache.setMany({ put: 'old', gone: 'old', stays: 'old', touched: 'old' });
    await cache.set('tagged', 'old', { tags: ['t'] });
    const run = cache.afterCommit(async () => {
      await cache.set('put', 'new');
      await cache.delete('gone');
      await cache.touch('touched', 1);
      await cache.invalidateTags('t');
      throw error;
    }, options);
    expect(await rejection(run)).toBe(error);
    const found = await cache.getMany(['put', 'gone', 'stays', 'touched', 'tagged']);
    expect([...found.keys()]).toEqual(['stays', 'touched']);
    expect(await cache.ttl('touched')).toBe(3_600);
  });

  it('is not one that a timeout rolled back', async () => {
    const { cache } = await openCache();
    await cache.set('k', 'old');
    const error = Object.assign(new Error('x'), { name: 'TimeoutError' });
    await rejection(cache.afterCommit(() => cache.delete('k').then(() => Promise.reject(error))));
    expect(await cache.get('k')).toBe('old');
  });
});

describe('a backend that is down at the commit', () => {
  it('changes are evictions that are delivered when it is back', async () => {
    const faults = new Faults();
    const { cache, pass } = await open('redis', { faults });
    await cache.setMany({ put: 'old', gone: 'old' });
    await cache.afterCommit(async () => {
      await cache.set('put', 'new');
      await cache.delete('gone');
      faults.cut();
    });
    expect((await cache.getMany(['put', 'gone'])).size).toBe(0);
    faults.heal();
    await eventually('the evictions are delivered', async () => {
      await pass(1_000);
      return (await cache.getStats()).pendingEvictions === 0;
    });
    expect((await cache.getMany(['put', 'gone'])).size).toBe(0);
  });

  it("with onError: 'throw' the caller is told, and all the changes have been tried", async () => {
    const faults = new Faults();
    const { cache, pass } = await open('redis', { faults, onError: 'throw' });
    await cache.setMany({ put: 'old', gone: 'old', more: 'old' });
    const run = cache.afterCommit(async () => {
      await cache.set('put', 'new');
      await cache.delete('gone');
      await cache.namespace('n').clear();
      faults.add({ on: 'clear', fault: { kind: 'throw' } });
    });
    expect(await rejection(run)).toBeInstanceOf(CacheBackendError);
    faults.heal();
    await eventually('the cache is up', async () => {
      await pass(1_000);
      return (await cache.getStats()).pendingEvictions === 0;
    });
    expect([...(await cache.getMany(['put', 'gone', 'more'])).keys()]).toEqual(['more']);
  });
});

describe('asked for wrongly', () => {
  it.each([
    ['without a function', undefined, undefined, 'a function'],
    ['with an unknown option', async () => {}, { retry: 1 }, 'retry'],
    ['with a predicate that is none', async () => {}, { outcomeUnknown: 1 }, 'outcomeUnknown'],
  ])('%s', async (_name, fn, options, named) => {
    const { cache } = await openCache();
    const error = await rejection(cache.afterCommit(fn as never, options as never));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toContain(named);
  });
});

describe('decorated methods', () => {
  @Injectable()
  class Users {
    name = 'old';
    loads = 0;

    @Cacheable({ key: 'user', tags: ['user'] })
    async find(): Promise<string> {
      this.loads += 1;
      return this.name;
    }

    @CachePut({ key: 'user' })
    async put(name: string): Promise<string> {
      return (this.name = name);
    }

    @CacheEvict({ tags: ['user'] })
    async evict(name: string): Promise<void> {
      this.name = name;
    }

    @CacheEvict({ key: 'user', beforeInvocation: true })
    async evictEarly(name: string): Promise<void> {
      this.name = name;
    }
  }

  it.each(['put', 'evict', 'evictEarly'] as const)('J36 %s waits for the commit', async (method) => {
    const { service, cache } = await start(Users);
    await service.find();
    await rolledBack(cache, async () => {
      await service[method]('new');
      expect(await service.find()).toBe('new');
      service.name = 'old';
    });
    expect(await service.find()).toBe('old');
    expect(await cache.get('user')).toBe('old');
    await cache.afterCommit(async () => {
      await service[method]('new');
      expect(await service.find()).toBe('new');
    });
    expect(await cache.get('user')).toBe(method === 'put' ? 'new' : undefined);
    expect(await service.find()).toBe('new');
  });
});
