import { Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { lastValueFrom, of, type Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  Cacheable,
  cacheContext,
  CacheEvict,
  CacheOptionsError,
  CachePut,
  CacheService,
  withCacheOptions,
  type CallOptions,
} from '../../../lib/index.js';

const apps: TestingModule[] = [];

@Injectable()
class Users {
  runs = 0;
  @Cacheable({ key: 'k', ttl: 60 })
  async find(): Promise<number> {
    return (this.runs += 1);
  }
  @Cacheable({ key: (id: number) => `id:${id}` })
  async one(id: number): Promise<string> {
    return `${id} ${(this.runs += 1)}`;
  }
  @Cacheable({ key: 'outer' })
  async outer(): Promise<number> {
    return this.find();
  }
  @Cacheable({ key: 'list' })
  list(): Observable<number> {
    return of((this.runs += 1));
  }
  @CachePut({ key: 'k' })
  async put(): Promise<number> {
    return (this.runs += 1);
  }
  @CacheEvict({ key: 'k' })
  async change(): Promise<number> {
    return this.find();
  }
  @Cacheable({ key: 'off', cache: 'off' })
  async off(): Promise<number> {
    return this.find();
  }
}

async function start<T>(type: Type<T>): Promise<{ service: T; cache: CacheService }> {
  const app = await Test.createTestingModule({
    imports: [BlossomCacheModule.forRoot(), BlossomCacheModule.forRoot({ name: 'off', enabled: false })],
    providers: [type],
  }).compile();
  apps.push(await app.init());
  return { service: app.get(type), cache: app.get(CacheService) };
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

describe('withCacheOptions', () => {
  it('key and ttl replace those of the method', async () => {
    const { service, cache } = await start(Users);
    await withCacheOptions({ key: 'mine', ttl: '5s' }, () => service.find());
    expect([await cache.exists('k'), Math.round((await cache.ttl('mine'))!)]).toEqual([false, 5]);
    expect(await withCacheOptions({ key: 'mine' }, () => service.find())).toBe(1);
    expect(await service.find()).toBe(2);
  });

  it('bypass neither reads nor stores', async () => {
    const { service, cache } = await start(Users);
    expect(await withCacheOptions({ mode: 'bypass' }, () => service.find())).toBe(1);
    expect(await cache.exists('k')).toBe(false);
    expect([await service.find(), await withCacheOptions({ mode: 'bypass' }, () => service.find())]).toEqual([2, 3]);
    expect(await service.find()).toBe(2);
  });

  it('refresh does not read, and stores', async () => {
    const { service } = await start(Users);
    expect([await service.find(), await withCacheOptions({ mode: 'refresh' }, () => service.find())]).toEqual([1, 2]);
    expect(await service.find()).toBe(2);
  });

  it('readonly reads, and does not store what it has to load', async () => {
    const { service, cache } = await start(Users);
    const readonly = (): Promise<number> => withCacheOptions({ mode: 'readonly' }, () => service.find());
    expect([await readonly(), await cache.exists('k')]).toEqual([1, false]);
    expect([await service.find(), await readonly()]).toEqual([2, 2]);
  });

  it('works for Observables, subscribed to inside or later', async () => {
    const { service, cache } = await start(Users);
    const source = withCacheOptions({ key: 'mine' }, () => service.list());
    expect(await lastValueFrom(source)).toBe(1);
    expect([await cache.exists('mine'), await cache.exists('list')]).toEqual([true, false]);
  });

  it('holds for the first decorated call, not for the calls which that one makes, nor for later ones', async () => {
    const { service, cache } = await start(Users);
    await withCacheOptions({ key: 'mine' }, async () => {
      await service.outer();
      await service.one(1);
    });
    const stored = await Promise.all(['mine', 'k', 'id:1', 'outer'].map((key) => cache.exists(key)));
    expect(stored).toEqual([true, true, true, false]);
  });

  it.each<[string, (service: Users) => Promise<unknown>]>([
    ['bypassed', (service) => withCacheOptions({ key: 'mine', mode: 'bypass' }, () => service.outer())],
    ['an eviction', (service) => withCacheOptions({ key: 'mine' }, () => service.change())],
    ['in a cache that is switched off', (service) => withCacheOptions({ key: 'mine' }, () => service.off())],
  ])('is used up by a first call that is %s', async (_what, call) => {
    const { service, cache } = await start(Users);
    await call(service);
    expect(await cache.exists('mine')).toBe(false);
  });

  it('the first of two concurrent calls inside takes it', async () => {
    const { service, cache } = await start(Users);
    await withCacheOptions({ key: 'mine' }, () => Promise.all([service.one(1), service.one(2)]));
    expect([await cache.get('mine'), await cache.exists('id:1'), await cache.get('id:2')]).toEqual([
      '1 1',
      false,
      '2 2',
    ]);
  });

  it('concurrent scopes do not leak into each other, nor out', async () => {
    const { service, cache } = await start(Users);
    const scoped = (name: string): Promise<string> =>
      withCacheOptions({ key: name }, async () => {
        await new Promise(setImmediate);
        return service.one(7);
      });
    const plain = service.one(7);
    await Promise.all([scoped('a'), scoped('b'), plain]);
    const found = await Promise.all(['a', 'b', 'id:7'].map((key) => cache.get(key)));
    expect(new Set(found).size).toBe(3);
    expect(await service.one(7)).toBe(await plain);
  });

  it('an inner scope wins, and leaves the outer one as it was', async () => {
    const { service, cache } = await start(Users);
    await withCacheOptions({ key: 'outside' }, async () => {
      await withCacheOptions({ key: 'inside' }, () => service.one(1));
      await service.one(2);
    });
    expect([await cache.get('inside'), await cache.get('outside')]).toEqual(['1 1', '2 2']);
  });

  it('puts and evictions happen as ever', async () => {
    const { service, cache } = await start(Users);
    const options: CallOptions[] = [{ key: 'mine' }, { mode: 'bypass' }, { mode: 'readonly' }, { mode: 'refresh' }];
    for (const [index, option] of options.entries()) {
      await cache.set('k', 'old');
      expect(await withCacheOptions(option, () => service.put())).toBe(index + 1);
      expect(await cache.get('k')).toBe(index + 1);
    }
    expect(await cache.exists('mine')).toBe(false);
  });

  it('refuses what it does not know', () => {
    const call = (options: object) => () => withCacheOptions(options, () => 1);
    expect(call({ tll: 5 })).toThrow(CacheOptionsError);
    expect(call({ mode: 'off' })).toThrow(/mode must be one of/);
    expect(call({ ttl: '5' })).toThrow(/ttl/);
    expect(call({ key: 5 })).toThrow(/key must be a string; got a number/);
    expect(call({})()).toBe(1);
  });
});

describe('cacheContext', () => {
  @Injectable()
  class Answers {
    runs = 0;
    told: (() => void)[] = [];
    tell: () => void = () => {};
    @Cacheable({ key: 'k', ttl: 60, tags: ['own'] })
    async find(): Promise<number> {
      await new Promise(setImmediate);
      this.tell();
      return (this.runs += 1);
    }
    @Cacheable({ key: 'off', condition: () => false })
    async uncached(): Promise<number> {
      this.tell();
      return (this.runs += 1);
    }
    @Cacheable({ key: 'outer' })
    async outer(): Promise<number> {
      await this.uncached();
      return this.find();
    }
    @CachePut({ key: 'put' })
    async put(): Promise<number> {
      this.tell();
      return (this.runs += 1);
    }
  }

  it('setTtl replaces the ttl', async () => {
    const { service, cache } = await start(Answers);
    service.tell = () => cacheContext().setTtl('5s');
    await Promise.all([service.find(), service.put()]);
    expect([Math.round((await cache.ttl('k'))!), Math.round((await cache.ttl('put'))!)]).toEqual([5, 5]);
  });

  it('setTags adds tags', async () => {
    const { service, cache } = await start(Answers);
    service.tell = () => {
      cacheContext().setTags(['a']);
      cacheContext().setTags(['b']);
    };
    for (const tag of ['own', 'a', 'b']) {
      await service.find();
      await cache.invalidateTags(tag);
      expect(await cache.exists('k')).toBe(false);
    }
  });

  it('skip returns the value and does not store it', async () => {
    const { service, cache } = await start(Answers);
    service.tell = () => cacheContext().skip();
    expect([await service.find(), await service.find(), await cache.exists('k')]).toEqual([1, 2, false]);
  });

  it('is that of the innermost cached call, and says nothing to those around it', async () => {
    const { service, cache } = await start(Answers);
    service.tell = () => cacheContext().setTtl('5s');
    await service.outer();
    expect([Math.round((await cache.ttl('k'))!), Math.round((await cache.ttl('outer'))!)]).toEqual([5, 3600]);
    service.tell = () => cacheContext().skip();
    await cache.clear();
    await service.outer();
    expect([await cache.exists('k'), await cache.exists('outer')]).toEqual([false, true]);
  });

  it('has no effect outside of a cached body', async () => {
    cacheContext().setTtl(5);
    cacheContext().setTags(['t']);
    cacheContext().skip();
    const answers = new Answers();
    answers.tell = () => cacheContext().skip();
    expect([await answers.find(), await answers.uncached()]).toEqual([1, 2]);
    const { service, cache } = await start(Answers);
    await service.find();
    expect(await cache.exists('k')).toBe(true);
    expect(cacheContext().signal.aborted).toBe(false);
  });

  it('refuses what it is not to be told, in the body', async () => {
    const { service } = await start(Answers);
    service.tell = () => cacheContext().setTtl('soon' as '5s');
    await expect(service.find()).rejects.toThrow(CacheOptionsError);
    service.tell = () => cacheContext().notModified();
    await expect(service.find()).rejects.toThrow(/no value from before/);
    service.tell = () => cacheContext().fail('why');
    await expect(service.find()).rejects.toThrow('why');
  });
});
