import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  Cacheable,
  CacheBackendError,
  CachePut,
  CacheOptionsError,
  CacheSerializationError,
  CacheTimeoutError,
} from '../../../lib/index.js';
import { Faults } from '../../../lib/testing/faults/faults.js';
import { eventually } from '../../support/redis/eventually.js';
import { start } from '../decorators/decorators-rig.js';
import { BACKENDS, freshnessRig } from '../freshness/freshness-rig.js';
import { openCache, outcomeOf, rejection, Task } from './service-rig.js';

const open = freshnessRig();
const saved = async (): Promise<void> => {};

function failing(error: unknown): () => Promise<never> {
  return () => Promise.reject(error);
}

describe.each(BACKENDS)('%s: a write-through', (backend) => {
  it('writes the source with the value, then the cache, and answers the value', async () => {
    const { cache, pass } = await open(backend);
    await cache.set('k', 'old');
    const source: unknown[] = [];
    const write = async (value: string): Promise<number> => {
      expect(await cache.get('k')).toBe('old');
      return source.push(value);
    };
    expect(await cache.writeThrough('k', 'new', write, { ttl: 10, tags: ['t'] })).toBe('new');
    expect(source).toEqual(['new']);
    expect(await cache.get('k')).toBe('new');
    await pass(10_000);
    expect(await cache.get('k')).toBeUndefined();
    await cache.writeThrough('k', 'newest', saved, { tags: ['t'] });
    await cache.invalidateTags('t');
    expect(await cache.exists('k')).toBe(false);
  });

  it('L12 that fails leaves the entry as it is, and the error is the one that was thrown', async () => {
    const { cache } = await open(backend);
    await cache.set('k', 'old', { ttl: 100 });
    const error = new Error('duplicate key');
    expect(await rejection(cache.writeThrough('k', 'new', failing(error)))).toBe(error);
    expect(await cache.get('k')).toBe('old');
    expect(await cache.ttl('k')).toBe(100);
    expect(await rejection(cache.writeThrough('none', 'new', failing(error)))).toBe(error);
    expect(await cache.exists('none')).toBe(false);
    const { sets, deletes } = await cache.getStats();
    expect({ sets, deletes }).toEqual({ sets: 1, deletes: 0 });
  });

  it('of which nobody knows whether it was done removes the entry, and what was loaded during it is not stored', async () => {
    const { cache } = await open(backend);
    await cache.set('k', 'old');
    const write = new Task<void>();
    const load = new Task<string>();
    const written = cache.writeThrough('k', 'new', write.run);
    await write.begun;
    const loading = cache.getOrSet('k', load.run, { forceFresh: true });
    await load.begun;
    const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    write.fail(error);
    expect(await rejection(written)).toBe(error);
    expect(await cache.exists('k')).toBe(false);
    load.end('before the write');
    expect(await loading).toBe('before the write');
    expect(await cache.exists('k')).toBe(false);
  });

  it('refuses what cannot be stored before the source is written', async () => {
    const { cache } = await open(backend);
    await cache.set('k', 'old');
    let wrote = false;
    const write = async (): Promise<void> => void (wrote = true);
    for (const value of [() => {}, Symbol('s'), Promise.resolve(1)]) {
      expect(await rejection(cache.writeThrough('k', value, write))).toBeInstanceOf(CacheSerializationError);
    }
    const nested = cache.writeThrough('k', { deep: { fn: (): void => {} } }, write);
    if (backend === 'memory') await nested;
    else expect(await rejection(nested)).toBeInstanceOf(CacheSerializationError);
    expect(wrote).toBe(backend === 'memory');
    if (backend !== 'memory') expect(await cache.get('k')).toBe('old');
  });

  it('that changes the value into what cannot be stored has been done all the same: no error, no entry', async () => {
    if (backend === 'memory') return;
    const { cache } = await open(backend);
    const user: { id: number; save?: () => void } = { id: 1 };
    await cache.set('k', { id: 0 });
    const write = async (): Promise<void> => void (user.save = () => {});
    expect(await cache.writeThrough('k', user, write)).toBe(user);
    expect(await cache.exists('k')).toBe(false);
    expect((await cache.getStats()).errors).toBe(1);
  });

  it.each([
    ['a delete', (cache: Cache) => cache.delete('k')],
    ['a set', (cache: Cache) => cache.set('k', 'other')],
    ['a clear', (cache: Cache) => cache.clear()],
    ['an invalidation of its tag', (cache: Cache) => cache.invalidateTags('t')],
    ['another write-through', (cache: Cache) => cache.writeThrough('k', 'other', saved)],
  ])('removes the entry where %s came in between', async (_name, change) => {
    const { cache } = await open(backend);
    await cache.set('k', 'old', { tags: ['t'] });
    const write = new Task<void>();
    const written = cache.writeThrough('k', 'new', write.run, { tags: ['t'] });
    await write.begun;
    await change(cache);
    write.end();
    expect(await written).toBe('new');
    expect(await cache.exists('k')).toBe(false);
  });

  it('is not overtaken by a load that began before it', async () => {
    const { cache } = await open(backend);
    const load = new Task<string>();
    const loading = cache.getOrSet('k', load.run);
    await load.begun;
    await cache.writeThrough('k', 'new', saved);
    load.end('old');
    expect(await loading).toBe('old');
    expect(await cache.get('k')).toBe('new');
  });
});

