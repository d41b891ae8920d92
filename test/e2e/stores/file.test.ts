import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  cacheConfigFromEnv,
  CacheOptionsError,
  CacheSerializationError,
  CacheService,
  Cacheable,
  type BlossomCacheOptions,
} from '../../../lib/index.js';
import { DATABASE_FILE } from '../../../lib/stores/file/schema.js';
import { boot, refusal, type Booted } from '../module/module-rig.js';
import { directory } from './stores-rig.js';

const KEY = 'ab'.repeat(32);

class Money {
  constructor(readonly cents: number) {}
}

const MONEY = {
  name: 'money',
  match: (value: unknown) => value instanceof Money,
  encode: ({ cents }: Money) => cents,
  decode: (cents: number) => new Money(cents),
};

async function open(options: BlossomCacheOptions): Promise<Booted & { cache: CacheService }> {
  const booted = await boot([BlossomCacheModule.forRoot(options)]);
  return { ...booted, cache: booted.app.get(CacheService) };
}

const file = (cacheDir: string, more: object = {}): BlossomCacheOptions => ({ backend: 'file', cacheDir, ...more });

describe('a cache in files', () => {
  it('is there again after a restart, values, ttl and tags', async () => {
    const cacheDir = directory();
    const first = await open(file(cacheDir));
    const value = { at: new Date(5), some: new Map([[1, new Set(['x'])]]), big: 2n ** 70n, none: undefined };
    await first.cache.set('a', value, { ttl: '1h', tags: ['t'] });
    await first.cache.set('b', undefined);
    await first.app.close();
    const { cache } = await open(file(cacheDir));
    expect(await cache.get('a')).toStrictEqual(value);
    expect([await cache.exists('b'), await cache.get('b')]).toEqual([true, undefined]);
    expect(await cache.ttl('a')).toBeGreaterThan(3_590);
    await cache.invalidateTags('t');
    expect(await cache.exists('a')).toBe(false);
  });

  it('says where it is, and makes its directory for its owner alone', async () => {
    const cacheDir = join(directory(), 'some', 'where');
    const { log, cache } = await open(file(cacheDir, { maxSizeMb: 100 }));
    expect(log).toEqual([`cache 'default': file (${cacheDir}, lru, at most 100 MB, ttl 3600 s)`]);
    await cache.set('a', 1);
    expect(statSync(cacheDir).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(cacheDir)) expect(statSync(join(cacheDir, name)).mode & 0o777, name).toBe(0o600);
  });

  it('opens nothing any more when it was closed', async () => {
    const cacheDir = directory();
    const { app, cache } = await open(file(cacheDir));
    await cache.set('a', 1);
    await app.close();
    await expect(cache.get('a')).rejects.toThrow('the cache is closed');
    await expect(cache.getOrSet('a', () => 'loaded')).rejects.toThrow('the cache is closed');
    expect(readdirSync(cacheDir).filter((name) => /-(wal|shm)$/.test(name))).toEqual([]);
  });

  it('leaves what else is in its directory alone', async () => {
    const cacheDir = directory();
    for (const name of ['.gitkeep', 'other.txt']) writeFileSync(join(cacheDir, name), name);
    const { app, cache } = await open(file(cacheDir));
    await cache.set('a', 1);
    await cache.clear();
    await app.close();
    expect(readdirSync(cacheDir)).toEqual(expect.arrayContaining(['.gitkeep', 'other.txt']));
  });

  it('reads its place from the environment', async () => {
    const cacheDir = directory();
    const env = { BLOSSOM_CACHE_URL: `file://${cacheDir}?maxSizeMb=9&evictionPolicy=fifo&durability=power&ttl=5m` };
    const { log } = await open(cacheConfigFromEnv({ env, maxSize: 10, encryptionKey: KEY }));
    expect(log).toEqual([`cache 'default': file (${cacheDir}, fifo, at most 9 MB, encrypted, ttl 300 s)`]);
  });

  it('serves decorated methods, each value loaded once for all who ask', async () => {
    let calls = 0;
    class Cities {
      @Cacheable()
      async find(id: number): Promise<{ id: number }> {
        calls += 1;
        return { id };
      }
    }
    const cacheDir = directory();
    for (let round = 0; round < 2; round += 1) {
      const { app } = await boot([BlossomCacheModule.forRoot(file(cacheDir))], [Cities]);
      const found = await Promise.all(Array.from({ length: 50 }, () => app.get(Cities).find(1)));
      expect(new Set(found.map(({ id }) => id))).toEqual(new Set([1]));
      await app.close();
    }
    expect(calls).toBe(1);
  });

  it('counts and measures', async () => {
    const { cache } = await open(file(directory()));
    await cache.setMany({ a: 1, b: 2 });
    await cache.get('a');
    await cache.get('nobody');
    await cache.delete('b');
    const stats = await cache.getStats();
    expect(stats).toMatchObject({ hits: 1, misses: 1, sets: 2, deletes: 1, size: 1, errors: 0, pendingEvictions: 0 });
    expect(stats.bytes).toBeGreaterThan(0);
    await cache.clear();
    expect(await cache.getStats()).toMatchObject({ size: 0, bytes: 0 });
  });

  it('keeps caches of other prefixes and versions apart', async () => {
    const cacheDir = directory();
    const [one, two, three] = await Promise.all([
      open(file(cacheDir, { prefix: 'app' })),
      open(file(cacheDir, { prefix: 'app', version: 2 })),
      open(file(cacheDir, { prefix: 'ap', version: 'p' })),
    ]);
    for (const { cache } of [one, two, three]) expect(await cache.add('k', 'v', { tags: ['t'] })).toBe(true);
    await one.cache.clear();
    await two.cache.invalidateTags('t');
    expect(await Promise.all([one, two, three].map(({ cache }) => cache.exists('k')))).toEqual([false, false, true]);
    expect(await three.cache.getStats()).toMatchObject({ size: 1 });
  });
});

