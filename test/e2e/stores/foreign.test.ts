import KeyvRedis from '@keyv/redis';
import { memoryStore } from 'cache-manager';
import { redisStore } from 'cache-manager-redis-yet';
import { Keyv } from 'keyv';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  Cacheable,
  CacheBackendError,
  CacheEvict,
  CacheOptionsError,
  CacheTags,
  type BlossomCacheOptions,
} from '../../../lib/index.js';
import { RedisServer } from '../../support/redis/redis-server.js';
import { contentsOf, freshPrefix, open, useRedis } from './redis-rig.js';

const server = useRedis();

/** Options of a cache over a store of that kind, and whether processes may share it. */
const STORES: [string, boolean, () => BlossomCacheOptions][] = [
  ['keyv over a Map', false, () => ({ backend: 'keyv', store: new Keyv(new Map()) })],
  ['a bare Map', false, () => ({ backend: 'keyv', store: new Map() })],
  ['keyv over @keyv/redis', true, () => ({ backend: 'keyv', store: keyvOn(server()) })],
  ['cache-manager in memory', false, () => ({ backend: 'cache-manager', store: memoryStore() })],
  ['the promise of cache-manager-redis-yet', true, () => ({ backend: 'cache-manager', store: yetOn(server()) })],
];

function keyvOn({ url }: { readonly url: string }): Keyv {
  const adapter = new KeyvRedis<string>(url);
  onTestFinished(() => adapter.disconnect(true));
  return new Keyv(adapter);
}

function yetOn({ url }: { readonly url: string }): ReturnType<typeof redisStore> {
  const store = redisStore({ url });
  onTestFinished(() => store.then(({ client }) => client.disconnect()));
  return store;
}

let queries = 0;

class Cities {
  @Cacheable()
  @CacheTags((id: number) => `city:${id}`)
  async find(id: number): Promise<{ id: number; at: Date }> {
    queries += 1;
    return { id, at: new Date(id) };
  }

  @CacheEvict({ of: 'find', args: (id: number) => [id] })
  async change(_id: number): Promise<void> {}

  @CacheEvict({ tags: (id: number) => [`city:${id}`] })
  async grow(_id: number): Promise<void> {}
}

describe.each(STORES)('%s', (_, shared, options) => {
  it('serves decorated methods: one load for all who ask, and none after an eviction', async () => {
    queries = 0;
    const { app } = await open({ prefix: freshPrefix(), ...options() }, [Cities]);
    const cities = app.get(Cities);
    const found = await Promise.all(Array.from({ length: 50 }, () => cities.find(1)));
    for (const city of [...found, await cities.find(1)]) expect(city).toEqual({ id: 1, at: new Date(1) });
    expect(queries).toBe(1);
    for (const change of ['change', 'grow'] as const) {
      queries = 0;
      await cities[change](1);
      await Promise.all([cities.find(1), cities.find(2)]);
      await Promise.all([cities.find(1), cities.find(2)]);
      expect(queries, change).toBe(change === 'change' ? 2 : 1);
    }
  });

  it('keeps values of every kind, clears its own, and says at boot what it cannot give', async () => {
    const given = options();
    const { cache, log } = await open({ prefix: freshPrefix(), ...given });
    const value = { at: new Date(5), map: new Map([[1, 2n]]), bytes: Buffer.from('x'), none: undefined, nan: NaN };
    await cache.set('a', value);
    await cache.namespace('users').set('a', null);
    expect(await cache.get('a')).toStrictEqual(value);
    await cache.clear();
    expect(await cache.exists('a')).toBe(false);
    expect(await cache.namespace('users').exists('a')).toBe(true);
    const about = log.filter((line) => line.startsWith('WARN'));
    expect(about).toEqual([expect.stringMatching(shared ? /refused/ : /in this process/)]);
    expect(log).toContain(`cache 'default': ${given.backend} (a store of the application, ttl 3600 s)`);
    if (shared) await expect(cache.increment('n')).rejects.toBeInstanceOf(CacheOptionsError);
    else expect(await cache.increment('n')).toBe(1);
  });
});

it('two applications over one server see each other’s evictions', async () => {
  const prefix = freshPrefix();
  for (const make of [
    () => ({ backend: 'keyv', store: keyvOn(server()) }) as const,
    () => ({ backend: 'cache-manager', store: yetOn(server()) }) as const,
  ]) {
    const [one, two] = await Promise.all([open({ prefix, ...make() }), open({ prefix, ...make() })]);
    await one.cache.set('k', 'old', { tags: ['t'] });
    expect(await two.cache.get('k')).toBe('old');
    await two.cache.invalidateTags('t');
    expect(await one.cache.get('k')).toBeUndefined();
    await one.cache.set('k', 'new');
    await two.cache.clear();
    expect(await one.cache.get('k')).toBeUndefined();
  }
});

it('is encrypted, if it is told to be', async () => {
  const own = await RedisServer.start();
  onTestFinished(() => own.stop());
  const { app, cache } = await open({ backend: 'keyv', store: keyvOn(own), encryptionKey: 'ab'.repeat(32) });
  await cache.set('a', 'the secret value');
  const { bytes } = await contentsOf(own);
  expect(bytes.length).toBeGreaterThan(50);
  expect([bytes.toString(), Buffer.from(bytes.toString(), 'base64').toString()].join()).not.toContain('secret');
  expect(await cache.get('a')).toBe('the secret value');
  await app.close();
});

it('with onError: throw, a store that cannot reach its server throws', async () => {
  const own = await RedisServer.start();
  onTestFinished(() => own.stop());
  const { app, cache } = await open({ backend: 'keyv', store: keyvOn(own), onError: 'throw', commandTimeout: '300ms' });
  await cache.set('a', 1);
  await own.kill();
  for (const call of [() => cache.get('a'), () => cache.set('a', 2), () => cache.delete('a')]) {
    await expect(call(), String(call)).rejects.toBeInstanceOf(CacheBackendError);
  }
  await app.close();
});

it('what is no store stops the boot', async () => {
  const wrong = [null, 5, 'redis', {}, { get: () => undefined }];
  for (const backend of ['keyv', 'cache-manager'] as const) {
    for (const store of wrong) {
      await expect(open({ backend, store } as BlossomCacheOptions), String(store)).rejects.toThrow(/store/);
    }
  }
});
