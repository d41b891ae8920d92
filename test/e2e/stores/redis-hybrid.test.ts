import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheConfigFromEnv, CacheOptionsError, type BlossomCacheOptions } from '../../../lib/index.js';
import { eventually } from '../../support/redis/eventually.js';
import { RedisConnection } from '../../support/redis/redis-connection.js';
import { RedisProxy } from '../../support/redis/redis-proxy.js';
import { RedisServer } from '../../support/redis/redis-server.js';
import { freshPrefix, open, redisOptions, useRedis, type OpenedCache } from './redis-rig.js';
import { soon } from './stores-rig.js';

const server = useRedis();

function openOn(prefix = freshPrefix(), more: object = {}): Promise<OpenedCache> {
  return open(redisOptions('hybrid', server().url, { prefix, ...more }));
}

/** How many commands a server has been asked so far, with those of the one who asks. */
async function commandsOf(connection: RedisConnection): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(String(await connection.command('INFO', 'stats')))![1]);
}

describe('memory over Redis', () => {
  it('answers from memory what it has read or written, and says which tier did', async () => {
    const prefix = freshPrefix();
    const first = await openOn(prefix);
    await first.cache.set('a', { n: 1 });
    await first.app.close();
    const { cache } = await openOn(prefix);
    for (let i = 0; i < 3; i += 1) expect(await cache.get('a')).toEqual({ n: 1 });
    await cache.get('nobody');
    const stats = await cache.getStats();
    expect(stats).toMatchObject({
      hits: 3,
      misses: 1,
      tiers: {
        memory: { hits: 2, misses: 2, hitRate: 0.5, size: 1 },
        redis: { hits: 1, misses: 1, hitRate: 0.5, size: undefined },
      },
    });
    expect(Object.keys(stats.tiers!)).toEqual(['memory', 'redis']);
    expect([stats.size, stats.bytes]).toEqual([undefined, undefined]);
  });

  it('a hit in memory, tagged or not, asks nobody', async () => {
    const { cache } = await openOn(freshPrefix(), { maxStaleness: '1m' });
    await cache.setMany({ a: 1, b: 2 }, { tags: ['t', 'u'] });
    await cache.set('c', 3);
    const connection = await RedisConnection.open(server());
    onTestFinished(() => connection.close());
    for (const key of ['a', 'b', 'c']) await cache.get(key);
    const before = await commandsOf(connection);
    for (let i = 0; i < 100; i += 1) for (const key of ['a', 'b', 'c']) await cache.get(key);
    expect((await commandsOf(connection)) - before).toBe(1);
  });

  it('its memory holds what decoding gives, not what was written', async () => {
    const { cache } = await openOn();
    class Money {
      cents = 5;
    }
    const value = { price: new Money(), list: [1] };
    await cache.set('a', value);
    value.list.push(2);
    for (let i = 0; i < 3; i += 1) expect(await cache.get('a')).toStrictEqual({ price: { cents: 5 }, list: [1] });
  });

  it.each(['reference', 'freeze', 'clone'] as const)('protects its values by isolation: %s', async (isolation) => {
    const { cache } = await openOn(freshPrefix(), { memory: { isolation } });
    await cache.set('a', { list: [1] });
    await cache.get('a');
    const [one, two] = [await cache.get<{ list: number[] }>('a'), await cache.get<{ list: number[] }>('a')];
    expect(one === two).toBe(isolation !== 'clone');
    expect(Object.isFrozen(one!.list)).toBe(isolation === 'freeze');
  });

  it('its own changes are seen at once', async () => {
    const { cache } = await openOn();
    for (let i = 0; i < 50; i += 1) {
      await cache.set('k', i, { tags: ['t'] });
      for (let twice = 0; twice < 2; twice += 1) expect(await cache.get('k')).toBe(i);
      if (i % 3 === 0) await cache.delete('k');
      if (i % 3 === 1) await cache.invalidateTags('t');
      if (i % 3 === 2) await cache.clear();
      expect(await cache.get('k')).toBeUndefined();
    }
  });

  it('what another application changes, it is told by the server, long before maxStaleness', async () => {
    const prefix = freshPrefix();
    const [one, two] = await Promise.all([openOn(prefix), openOn(prefix, { maxStaleness: '1m' })]);
    const changes: [string, () => Promise<unknown>][] = [
      ['delete', () => one.cache.delete('k')],
      ['invalidateTags', () => one.cache.invalidateTags('t')],
      ['clear', () => one.cache.clear()],
      ['set', () => one.cache.set('k', 'new')],
      ['getSet', () => one.cache.getSet('k', 'newer')],
      ['redis-cli DEL', () => server().command('DEL', `blossom:${prefix}:-:e:-:k`)],
      ['redis-cli FLUSHDB', () => server().command('FLUSHDB')],
    ];
    for (const [name, change] of changes) {
      await one.cache.set('k', 'old', { tags: ['t'] });
      for (let twice = 0; twice < 2; twice += 1) {
        await soon(async () => (await two.cache.get('k')) === 'old');
        expect(await two.cache.get('k')).toBe('old');
      }
      await change();
      const took = await soon(async () => (await two.cache.get('k')) !== 'old');
      expect(took, name).toBeLessThan(500);
      expect(await one.cache.get('k'), name).not.toBe('old');
    }
  });

  it('of a server that is not heard of any more, memory is good for maxStaleness', async () => {
    const own = await RedisServer.start();
    const proxy = await RedisProxy.start(own.port);
    onTestFinished(() => Promise.all([own.stop(), proxy.stop()]).then(() => {}));
    const url = `redis://127.0.0.1:${proxy.port}`;
    const { app, cache } = await open(redisOptions('hybrid', url, { maxStaleness: '300ms' }));
    await cache.set('k', 'old');
    for (let twice = 0; twice < 2; twice += 1) expect(await cache.get('k')).toBe('old');
    proxy.freeze();
    const frozen = performance.now();
    await own.command('FLUSHALL');
    expect(await cache.get('k')).toBe('old');
    let last = 0;
    // Once memory may not answer any more, the server is asked, which takes its time.
    await eventually('it is not trusted any more', async () => {
      const asked = performance.now();
      const found = await Promise.race([cache.get('k'), new Promise((resolve) => setTimeout(resolve, 20, 'asked'))]);
      if (found === 'old') last = asked;
      return found !== 'old';
    });
    expect(last - frozen).toBeLessThanOrEqual(300);
    proxy.cut();
    proxy.thaw();
    await app.close();
  });

  it('keeps in memory as much as that may hold, and all of it in Redis', async () => {
    const { cache } = await openOn(freshPrefix(), { memory: { maxSize: 2 } });
    await cache.setMany({ a: 1, b: 2, c: 3 });
    for (let twice = 0; twice < 2; twice += 1) {
      expect([...(await cache.getMany(['a', 'b', 'c'])).values()]).toEqual([1, 2, 3]);
    }
    expect((await cache.getStats()).tiers).toMatchObject({ memory: { size: 2 }, redis: { hits: 4 } });
  });
});

