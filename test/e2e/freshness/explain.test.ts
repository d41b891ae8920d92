import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheOptionsError, withCacheOptions, type Explanation } from '../../../lib/index.js';
import { Faults } from '../../../lib/testing/faults/faults.js';
import { FakeClock } from '../../support/fake-clock.js';
import { start } from '../decorators/decorators-rig.js';
import { hold, openCache, rejection, settle } from '../service/service-rig.js';
import { BACKENDS, freshnessRig, Source } from './freshness-rig.js';

const GRACE = { ttl: 10, grace: 60, graceBackoff: '30s' } as const;
const open = freshnessRig();

describe.each(BACKENDS)('%s: every read says what it came to', (backend) => {
  it('and why, as an event', async () => {
    const { cache, pass } = await open(backend);
    const heard: string[] = [];
    cache.events.on('outcome', ({ operation, text }) => heard.push(`${operation} ${text}`));
    const said = (): string[] => heard.splice(0);
    await cache.getOrSet('k', () => 'v', { ttl: 10, tags: ['t'] });
    await cache.getOrSet('k', () => 'v');
    await cache.get('k');
    await cache.get('none');
    expect(said()).toEqual(['getOrSet miss: absent; stored', 'getOrSet hit', 'get hit', 'get miss: absent']);
    await cache.invalidateTags(['t']);
    await cache.getOrSet('k', () => 'v', { ttl: 10 });
    expect(said()).toEqual(['getOrSet miss: tag `t` invalidated; stored']);
    await cache.clear();
    await cache.getOrSet('k', () => 'v', { ttl: 10, grace: 60 });
    // Nothing is left in a file of what was cleared.
    const why = backend.endsWith('file') || backend.endsWith('files') ? 'absent' : 'cleared';
    expect(said()).toEqual([`getOrSet miss: ${why}; stored`]);
    await pass(10_000);
    await cache.getOrSet('k', new Source().throws().load, GRACE);
    await cache.getOrSet('k', new Source().throws().load, GRACE);
    await rejection(cache.getOrSet('k', new Source().throws().load, { ttl: 10, forceFresh: true }));
    await cache.getOrSet('k', (ctx) => (ctx.skip(), 1), { ttl: 10, forceFresh: true });
    await cache.getOrSet('k', () => 1, { ttl: 0, forceFresh: true });
    expect(said()).toEqual([
      'getOrSet stale: load failed',
      'getOrSet stale: load failed before',
      'getOrSet miss: asked to load; not stored: load failed',
      'getOrSet miss: asked to load; not stored: skipped',
      'getOrSet miss: asked to load; not stored: ttl is 0 or less',
    ]);
    await cache.set('a', 1);
    said();
    await cache.getOrSetMany(['a', 'b'], () => ({ b: 2 }));
    expect(said()).toEqual(['getOrSetMany hit', 'getOrSetMany miss: absent; stored']);
    expect(await cache.getMany(['b', 'c', 'b'])).toEqual(new Map([['b', 2]]));
    expect(said()).toEqual(['getMany hit', 'getMany miss: absent']);
  });

  it('a load that was overtaken says that it was fenced', async () => {
    const { cache } = await open(backend);
    const heard: Explanation[] = [];
    cache.events.on('outcome', (explanation) => heard.push(explanation));
    await cache.getOrSet('k', async () => {
      await cache.delete('k');
      return 1;
    });
    expect(heard.map(({ text }) => text)).toEqual(['miss: absent; not stored: fenced']);
    expect(heard[0]).toMatchObject({ cache: 'default', namespace: '', key: 'k', stored: false, notStored: 'fenced' });
  });
});

it('in memory it is known of entries that left, and why', async () => {
  const { cache, clock } = await openCache({ maxSize: 2 });
  const why = async (key: string): Promise<string> => {
    let text = '';
    const stop = cache.events.on('outcome', (explanation) => (text = explanation.text));
    await cache.get(key);
    stop();
    return text;
  };
  await cache.set('a', 1, { ttl: 10 });
  await cache.set('b', 1);
  await cache.set('c', 1);
  expect(await why('a')).toBe('miss: evicted');
  await cache.delete('b');
  expect(await why('b')).toBe('miss: removed');
  await cache.set('d', 1, { ttl: 10 });
  clock.advance(3_600_000);
  expect(await why('d')).toBe('miss: expired');
  await cache.set('d', 1);
  expect(await why('d')).toBe('hit');
});

