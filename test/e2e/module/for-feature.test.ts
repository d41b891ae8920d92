import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  Cacheable,
  CacheConfig,
  CacheOptionsError,
  CacheService,
  cacheToken,
  InjectCache,
  type BlossomCacheFeatureOptions,
} from '../../../lib/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { boot, moduleOf, refusal } from './module-rig.js';

const feature = (options: BlossomCacheFeatureOptions) => BlossomCacheModule.forFeature(options);

describe('forFeature', () => {
  it('provides a namespace of the default cache under its name', async () => {
    const { app } = await boot([BlossomCacheModule.forRoot(), feature({ namespace: 'users' })]);
    const main = app.get(CacheService);
    const users = app.get<CacheService>(cacheToken('users'));
    expect([users.cacheName, users.namespaceName]).toEqual(['default', 'users']);
    await users.set('a', 'theirs');
    await main.set('a', 'ours');
    await main.namespace('usersAbc').set('a', 'others');
    expect(await main.namespace('users').get('a')).toBe('theirs');
    await users.clear();
    expect([await users.get('a'), await main.get('a'), await main.namespace('usersAbc').get('a')]).toEqual([
      undefined,
      'ours',
      'others',
    ]);
  });

  it('of another cache', async () => {
    const { app } = await boot([
      BlossomCacheModule.forRoot(),
      BlossomCacheModule.forRoot({ name: 'llm' }),
      feature({ cache: 'llm', namespace: 'prompts' }),
    ]);
    expect(app.get<CacheService>(cacheToken('prompts')).cacheName).toBe('llm');
  });

  it('has a ttl of its own, which holds for decorated methods in that namespace too', async () => {
    @CacheConfig({ namespace: 'users' })
    class Users {
      @Cacheable({ key: 'all' })
      async all(): Promise<number> {
        return 1;
      }
    }
    const { app } = await boot(
      [BlossomCacheModule.forRoot({ ttl: '1h', clock: new FakeClock() }), feature({ namespace: 'users', ttl: '30s' })],
      [Users],
    );
    const main = app.get(CacheService);
    const users = app.get<CacheService>(cacheToken('users'));
    await users.set('a', 1);
    await users.set('b', 1, { ttl: 5 });
    await users.getOrSet('c', () => 1);
    await main.namespace('users').set('d', 1);
    await main.set('a', 1);
    await main.namespace('other').set('a', 1);
    await app.get(Users).all();
    const left = ['a', 'b', 'c', 'd', 'all'].map((key) => users.ttl(key));
    expect(await Promise.all(left)).toEqual([30, 5, 30, 30, 30]);
    expect([await main.ttl('a'), await main.namespace('other').ttl('a')]).toEqual([3_600, 3_600]);
  });

  it('hands its ttl down to the namespaces in it, unless they have one of their own', async () => {
    const { app } = await boot([
      BlossomCacheModule.forRoot({ ttl: '1h', clock: new FakeClock() }),
      feature({ namespace: 'users', ttl: '30s' }),
      feature({ namespace: 'users:vip', ttl: '5s' }),
    ]);
    const users = app.get<CacheService>(cacheToken('users'));
    const left = async (cache: CacheService): Promise<number | undefined> => {
      await cache.set('a', 1);
      return cache.ttl('a');
    };
    expect(await left(users.namespace('eu').namespace('north'))).toBe(30);
    expect(await left(users.namespace('vip'))).toBe(5);
    expect(await left(app.get(CacheService).namespace('usersAbc'))).toBe(3_600);
  });

  it('without a ttl it has that of the cache', async () => {
    const { app } = await boot([
      BlossomCacheModule.forRoot({ ttl: '5m', clock: new FakeClock() }),
      feature({ namespace: 'users' }),
    ]);
    const users = app.get<CacheService>(cacheToken('users'));
    await users.set('a', 1);
    expect(await users.ttl('a')).toBe(300);
  });

  it('is for the modules that import it', async () => {
    @Injectable()
    class Service {
      constructor(@InjectCache('users') readonly users: CacheService) {}
    }
    const imports = [BlossomCacheModule.forRoot()];
    const inside = await boot([...imports, moduleOf([Service], [feature({ namespace: 'users' })])]);
    expect(inside.app.get(Service, { strict: false }).users.namespaceName).toBe('users');
    const outside = boot([...imports, moduleOf([], [feature({ namespace: 'users' })]), moduleOf([Service])]);
    expect((await refusal(outside)).message).toMatch(/users/);
  });

  it('works whichever module comes first', async () => {
    const { app } = await boot([feature({ namespace: 'users' }), BlossomCacheModule.forRoot()]);
    expect(app.get<CacheService>(cacheToken('users')).namespaceName).toBe('users');
  });

  it('works on a cache whose options come later', async () => {
    const { app } = await boot([
      feature({ namespace: 'users', cache: 'llm' }),
      BlossomCacheModule.forRootAsync({ name: 'llm', useFactory: () => Promise.resolve({}) }),
    ]);
    expect(app.get<CacheService>(cacheToken('users')).cacheName).toBe('llm');
  });

  it('works on a cache that is switched off', async () => {
    const { app } = await boot([
      BlossomCacheModule.forRoot({ enabled: false }),
      feature({ namespace: 'users', ttl: 5 }),
    ]);
    const users = app.get<CacheService>(cacheToken('users'));
    await users.set('a', 1);
    expect(await users.get('a')).toBeUndefined();
  });
});

describe('forFeature stops the boot', () => {
  it.each([
    ['a namespace declared twice', [feature({ namespace: 'users' }), feature({ namespace: 'users', ttl: 5 })]],
    [
      'a namespace that goes by the name of a cache',
      [BlossomCacheModule.forRoot({ name: 'users' }), feature({ namespace: 'users' })],
    ],
  ])('%s', async (_what, imports) => {
    const twice = await refusal(boot([BlossomCacheModule.forRoot(), ...imports.map((each) => moduleOf([], [each]))]));
    expect(twice).toBeInstanceOf(CacheOptionsError);
    expect(twice.message).toContain("'users' already");
  });

  it('a cache that is not there', async () => {
    const error = await refusal(boot([BlossomCacheModule.forRoot(), feature({ cache: 'llm', namespace: 'users' })]));
    expect(error.message).toMatch(/llm/);
  });

  it.each([
    ['no namespace', {}, /namespace must be a string that is not empty/],
    ['an empty one', { namespace: '' }, /namespace must be a string that is not empty/],
    ['one that is no text', { namespace: 5 }, /namespace must be a string that is not empty/],
    ['an unknown option', { namespace: 'a', maxSize: 5 }, /unknown option 'maxSize'/],
  ])('%s', (_what, options, message) => {
    const wrong = (): unknown => feature(options as BlossomCacheFeatureOptions);
    expect(wrong).toThrow(CacheOptionsError);
    expect(wrong).toThrow(message);
  });

  it('no options at all', () => {
    expect(() => feature(undefined as unknown as BlossomCacheFeatureOptions)).toThrow(CacheOptionsError);
  });

  it('half of a surrogate pair', async () => {
    const error = await refusal(boot([BlossomCacheModule.forRoot(), feature({ namespace: '\ud800' })]));
    expect(error.message).toMatch(/namespace/);
  });

  it.each(['soon', NaN, null])('a ttl of %s', async (ttl) => {
    const error = await refusal(
      boot([BlossomCacheModule.forRoot(), feature({ namespace: 'users', ttl: ttl as number })]),
    );
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toContain('forFeature: ttl');
  });
});
