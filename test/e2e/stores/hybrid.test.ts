import { describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  cacheConfigFromEnv,
  CacheOptionsError,
  CacheService,
  type BlossomCacheOptions,
} from '../../../lib/index.js';
import { boot, refusal, type Booted } from '../module/module-rig.js';
import { directory, soon } from './stores-rig.js';

async function open(cacheDir: string, more: object = {}): Promise<Booted & { cache: CacheService }> {
  const booted = await boot([BlossomCacheModule.forRoot({ backend: 'hybrid', file: { cacheDir }, ...more })]);
  return { ...booted, cache: booted.app.get(CacheService) };
}

describe('memory over files', () => {
  it('answers from memory what it has read or written, and says which tier did', async () => {
    const cacheDir = directory();
    const first = await open(cacheDir);
    await first.cache.set('a', { n: 1 });
    expect(await first.cache.get('a')).toEqual({ n: 1 });
    expect((await first.cache.getStats()).tiers).toMatchObject({
      memory: { hits: 1, misses: 0, size: 1 },
      file: { hits: 0, misses: 0, sets: 1, size: 1 },
    });
    await first.app.close();
    const { cache } = await open(cacheDir);
    for (let i = 0; i < 3; i += 1) expect(await cache.get('a')).toEqual({ n: 1 });
    await cache.get('nobody');
    expect(await cache.getStats()).toMatchObject({
      hits: 3,
      misses: 1,
      sets: 0,
      size: 1,
      tiers: {
        memory: { hits: 2, misses: 2, hitRate: 0.5, size: 1 },
        file: { hits: 1, misses: 1, hitRate: 0.5, size: 1 },
      },
    });
    cache.resetStats();
    expect((await cache.getStats()).tiers).toMatchObject({ memory: { hits: 0 }, file: { hits: 0 } });
  });

  it('its memory holds what decoding gives, not what was written', async () => {
    const { cache } = await open(directory());
    class Money {
      cents = 5;
    }
    const value = { price: new Money(), list: [1] };
    await cache.set('a', value);
    value.list.push(2);
    expect(await cache.get('a')).toStrictEqual({ price: { cents: 5 }, list: [1] });
  });

  it.each(['reference', 'freeze', 'clone'] as const)('protects its values by isolation: %s', async (isolation) => {
    const { cache } = await open(directory(), { memory: { isolation } });
    await cache.set('a', { list: [1] });
    const [one, two] = [await cache.get<{ list: number[] }>('a'), await cache.get<{ list: number[] }>('a')];
    expect(one === two).toBe(isolation !== 'clone');
    expect(Object.isFrozen(one!.list)).toBe(isolation === 'freeze');
  });

  it('keeps in memory as much as that may hold, and all of it in files', async () => {
    const { cache } = await open(directory(), { memory: { maxSize: 2 } });
    await cache.setMany({ a: 1, b: 2, c: 3 });
    await cache.getMany(['a', 'b', 'c']);
    const stats = await cache.getStats();
    expect(stats).toMatchObject({
      size: 3,
      evictions: 0,
      tiers: { memory: { size: 2, evictions: 1 }, file: { size: 3 } },
    });
    expect([...(await cache.getMany(['a', 'b', 'c'])).values()]).toEqual([1, 2, 3]);
  });

  it('what another application evicts, it serves no longer than a twentieth of a second', async () => {
    const cacheDir = directory();
    const [one, two] = await Promise.all([open(cacheDir), open(cacheDir)]);
    const changes: [string, () => Promise<unknown>][] = [
      ['delete', () => one.cache.delete('k')],
      ['invalidateTags', () => one.cache.invalidateTags('t')],
      ['clear', () => one.cache.clear()],
      ['set', () => one.cache.set('k', 'new')],
      ['increment', () => one.cache.getSet('k', 'newer')],
    ];
    for (const [name, change] of changes) {
      await one.cache.set('k', 'old', { tags: ['t'] });
      await soon(async () => (await two.cache.get('k')) === 'old');
      await change();
      const took = await soon(async () => (await two.cache.get('k')) !== 'old');
      expect(took, name).toBeLessThan(500);
      expect(await one.cache.get('k')).not.toBe('old');
    }
  });

  it('its own changes are seen at once', async () => {
    const { cache } = await open(directory());
    for (let i = 0; i < 50; i += 1) {
      await cache.set('k', i, { tags: ['t'] });
      expect(await cache.get('k')).toBe(i);
      if (i % 3 === 0) await cache.delete('k');
      if (i % 3 === 1) await cache.invalidateTags('t');
      if (i % 3 === 2) await cache.clear();
      expect(await cache.get('k')).toBeUndefined();
    }
  });

  it('reads its tiers from the environment', async () => {
    const cacheDir = directory();
    const env = { BLOSSOM_CACHE_URL: `hybrid:file://${cacheDir}?maxSizeMb=9&memory.maxSize=7&ttl=5m&prefix=p` };
    const options = cacheConfigFromEnv({ env, isolation: 'clone' });
    expect(options).toEqual({
      backend: 'hybrid',
      ttl: '5m',
      prefix: 'p',
      memory: { maxSize: 7, isolation: 'clone' },
      file: { cacheDir, maxSizeMb: 9 },
    });
    const { log } = await boot([BlossomCacheModule.forRoot(options)]);
    expect(log).toEqual([
      `cache 'default': memory (lru, at most 7 entries, ttl 300 s) over file (${cacheDir}, lru, at most 9 MB, ttl 300 s)`,
    ]);
  });
});

describe('what stops the boot', () => {
  it.each<[RegExp, object]>([
    [/file.*redis/, {}],
    [/file.*redis/, { file: { cacheDir: '/nowhere' }, redis: {} }],
    [/maxStaleness/, { file: { cacheDir: '/nowhere' }, maxStaleness: '1s' }],
    [/file: unknown option 'maxSize'/, { file: { cacheDir: '/nowhere', maxSize: 5 } }],
    [/file\.cacheDir must be/, { file: {} }],
    [/file\.maxSizeMb must be/, { file: { cacheDir: '/nowhere', maxSizeMb: 0 } }],
    [/memory: unknown option 'cacheDir'/, { file: { cacheDir: '/nowhere' }, memory: { cacheDir: 'x' } }],
    [/memory\.maxSize must be/, { file: { cacheDir: '/nowhere' }, memory: { maxSize: 0 } }],
    [/unknown option 'maxSize'/, { file: { cacheDir: '/nowhere' }, maxSize: 5 }],
    [/memory: options must be an object/, { file: { cacheDir: '/nowhere' }, memory: 100 }],
  ])('%s', async (message, given) => {
    const error = await refusal(
      boot([BlossomCacheModule.forRoot({ backend: 'hybrid', ...given } as BlossomCacheOptions)]),
    );
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toMatch(message);
  });
});