type Cache = Awaited<ReturnType<ReturnType<typeof freshnessRig>>>['cache'];

describe('an error of the source', () => {
  const named = (name: string): Error => Object.assign(new Error('x'), { name });
  const coded = (code: string): Error => Object.assign(new Error('x'), { code });

  it.each([
    ['a load that took too long', new CacheTimeoutError('x')],
    ['a backend that did not answer', new CacheBackendError('x', { timedOut: true })],
    ['an abort', named('AbortError')],
    ['a timeout', named('TimeoutError')],
    ['a connection that was reset', coded('ECONNRESET')],
    ['a connection that was cut while writing', coded('EPIPE')],
    ['a request that timed out', coded('ETIMEDOUT')],
    ['a response that did not come', coded('UND_ERR_HEADERS_TIMEOUT')],
    ['a session of PostgreSQL that was ended', coded('57P01')],
    ['a transaction of which PostgreSQL does not know', coded('08007')],
    ['one that has such a cause', new TypeError('fetch failed', { cause: coded('ECONNRESET') })],
  ])('%s leaves open whether it was written: the entry is removed', async (_name, error) => {
    const { cache } = await openCache();
    await cache.set('k', 'old');
    expect(await rejection(cache.writeThrough('k', 'new', failing(error)))).toBe(error);
    expect(await cache.exists('k')).toBe(false);
  });

  it.each([
    ['any other', new Error('x')],
    ['a refused connection', coded('ECONNREFUSED')],
    ['a violated constraint', coded('23505')],
    ['a backend that refused', new CacheBackendError('x')],
    ['no error at all', 'nope'],
    ['nothing', undefined],
  ])('%s does not: the entry stays', async (_name, error) => {
    const { cache } = await openCache();
    await cache.set('k', 'old');
    await expect(cache.writeThrough('k', 'new', failing(error))).rejects.toBe(error);
    expect(await cache.get('k')).toBe('old');
  });

  it('ends the search in a circle of causes', async () => {
    const { cache } = await openCache();
    const error = new Error('x');
    error.cause = error;
    expect(await rejection(cache.writeThrough('k', 1, failing(error)))).toBe(error);
  });

  it('is judged by the app too, whose judgement is taken for unknown if it fails', async () => {
    const { cache } = await openCache();
    const conflict = new Error('conflict');
    const outcomeUnknown = (error: unknown): boolean => error === conflict;
    await cache.set('k', 'old');
    await rejection(cache.writeThrough('k', 1, failing(new Error('other')), { outcomeUnknown }));
    expect(await cache.exists('k')).toBe(true);
    await rejection(cache.writeThrough('k', 1, failing(conflict), { outcomeUnknown }));
    expect(await cache.exists('k')).toBe(false);
    await cache.set('k', 'old');
    const broken = (): boolean => {
      throw new Error('broken');
    };
    expect(await rejection(cache.writeThrough('k', 1, failing(conflict), { outcomeUnknown: broken }))).toBe(conflict);
    expect(await cache.exists('k')).toBe(false);
  });
});