describe('memory over Redis stops the boot', () => {
  it.each<[RegExp, object]>([
    [/redis: unknown option 'maxSize'/, { redis: { maxSize: 5 } }],
    [/unknown option 'url'/, { url: 'redis://localhost', redis: {} }],
    [/redis\.url.*redis\.host|redis\.host.*redis\.url/, { redis: { url: 'redis://a', host: 'b' } }],
    [/maxStaleness/, { redis: {}, maxStaleness: 0 }],
    [/maxStaleness/, { redis: {}, maxStaleness: '2h' }],
    [/commandTimeout/, { redis: { commandTimeout: '1s' }, commandTimeout: '2s' }],
    [/memory\.maxSize must be/, { redis: {}, memory: { maxSize: 0 } }],
  ])('%s', async (message, given) => {
    const error = await open({ backend: 'hybrid', ...given } as BlossomCacheOptions).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error!.message).toMatch(message);
  });

  it('a URL of the environment that cannot be read, without what is in it', () => {
    const env = { BLOSSOM_CACHE_URL: 'hybrid:redis://bertha:hunter2@host:port' };
    expect(() => cacheConfigFromEnv({ env })).toThrow(CacheOptionsError);
    try {
      cacheConfigFromEnv({ env });
    } catch (error) {
      expect((error as Error).stack).not.toMatch(/hunter2|bertha/);
    }
  });
});