describe('what files hold', () => {
  it('instances become plain data, with one warning per class', async () => {
    const { cache, log } = await open(file(directory()));
    await cache.set('a', { price: new Money(5) });
    await cache.set('b', new Money(6));
    expect(await cache.get('a')).toStrictEqual({ price: { cents: 5 } });
    expect(log.filter((line) => line.includes('Money'))).toHaveLength(1);
  });

  it('registered classes come back as such', async () => {
    const { cache } = await open(file(directory(), { types: [MONEY], strictTypes: true }));
    await cache.set('a', { price: new Money(5) });
    expect(await cache.get('a')).toStrictEqual({ price: new Money(5) });
    class Other {}
    await expect(cache.set('b', new Other())).rejects.toBeInstanceOf(CacheSerializationError);
  });

  it('what cannot be kept is refused by hand and served by a decorated call', async () => {
    class Functions {
      @Cacheable()
      async find(): Promise<{ call: () => number }> {
        return { call: () => 1 };
      }
    }
    const { app } = await boot([BlossomCacheModule.forRoot(file(directory()))], [Functions]);
    const cache = app.get(CacheService);
    await cache.set('a', 'before');
    await expect(cache.set('a', { call: () => 1 })).rejects.toBeInstanceOf(CacheSerializationError);
    expect(await cache.get('a')).toBe('before');
    expect((await app.get(Functions).find()).call()).toBe(1);
  });

  it('encrypted, nothing of it can be read, and only with the key it is a hit', async () => {
    const cacheDir = directory();
    const first = await open(file(cacheDir, { encryptionKey: KEY }));
    await first.cache.set('a', 'the secret value');
    expect(await first.cache.increment('n', 5)).toBe(5);
    expect(await first.cache.increment('n', 5)).toBe(10);
    await first.app.close();
    for (const name of readdirSync(cacheDir)) {
      expect(readFileSync(join(cacheDir, name)).includes('the secret'), name).toBe(false);
    }
    const rotated = await open(file(cacheDir, { encryptionKey: ['a new passphrase', KEY] }));
    expect([await rotated.cache.get('a'), await rotated.cache.get('n')]).toEqual(['the secret value', 10]);
    await rotated.cache.set('b', 'new');
    await rotated.app.close();
    const stranger = await open(file(cacheDir, { encryptionKey: 'cd'.repeat(32) }));
    let refused = 0;
    stranger.cache.events.on('unreadable', ({ security }) => (refused += security ? 1 : 0));
    expect([await stranger.cache.get('a'), await stranger.cache.get('b')]).toEqual([undefined, undefined]);
    expect(refused).toBe(2);
    expect(stranger.log.filter((line) => line.startsWith('WARN'))).toHaveLength(1);
    expect(stranger.log.join()).not.toMatch(/secret|passphrase/);
  });

  it.each([
    ['plain', undefined, false],
    ['encrypted', KEY, true],
  ])('a flipped byte of a value, %s, is a miss, and the others are hits', async (_, encryptionKey, security) => {
    const cacheDir = directory();
    const options = file(cacheDir, { encryptionKey, compression: false });
    const first = await open(options);
    for (const key of ['a', 'b', 'c']) await first.cache.set(key, `${key} `.repeat(50_000));
    await first.app.close();
    // In the middle of the three values, which take nearly all of the file.
    const path = join(cacheDir, DATABASE_FILE);
    const bytes = readFileSync(path);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    writeFileSync(path, bytes);
    const { cache } = await open(options);
    const refused: boolean[] = [];
    cache.events.on('unreadable', (event) => refused.push(event.security));
    expect((await cache.getMany(['a', 'b', 'c'])).size).toBe(2);
    expect(refused).toEqual([security]);
    expect(await cache.getStats()).toMatchObject({ size: 2 });
  });

  it('what cannot be read is not in the way of an add', async () => {
    const cacheDir = directory();
    const before = await open(file(cacheDir));
    await before.cache.set('a', 'plain');
    await before.app.close();
    const { cache } = await open(file(cacheDir, { encryptionKey: KEY }));
    expect([await cache.add('a', 'mine'), await cache.add('a', 'late')]).toEqual([true, false]);
    expect(await cache.get('a')).toBe('mine');
  });

  it('plain entries are refused under a key, unless that is allowed', async () => {
    const cacheDir = directory();
    const plain = await open(file(cacheDir));
    await plain.cache.set('a', 'plain');
    await plain.app.close();
    const allowed = await open(file(cacheDir, { encryptionKey: KEY, allowPlaintext: true }));
    expect(await allowed.cache.get('a')).toBe('plain');
    await allowed.app.close();
    const { cache } = await open(file(cacheDir, { encryptionKey: KEY }));
    expect(await cache.get('a')).toBeUndefined();
  });
});