it('a backend that fails is said to, and nothing to have been stored', async () => {
  const faults = new Faults();
  const { cache } = await openCache({ faults });
  const heard: string[] = [];
  cache.events.on('outcome', ({ text }) => heard.push(text));
  faults.cut();
  await cache.getOrSet('k', () => 1);
  await cache.getOrSet('k', () => 1);
  faults.heal();
  expect(heard).toEqual(Array.from({ length: 2 }, () => 'miss: backend unreachable; not stored: backend unreachable'));
});

it('joiners say that they joined', async () => {
  const { cache } = await openCache();
  const heard: string[] = [];
  cache.events.on('outcome', ({ text }) => heard.push(text));
  const held = hold<number>();
  const calls = [cache.getOrSet('k', () => held.promise), cache.getOrSet('k', () => held.promise)];
  await settle();
  held.resolve(1);
  await Promise.all(calls);
  expect(heard).toEqual(['miss: absent; stored', 'miss: absent; joined a load under way; stored']);
});

describe('withCacheOptions({ explain })', () => {
  @Injectable()
  class Users {
    @Cacheable({ condition: (id: number) => id > 0, unless: (_user: unknown, id: number) => id === 7, ttl: 10 })
    async find(id: number): Promise<unknown> {
      return { id };
    }

    @Cacheable()
    async search(_by: unknown): Promise<unknown> {
      return [];
    }
  }

  const rig = async (): Promise<{
    users: Users;
    why(call: (users: Users) => Promise<unknown>, options?: object): Promise<string>;
  }> => {
    const { service } = await start(Users, { clock: new FakeClock() });
    return {
      users: service,
      why: async (call, options = {}) => {
        const heard: Explanation[] = [];
        await withCacheOptions({ ...options, explain: (one) => heard.push(one) }, () => call(service));
        expect(heard.length).toBe(1);
        expect(heard[0]!.operation).toMatch(/^Users\./);
        return heard[0]!.text;
      },
    };
  };

  it('tells of one call why it was cached, or not', async () => {
    const { why } = await rig();
    expect(await why((users) => users.find(1))).toBe('miss: absent; stored');
    expect(await why((users) => users.find(1))).toBe('hit');
    expect(await why((users) => users.find(0))).toBe('bypass: condition');
    expect(await why((users) => users.find(7))).toBe('miss: absent; not stored: unless');
    expect(await why((users) => users.find(1), { mode: 'bypass' })).toBe('bypass: mode');
    expect(await why((users) => users.find(1), { mode: 'refresh' })).toBe('miss: asked to load; stored');
    expect(await why((users) => users.find(2), { mode: 'readonly' })).toBe('miss: absent; not stored: readonly mode');
    expect(await why((users) => users.search(() => 1))).toBe('refused: argument not keyable');
  });

  it('says where the cache is off', async () => {
    const { service } = await start(Users, { enabled: false });
    const heard: string[] = [];
    await withCacheOptions({ explain: ({ text }) => heard.push(text) }, () => service.find(1));
    expect(heard).toEqual(['bypass: disabled']);
  });

  it('is for the first decorated call, and must be a function', async () => {
    const { users } = await rig();
    const heard: string[] = [];
    await withCacheOptions({ explain: ({ text }) => heard.push(text) }, async () => {
      await users.find(1);
      await users.find(2);
    });
    expect(heard).toEqual(['miss: absent; stored']);
    expect(() => withCacheOptions({ explain: 'me' as never }, () => 1)).toThrow(CacheOptionsError);
  });

  it('that throws changes nothing', async () => {
    const { users } = await rig();
    const fails = (): never => {
      throw new Error('listener');
    };
    expect(await withCacheOptions({ explain: fails }, () => users.find(1))).toEqual({ id: 1 });
  });
});
