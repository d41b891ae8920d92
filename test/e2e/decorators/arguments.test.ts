import { from, lastValueFrom, Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Cacheable, cacheContext, CacheConfig, CacheService, withCacheOptions } from '../../../lib/index.js';
import { open } from '../stores/redis-rig.js';
import { directory } from '../stores/stores-rig.js';
import { start } from './decorators-rig.js';

interface Filter {
  page: number;
}

class Pages {
  runs = 0;

  @Cacheable()
  async list(filter: Filter): Promise<string> {
    this.runs += 1;
    return `page ${filter.page}`;
  }

  @Cacheable()
  stream(filter: Filter): Observable<string> {
    return from([`page ${filter.page}`]);
  }
}

describe('arguments that the caller changes while the entry is looked for', () => {
  it.each([
    ['files', (): object => ({ backend: 'file', cacheDir: directory() })],
    ['memory', (): object => ({})],
  ])('store nothing under the key of what they were: %s', async (_, options) => {
    const { app } = await open(options(), [Pages]);
    const pages = app.get(Pages);
    const filter = { page: 0 };
    const calls: Promise<string>[] = [];
    for (const page of [1, 2, 3]) {
      filter.page = page;
      calls.push(pages.list(filter));
    }
    await Promise.all(calls);
    for (const page of [1, 2, 3]) expect(await pages.list({ page })).toBe(`page ${page}`);
  });

  it('store nothing either where an Observable is subscribed to afterwards', async () => {
    const { service } = await start(Pages);
    const filter = { page: 1 };
    const stream = service.stream(filter);
    filter.page = 2;
    expect(await lastValueFrom(stream)).toBe('page 2');
    expect(await lastValueFrom(service.stream({ page: 1 }))).toBe('page 1');
  });

  it('are what they were where nobody changes them: each page runs once', async () => {
    const { app } = await open({ backend: 'file', cacheDir: directory() }, [Pages]);
    const pages = app.get(Pages);
    for (const page of [1, 1, 2, 2]) await pages.list({ page });
    expect(pages.runs).toBe(2);
  });
});

it('a method that declares no parameters has one entry, whatever it is called with', async () => {
  class All {
    runs = 0;
    @Cacheable()
    async all(): Promise<number> {
      return (this.runs += 1);
    }
    @Cacheable()
    async some(..._ids: number[]): Promise<number> {
      return (this.runs += 1);
    }
  }
  const { service } = await start(All);
  // As Nest calls resolvers: with a request and much else that is no part of a key.
  const call = service.all.bind(service) as (...args: unknown[]) => Promise<number>;
  expect([await call({}, process.stdin), await call(5), await call()]).toEqual([1, 1, 1]);
  expect([await service.some(1), await service.some(2)]).toEqual([2, 3]);
});

it('an object of an empty class, as parsers of queries make it, is as good as a plain one', async () => {
  function Query(this: unknown): void {}
  Query.prototype = Object.create(null);
  const query = (page: number): Filter => Object.assign(new (Query as unknown as new () => Filter)(), { page });
  const { app } = await open({ backend: 'file', cacheDir: directory() }, [Pages]);
  const pages = app.get(Pages);
  expect([await pages.list(query(1)), await pages.list(query(1)), await pages.list({ page: 1 })]).toEqual(
    Array(3).fill('page 1'),
  );
  expect(pages.runs).toBe(1);
  const cache = app.get(CacheService);
  await cache.set('k', query(7));
  expect({ ...(await cache.get<Filter>('k')) }).toEqual({ page: 7 });
});

it('a key of the caller’s own differs for whoever asks, as any key of the method', async () => {
  let who = 'anna';
  @CacheConfig({ varyBy: () => who })
  class Profiles {
    @Cacheable()
    async mine(): Promise<string> {
      return who;
    }
  }
  const { service } = await start(Profiles);
  const ask = (): Promise<string> => withCacheOptions({ key: 'profile' }, () => service.mine());
  expect(await ask()).toBe('anna');
  who = 'bert';
  expect([await ask(), await service.mine()]).toEqual(['bert', 'bert']);
  who = 'anna';
  expect(await ask()).toBe('anna');
});

it('a method may call itself thousands of times before it waits for anything', async () => {
  class Deep {
    @Cacheable()
    async sum(n: number): Promise<number> {
      return n === 0 ? 0 : n + (await this.sum(n - 1));
    }
  }
  const { service } = await start(Deep, { maxSize: 10_000 });
  expect(await service.sum(5_000)).toBe(12_502_500);
});

it('what is said in a body that no cache runs does not reach the load that it was called from', async () => {
  class Plain {
    @Cacheable()
    async find(): Promise<number> {
      cacheContext().setTtl(0);
      return 1;
    }
  }
  const { cache } = await start(Plain);
  await cache.getOrSet('a', () => new Plain().find());
  expect(await cache.exists('a')).toBe(true);
  const off = await open({ enabled: false }, [Plain]);
  await cache.getOrSet('b', () => off.app.get(Plain).find());
  expect(await cache.exists('b')).toBe(true);
});

it('a condition or unless that answers with a Promise decides nothing: the method runs uncached, and a warning says why', async () => {
  const never = (async () => false) as unknown as () => boolean;
  class Hasty {
    @Cacheable({ condition: never })
    async one(): Promise<number> {
      return 1;
    }
    @Cacheable({ unless: never })
    async two(): Promise<number> {
      return 2;
    }
  }
  const { app, cache, log } = await open({}, [Hasty]);
  expect([await app.get(Hasty).one(), await app.get(Hasty).two()]).toEqual([1, 2]);
  expect((await cache.getStats()).sets).toBe(0);
  expect(log.filter((line) => line.startsWith('WARN'))).toEqual([
    expect.stringMatching(/Hasty.one ran uncached: condition must answer true or false/),
    expect.stringMatching(/Hasty.two did not store a result: unless must answer true or false/),
  ]);
});
