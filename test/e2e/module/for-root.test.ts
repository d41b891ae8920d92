import { Inject, Injectable } from '@nestjs/common';
import { memoryStore } from 'cache-manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  BlossomCacheModule,
  Cacheable,
  CacheOptionsError,
  CacheService,
  cacheConfigFromEnv,
  cacheToken,
  InjectCache,
  type BlossomCacheOptions,
} from '../../../lib/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { RedisServer } from '../../support/redis/redis-server.js';
import { boot, moduleOf, refusal } from './module-rig.js';

describe('forRoot', () => {
  it('without options: memory, ttl 1 h, 1000 entries, lru', async () => {
    const { app, log } = await boot([BlossomCacheModule.forRoot()]);
    const cache = app.get(CacheService);
    expect(log).toEqual(["cache 'default': memory (lru, at most 1000 entries, ttl 3600 s)"]);
    expect([cache.cacheName, cache.namespaceName, cache.enabled]).toEqual(['default', '', true]);
    await cache.set('a', 1);
    expect(await cache.ttl('a')).toBeGreaterThan(3_599);
    expect(await cache.ttl('a')).toBeLessThanOrEqual(3_600);
    for (let i = 0; i < 1_100; i += 1) await cache.set(`k${i}`, i);
    expect(await cache.getStats()).toMatchObject({ size: 1_000, evictions: 101 });
    expect(await cache.exists('a')).toBe(false);
  });

  it('with options', async () => {
    const clock = new FakeClock();
    const options: BlossomCacheOptions = { backend: 'memory', ttl: '5m', maxSize: 2, evictionPolicy: 'fifo', clock };
    const { app, log } = await boot([BlossomCacheModule.forRoot(options)]);
    const cache = app.get(CacheService);
    expect(log).toEqual(["cache 'default': memory (fifo, at most 2 entries, ttl 300 s)"]);
    await cache.setMany({ a: 1, b: 2 });
    await cache.get('a');
    await cache.set('c', 3);
    expect([...(await cache.getMany(['a', 'b', 'c'])).keys()]).toEqual(['b', 'c']);
    clock.advance(300_000);
    expect(await cache.get('c')).toBeUndefined();
  });

  it('with a limit in megabytes there is none in entries, and bytes are measured', async () => {
    const { app, log } = await boot([BlossomCacheModule.forRoot({ maxSizeMb: 0.01, sizeOf: () => 1_000 })]);
    const cache = app.get(CacheService);
    expect(log).toEqual(["cache 'default': memory (lru, at most 0.01 MB, ttl 3600 s)"]);
    for (let i = 0; i < 20; i += 1) await cache.set(`k${i}`, i);
    expect(await cache.getStats()).toMatchObject({ size: 10, bytes: 10_000, evictionsByCause: { bytes: 10, size: 0 } });
  });

  it('does not change the options it is given, and accepts frozen ones', async () => {
    const options = Object.freeze({ ttl: '1m' as const, maxSize: 3 });
    await boot([BlossomCacheModule.forRoot(options)]);
    expect(options).toEqual({ ttl: '1m', maxSize: 3 });
  });

  it('with what the environment says', async () => {
    const env = { BLOSSOM_CACHE_URL: 'memory:?maxSize=7&ttl=2s' };
    const { log } = await boot([BlossomCacheModule.forRoot(cacheConfigFromEnv({ env }))]);
    expect(log).toEqual(["cache 'default': memory (lru, at most 7 entries, ttl 2 s)"]);
  });

  it.each([
    { enabled: false } as const,
    { backend: 'off' } as const,
    cacheConfigFromEnv({ env: { BLOSSOM_CACHE_URL: 'off:' } }),
  ])('with %j nothing is stored and methods run plainly', async (options) => {
    class Users {
      runs = 0;
      @Cacheable()
      async find(): Promise<number> {
        return (this.runs += 1);
      }
    }
    const { app, log } = await boot([BlossomCacheModule.forRoot(options)], [Users]);
    expect(log).toEqual(["cache 'default': off, nothing is stored"]);
    const cache = app.get(CacheService);
    expect(cache.enabled).toBe(false);
    await cache.set('a', 1);
    expect(await cache.get('a')).toBeUndefined();
    expect(await cache.getOrSet('a', () => 1)).toBe(1);
    expect(await cache.getOrSet('a', () => 2)).toBe(2);
    expect([...(await cache.getOrSetMany(['a'], () => ({ a: 1 })))]).toEqual([['a', 1]]);
    expect([await cache.delete('a'), await cache.exists('a'), await cache.deleteMany(['a'])]).toEqual([
      false,
      false,
      0,
    ]);
    const users = app.get(Users);
    expect([await users.find(), await users.find()]).toEqual([1, 2]);
    expect(await cache.getStats()).toMatchObject({ size: 0, hits: 0, hitRate: 0 });
  });

  it('switched off, options that make no sense are errors all the same', async () => {
    expect(
      (await refusal(boot([BlossomCacheModule.forRoot({ enabled: false, ttl: 'soon' as '1s' })]))).message,
    ).toMatch(/ttl/);
  });
});

