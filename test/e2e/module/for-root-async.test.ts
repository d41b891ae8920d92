import { Inject, Injectable } from '@nestjs/common';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  BlossomCacheModule,
  CacheOptionsError,
  CacheService,
  cacheToken,
  type BlossomCacheAsyncOptions,
  type BlossomCacheOptions,
  type BlossomCacheOptionsFactory,
} from '../../../lib/index.js';
import { RedisServer } from '../../support/redis/redis-server.js';
import { boot, moduleOf, refusal } from './module-rig.js';

@Injectable()
class Config {
  readonly maxSize = 11;
}

@Injectable()
class CacheConfigService implements BlossomCacheOptionsFactory {
  static made = 0;
  constructor(@Inject(Config) private readonly config: Config) {
    CacheConfigService.made += 1;
  }
  async createCacheOptions(): Promise<BlossomCacheOptions> {
    return { maxSize: this.config.maxSize };
  }
}

const configModule = moduleOf([Config]);
const ELEVEN = ["cache 'default': memory (lru, at most 11 entries, ttl 3600 s)"];

describe('forRootAsync', () => {
  it('useFactory, with what it imports and injects', async () => {
    const useFactory = async ({ maxSize }: Config): Promise<BlossomCacheOptions> => ({ maxSize });
    const { app, log } = await boot([
      BlossomCacheModule.forRootAsync({ imports: [configModule], inject: [Config], useFactory }),
    ]);
    expect(log).toEqual(ELEVEN);
    await app.get(CacheService).set('a', 1);
    expect(await app.get(CacheService).get('a')).toBe(1);
  });

  it('useFactory without anything', async () => {
    const { log } = await boot([BlossomCacheModule.forRootAsync({ useFactory: () => ({ maxSize: 11 }) })]);
    expect(log).toEqual(ELEVEN);
  });

  it('useFactory for a server, of which a configuration knows', async () => {
    const server = await RedisServer.start();
    onTestFinished(() => server.stop());
    const useFactory = async (url: string): Promise<BlossomCacheOptions> => ({ backend: 'redis', url });
    const settings = moduleOf([{ provide: 'REDIS_URL', useValue: server.url }]);
    const { app, log } = await boot([
      BlossomCacheModule.forRootAsync({ imports: [settings], inject: ['REDIS_URL'], useFactory }),
    ]);
    expect(log).toEqual([`cache 'default': redis (${server.url}/0, ttl 3600 s)`]);
    await app.get(CacheService).set('a', 1);
    expect(await app.get(CacheService).get('a')).toBe(1);
    await app.close();
  });

  it('useFactory with an optional dependency that is not there', async () => {
    const useFactory = (config?: Config): BlossomCacheOptions => ({ maxSize: config?.maxSize ?? 3 });
    const inject = [{ token: 'nobody', optional: true }];
    const { log } = await boot([BlossomCacheModule.forRootAsync({ inject: inject as never, useFactory })]);
    expect(log[0]).toContain('at most 3 entries');
  });

  it('useClass: constructed with what it injects', async () => {
    const { log } = await boot([
      BlossomCacheModule.forRootAsync({ imports: [configModule], useClass: CacheConfigService }),
    ]);
    expect(log).toEqual(ELEVEN);
  });

  it('useExisting: the instance there is, not another one', async () => {
    CacheConfigService.made = 0;
    const settings = moduleOf([CacheConfigService, Config]);
    const { log } = await boot([
      BlossomCacheModule.forRootAsync({ imports: [settings], useExisting: CacheConfigService }),
    ]);
    expect(log).toEqual(ELEVEN);
    expect(CacheConfigService.made).toBe(1);
  });

  it('a named cache', async () => {
    const { app, log } = await boot([
      BlossomCacheModule.forRootAsync({ name: 'llm', useFactory: () => ({ maxSize: 2 }) }),
    ]);
    expect(log).toEqual(["cache 'llm': memory (lru, at most 2 entries, ttl 3600 s)"]);
    expect(app.get<CacheService>(cacheToken('llm')).cacheName).toBe('llm');
  });

  it('two named caches, each by a class of its own', async () => {
    const { log } = await boot([
      BlossomCacheModule.forRootAsync({ name: 'a', imports: [configModule], useClass: CacheConfigService }),
      BlossomCacheModule.forRootAsync({ name: 'b', imports: [configModule], useClass: CacheConfigService }),
    ]);
    expect(log).toHaveLength(2);
  });

  it('isGlobal: false', async () => {
    const mine = BlossomCacheModule.forRootAsync({ name: 'mine', isGlobal: false, useFactory: () => ({}) });
    @Injectable()
    class Service {
      constructor(@Inject(cacheToken('mine')) readonly cache: CacheService) {}
    }
    const inside = moduleOf([Service], [mine]);
    expect((await boot([inside])).app.get(Service, { strict: false }).cache.cacheName).toBe('mine');
    expect((await refusal(boot([moduleOf([], [mine]), moduleOf([Service])]))).message).toMatch(/mine/);
  });
});