describe('what stops the boot', () => {
  const wrong: [string, object][] = [
    ['cacheDir', {}],
    ['cacheDir', { cacheDir: '' }],
    ['cacheDir', { cacheDir: 5 }],
    ['maxSizeMb', { maxSizeMb: 0 }],
    ['maxSizeMb', { maxSizeMb: -1 }],
    ['evictionPolicy', { evictionPolicy: 'random' }],
    ['durability', { durability: 'none' }],
    ['maxSize', { maxSize: 5 }],
    ['encryptionKey', { encryptionKey: '' }],
    ['encryptionKey', { encryptionKey: [] }],
    ['encryptionKey', { encryptionKey: Buffer.alloc(31) }],
    ['encryptionKey', { encryptionKey: null }],
    ['allowPlaintext', { allowPlaintext: 'yes' }],
    ['compression', { compression: 5 }],
    ['compression', { compression: { level: 9 } }],
    ['threshold', { compression: { threshold: -1 } }],
    ['types', { types: MONEY }],
    ['types', { types: [{ name: 'money' }] }],
    ['types', { types: [MONEY, MONEY] }],
    ['strictTypes', { strictTypes: 1 }],
    ['onError', { onError: 'ignore' }],
  ];

  it.each(wrong)('%s: %j', async (option, given) => {
    const options = { backend: 'file', ...(option === 'cacheDir' ? {} : { cacheDir: directory() }), ...given };
    const error = await refusal(boot([BlossomCacheModule.forRoot(options as BlossomCacheOptions)]));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toMatch(new RegExp(`\\b${option}\\b`));
  });

  it('a directory that is a file, or lies below one', async () => {
    const path = join(directory(), 'occupied');
    writeFileSync(path, 'something else');
    for (const cacheDir of [path, join(path, 'below')]) {
      const error = await refusal(boot([BlossomCacheModule.forRoot(file(cacheDir))]));
      expect(error).toBeInstanceOf(CacheOptionsError);
      expect(error.message).toContain(`cacheDir: '${cacheDir}' cannot be used`);
    }
    expect(existsSync(path)).toBe(true);
  });

  it.runIf(process.platform === 'linux')('a directory where nobody can make one', async () => {
    const cacheDir = '/proc/blossom/cache';
    const error = await refusal(boot([BlossomCacheModule.forRoot(file(cacheDir))]));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toContain(`cacheDir: '${cacheDir}' cannot be used`);
  });
});