describe('every backend boots', () => {
  it.each<[string, (port: number) => BlossomCacheOptions, string]>([
    ['redis', (port) => ({ backend: 'redis', port }), 'redis (redis://localhost:PORT/0, ttl 3600 s)'],
    [
      'hybrid over redis',
      (port) => ({ backend: 'hybrid', memory: { maxSize: 5 }, redis: { url: `redis://127.0.0.1:${port}/1` } }),
      'memory (lru, at most 5 entries, ttl 3600 s) over redis (redis://127.0.0.1:PORT/1, ttl 3600 s)',
    ],
    ['keyv', () => ({ backend: 'keyv', store: new Map() }), 'keyv (a store of the application, ttl 3600 s)'],
    [
      'cache-manager',
      () => ({ backend: 'cache-manager', store: memoryStore() }),
      'cache-manager (a store of the application, ttl 3600 s)',
    ],
  ])('%s', async (_, options, described) => {
    const server = await RedisServer.start();
    onTestFinished(() => server.stop());
    const { app, log } = await boot([BlossomCacheModule.forRoot(options(server.port))]);
    expect(log).toContain(`cache 'default': ${described.replace('PORT', String(server.port))}`);
    const cache = app.get(CacheService);
    await cache.set('a', { at: new Date(5) });
    expect(await cache.get('a')).toEqual({ at: new Date(5) });
    expect(await cache.getStats()).toMatchObject({ hits: 1, errors: 0 });
    await app.close();
  });
});

describe('what stops the boot', () => {
  it('a store by others that is none: the error says what to pass', async () => {
    for (const backend of ['keyv', 'cache-manager'] as const) {
      for (const store of [undefined, 'redis', {}]) {
        const error = await refusal(boot([BlossomCacheModule.forRoot({ backend, store } as BlossomCacheOptions)]));
        expect(error, backend).toBeInstanceOf(CacheOptionsError);
        expect(error.message, backend).toMatch(/\bstore\b.*(keyv|cache-manager)/i);
      }
    }
  });

  it('options of a Redis server that contradict each other; credentials are not repeated', async () => {
    const options: BlossomCacheOptions = { backend: 'redis', url: 'redis://ann:hunter2@host', password: 'hunter3' };
    const error = await refusal(boot([BlossomCacheModule.forRoot(options)]));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toMatch(/url.*password/);
    expect(error.stack).not.toMatch(/hunter|ann/);
  });

  it('an option that does not exist', async () => {
    expect((await refusal(boot([BlossomCacheModule.forRoot({ maxsize: 5 } as BlossomCacheOptions)]))).message).toMatch(
      /unknown option 'maxsize'/,
    );
  });

  it.each([undefined, 'llm'])('a cache declared twice (%s)', async (name) => {
    const twice = boot([BlossomCacheModule.forRoot({ name }), moduleOf([], [BlossomCacheModule.forRoot({ name })])]);
    const error = await refusal(twice);
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toContain(`called '${name ?? 'default'}' already`);
  });

  it('a cache declared once by forRoot and once by forRootAsync', async () => {
    const twice = boot([BlossomCacheModule.forRoot(), BlossomCacheModule.forRootAsync({ useFactory: () => ({}) })]);
    expect((await refusal(twice)).message).toMatch(/called 'default' already/);
  });

  it('is not one module that is imported in two places', async () => {
    const shared = BlossomCacheModule.forRoot();
    expect((await boot([shared, moduleOf([], [shared])])).log).toHaveLength(1);
  });

  it('options that are no object at all', async () => {
    for (const options of [null, 'redis', 5, []]) {
      const wrong = async (): Promise<unknown> =>
        boot([BlossomCacheModule.forRoot(options as unknown as BlossomCacheOptions)]);
      const error = await wrong().catch((thrown: unknown) => thrown);
      expect(error, String(options)).toBeInstanceOf(CacheOptionsError);
      expect((error as Error).message).toMatch(/BlossomCacheModule: options must be an object/);
    }
  });

  it('decorators without the module: the error says what to import', async () => {
    class Users {
      @Cacheable()
      async find(): Promise<number> {
        return 1;
      }
    }
    expect((await refusal(boot([], [Users]))).message).toMatch(/BlossomCacheModule\.forRoot\(\)/);
  });
});