describe('a write-through that is asked for wrongly', () => {
  it.each([
    ['an unknown option', { tll: 1 }, 'tll'],
    ['a ttl that cannot be read', { ttl: 'soon' }, 'ttl'],
    ['a predicate that is none', { outcomeUnknown: true }, 'outcomeUnknown'],
    ['options that are none', 'ttl', 'options'],
  ])('%s is refused before the source is written', async (_name, options, named) => {
    const { cache } = await openCache();
    let wrote = false;
    const write = async (): Promise<void> => void (wrote = true);
    const error = await rejection(cache.writeThrough('k', 1, write, options as never));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toContain(named);
    expect(error.message).toContain('writeThrough');
    expect(wrote).toBe(false);
  });

  it('without a function', async () => {
    const { cache } = await openCache();
    const error = await rejection(cache.writeThrough('k', 1, undefined as never));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toMatch(/writeThrough: a function .* got undefined/);
  });
});

describe('a backend that is down', () => {
  it('does not keep the source from being written; the entry is not served, and is evicted when it is back', async () => {
    const faults = new Faults();
    const { cache, pass } = await open('redis', { faults });
    await cache.set('k', 'old');
    faults.cut();
    expect(await cache.writeThrough('k', 'new', saved)).toBe('new');
    expect(await cache.exists('k')).toBe(false);
    expect((await cache.getStats()).pendingEvictions).toBe(1);
    faults.heal();
    await eventually('the eviction is delivered', async () => {
      await pass(1_000);
      return (await cache.getStats()).pendingEvictions === 0;
    });
    expect(await cache.exists('k')).toBe(false);
  });
});

it('a cache that is switched off writes the source, and stores nothing', async () => {
  const { cache } = await openCache({ enabled: false });
  const source: unknown[] = [];
  expect(await cache.writeThrough('k', 1, async (value) => source.push(value))).toBe(1);
  expect(source).toEqual([1]);
  expect(await cache.exists('k')).toBe(false);
});

it('a ttl of 0 writes the source and removes the entry', async () => {
  const { cache } = await openCache();
  await cache.set('k', 'old');
  expect(await cache.writeThrough('k', 'new', saved, { ttl: 0 })).toBe('new');
  expect(await cache.exists('k')).toBe(false);
});

describe('@CachePut, the decorator of it', () => {
  @Injectable()
  class Users {
    error: unknown;

    @Cacheable({ key: 'user' })
    async find(): Promise<string> {
      return 'old';
    }

    @CachePut({ key: 'user' })
    async save(name: string): Promise<string> {
      if (this.error !== undefined) throw this.error;
      return name;
    }
  }

  it('stores what its body returns; one that fails leaves the entry, or removes it where nobody knows', async () => {
    const { service, cache } = await start(Users);
    expect(await service.find()).toBe('old');
    service.error = new Error('refused');
    expect(await outcomeOf(service.save('new'))).toEqual({ error: service.error });
    expect(await cache.get('user')).toBe('old');
    service.error = new CacheTimeoutError('too late');
    expect(await outcomeOf(service.save('new'))).toEqual({ error: service.error });
    expect(await cache.exists('user')).toBe(false);
    service.error = undefined;
    expect(await service.save('new')).toBe('new');
    expect(await service.find()).toBe('new');
  });
});