describe('forRootAsync stops the boot', () => {
  it.each([
    ['none of the three', {}],
    ['two of them', { useFactory: () => ({}), useClass: CacheConfigService }],
    ['two others', { useClass: CacheConfigService, useExisting: CacheConfigService }],
    ['all three', { useFactory: () => ({}), useClass: CacheConfigService, useExisting: CacheConfigService }],
  ])('with %s', (_what, options) => {
    expect(() => BlossomCacheModule.forRootAsync(options)).toThrow(CacheOptionsError);
    expect(() => BlossomCacheModule.forRootAsync(options)).toThrow(
      /exactly one of useFactory, useClass and useExisting/,
    );
  });

  it('with an option that does not exist', () => {
    const options = { useFactroy: () => ({}) } as unknown as BlossomCacheAsyncOptions;
    expect(() => BlossomCacheModule.forRootAsync(options)).toThrow(/unknown option 'useFactroy'/);
  });

  it('where the factory makes wrong options', async () => {
    const wrong = boot([BlossomCacheModule.forRootAsync({ useFactory: () => ({ maxSize: -1 }) })]);
    expect((await refusal(wrong)).message).toMatch(/maxSize must be a number greater than 0.*got '-1'/);
  });

  it('where the factory makes a backend that there is not', async () => {
    const useFactory = (): BlossomCacheOptions => ({ backend: 'mongo' }) as unknown as BlossomCacheOptions;
    const error = await refusal(boot([BlossomCacheModule.forRootAsync({ useFactory })]));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toMatch(/backend must be.*got 'mongo'/);
  });

  it('with the error of a factory that fails, as it was thrown', async () => {
    const error = new Error('no configuration');
    const failed = boot([BlossomCacheModule.forRootAsync({ useFactory: () => Promise.reject(error) })]);
    expect(await refusal(failed)).toBe(error);
  });

  it('where the options contradict the name', async () => {
    const other = boot([BlossomCacheModule.forRootAsync({ name: 'a', useFactory: () => ({ name: 'b' }) })]);
    expect((await refusal(other)).message).toMatch(/name: 'b'/);
    const unnamed = boot([BlossomCacheModule.forRootAsync({ useFactory: () => ({ name: 'b' }) })]);
    expect((await refusal(unnamed)).message).toMatch(/forRootAsync\({ name: 'b'/);
  });

  it.each([[undefined], [null], [[]], ['memory']])('where the factory makes no options, but %j', async (made) => {
    const useFactory = (): BlossomCacheOptions => made as unknown as BlossomCacheOptions;
    const error = await refusal(boot([BlossomCacheModule.forRootAsync({ useFactory })]));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toMatch(/a factory must return options, {} for the defaults; got/);
  });

  it('where the factory is none', async () => {
    const options = { useFactory: { maxSize: 1 } } as unknown as BlossomCacheAsyncOptions;
    expect(() => BlossomCacheModule.forRootAsync(options)).toThrow(/useFactory must be a function/);
    class Empty {}
    const useClass = Empty as unknown as BlossomCacheAsyncOptions['useClass'];
    const error = await refusal(boot([BlossomCacheModule.forRootAsync({ useClass })]));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toMatch(/has no method createCacheOptions/);
  });

  it('where the options say isGlobal, which is known too late there', async () => {
    const late = boot([BlossomCacheModule.forRootAsync({ useFactory: () => ({ isGlobal: false }) })]);
    expect((await refusal(late)).message).toMatch(/isGlobal/);
  });
});