describe('several caches', () => {
  it('side by side, each with its own options, entries and statistics', async () => {
    const clock = new FakeClock();
    const { app, log } = await boot([
      BlossomCacheModule.forRoot({ clock }),
      BlossomCacheModule.forRoot({ name: 'llm', ttl: '7d', maxSize: 5, evictionPolicy: 'lfu', clock }),
      BlossomCacheModule.forRoot({ name: 'off', enabled: false }),
    ]);
    expect(log.toSorted()).toEqual([
      "cache 'default': memory (lru, at most 1000 entries, ttl 3600 s)",
      "cache 'llm': memory (lfu, at most 5 entries, ttl 604800 s)",
      "cache 'off': off, nothing is stored",
    ]);
    const main = app.get(CacheService);
    const llm = app.get<CacheService>(cacheToken('llm'));
    await main.set('a', 'main', { tags: ['t'] });
    await llm.set('a', 'llm', { tags: ['t'] });
    expect([await main.get('a'), await llm.get('a')]).toEqual(['main', 'llm']);
    await main.invalidateTags(['t']);
    expect([await main.get('a'), await llm.get('a')]).toEqual([undefined, 'llm']);
    expect((await llm.getStats()).hits).toBe(2);
    expect([llm.cacheName, await llm.ttl('a')]).toEqual(['llm', 604_800]);
  });

  it('@InjectCache: the default cache, a named one and a namespace, by constructor and by property', async () => {
    @Injectable()
    class Service {
      @InjectCache('llm') readonly llm!: CacheService;
      constructor(
        @Inject(CacheService) readonly main: CacheService,
        @InjectCache() readonly same: CacheService,
        @InjectCache('users') readonly users: CacheService,
      ) {}
    }
    const { app } = await boot(
      [
        BlossomCacheModule.forRoot(),
        BlossomCacheModule.forRoot({ name: 'llm' }),
        BlossomCacheModule.forFeature({ namespace: 'users', cache: 'llm' }),
      ],
      [Service],
    );
    const { main, same, llm, users } = app.get(Service);
    expect(same).toBe(main);
    expect([llm.cacheName, llm.namespaceName]).toEqual(['llm', '']);
    expect([users.cacheName, users.namespaceName]).toEqual(['llm', 'users']);
    await llm.namespace('users').set('a', 1);
    expect(await users.get('a')).toBe(1);
  });

  it('@InjectCache of a name that nobody declared stops the boot', async () => {
    @Injectable()
    class Service {
      constructor(@InjectCache('nobody') readonly cache: CacheService) {}
    }
    expect((await refusal(boot([BlossomCacheModule.forRoot()], [Service]))).message).toMatch(/nobody/);
  });

  it('two applications of one process, with different options, share nothing', async () => {
    class Users {
      runs = 0;
      @Cacheable({ key: 'find' })
      async find(): Promise<number> {
        return (this.runs += 1);
      }
    }
    const clock = new FakeClock();
    const [short, long, off] = await Promise.all([
      boot([BlossomCacheModule.forRoot({ ttl: 1, clock })], [Users]),
      boot([BlossomCacheModule.forRoot({ ttl: 100, clock })], [Users]),
      boot([BlossomCacheModule.forRoot({ enabled: false })], [Users]),
    ]);
    const services = [short, long, off].map(({ app }) => app.get(Users));
    const ask = (): Promise<number[]> => Promise.all(services.map((service) => service.find()));
    expect(await ask()).toEqual([1, 1, 1]);
    expect(await ask()).toEqual([1, 1, 2]);
    clock.advance(1_000);
    expect(await ask()).toEqual([2, 1, 3]);
    await short.app.get(CacheService).clear();
    expect(await ask()).toEqual([3, 1, 4]);
    await short.app.close();
    expect(await services[1]!.find()).toBe(1);
  });
});

describe('isGlobal', () => {
  const isolated = { name: 'mine', isGlobal: false } as const;

  @Injectable()
  class Service {
    constructor(@InjectCache('mine') readonly cache: CacheService) {}
  }

  it('false: modules that import it have the cache, in decorators too', async () => {
    class Users {
      runs = 0;
      @Cacheable({ cache: 'mine' })
      async find(): Promise<number> {
        return (this.runs += 1);
      }
    }
    const { app } = await boot([moduleOf([Service, Users], [BlossomCacheModule.forRoot(isolated)])]);
    expect(app.get(Service, { strict: false }).cache.cacheName).toBe('mine');
    const users = app.get(Users, { strict: false });
    expect([await users.find(), await users.find()]).toEqual([1, 1]);
  });

  it('false: others do not', async () => {
    expect(
      (await refusal(boot([moduleOf([], [BlossomCacheModule.forRoot(isolated)]), moduleOf([Service])]))).message,
    ).toMatch(/mine/);
  });

  it('true, as by default: all do', async () => {
    const caches = moduleOf([], [BlossomCacheModule.forRoot({ name: 'mine' })]);
    const { app } = await boot([caches, moduleOf([Service])]);
    expect(app.get(Service, { strict: false }).cache.cacheName).toBe('mine');
  });
});
