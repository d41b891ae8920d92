import { Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  Cacheable,
  CacheConfig,
  CachePut,
  CacheService,
  type MemoryCacheOptions,
} from '../../../lib/index.js';
import { FakeClock } from '../../support/fake-clock.js';

const clock = new FakeClock();
const apps: TestingModule[] = [];

async function start<T>(type: Type<T>, options: MemoryCacheOptions = {}): Promise<{ service: T; cache: CacheService }> {
  const app = await Test.createTestingModule({
    imports: [BlossomCacheModule.forRoot({ clock, ...options })],
    providers: [type],
  }).compile();
  apps.push(await app.init());
  return { service: app.get(type), cache: app.get(CacheService) };
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

it.each([null, undefined, false, 0, '', NaN])('J2: %s is a value like any other', async (value) => {
  @Injectable()
  class Answers {
    runs = 0;
    @Cacheable()
    async find(): Promise<unknown> {
      this.runs += 1;
      return value;
    }
  }
  const { service: answers } = await start(Answers);
  expect(await answers.find()).toBe(value);
  expect(await answers.find()).toBe(value);
  expect(answers.runs).toBe(1);
});

it('J3: while the condition is false the body runs every time, and the cache is neither read nor written', async () => {
  @Injectable()
  class Answers {
    runs = 0;
    on = false;
    @Cacheable({
      key: 'answer',
      condition(this: Answers) {
        return this.on;
      },
    })
    async find(): Promise<number> {
      return (this.runs += 1);
    }
  }
  const { service: answers, cache } = await start(Answers);
  expect([await answers.find(), await answers.find()]).toEqual([1, 2]);
  expect(await cache.exists('answer')).toBe(false);
  answers.on = true;
  expect([await answers.find(), await answers.find()]).toEqual([3, 3]);
  answers.on = false;
  expect(await answers.find()).toBe(4);
  expect(await cache.get('answer')).toBe(3);
  expect(await cache.getStats()).toMatchObject({ hits: 2, misses: 1, sets: 1 });
});

it('J5: condition sees the arguments alone, unless the result and then the arguments, ttl likewise', async () => {
  const seen: Record<string, unknown[]> = {};
  @Injectable()
  class Answers {
    @Cacheable({
      condition: (...args: unknown[]) => ((seen['condition'] = args), true),
      unless: (...args: unknown[]) => ((seen['unless'] = args), false),
      ttl: (...args: unknown[]) => ((seen['ttl'] = args), 60),
      key: (...args: unknown[]) => ((seen['key'] = args), 'k'),
      tags: (...args: unknown[]) => ((seen['tags'] = args), []),
    })
    async find(id: number, name: string): Promise<string> {
      return `${id} ${name}`;
    }
  }
  await (await start(Answers)).service.find(1, 'a');
  const args = [1, 'a'];
  expect(seen).toEqual({ condition: args, key: args, tags: args, unless: ['1 a', ...args], ttl: ['1 a', ...args] });
});

it('J5: what unless holds for is returned and not stored', async () => {
  @Injectable()
  class Answers {
    runs = 0;
    @Cacheable({ unless: (result: number) => result < 3 })
    async find(): Promise<number> {
      return (this.runs += 1);
    }
  }
  const { service: answers } = await start(Answers);
  const found = [await answers.find(), await answers.find(), await answers.find(), await answers.find()];
  expect(found).toEqual([1, 2, 3, 3]);
});

it('J6: a key of the first argument alone is shared by calls that differ in others', async () => {
  @Injectable()
  class Answers {
    @Cacheable({ key: (id: number) => `answer:${id}` })
    async find(id: number, other: number): Promise<string> {
      return `${id} ${other}`;
    }
  }
  const { service: answers, cache } = await start(Answers);
  expect(await answers.find(5, 1)).toBe('5 1');
  expect(await answers.find(5, 2)).toBe('5 1');
  expect(await cache.get('answer:5')).toBe('5 1');
});

it('negative caching: a ttl function gives what is missing a shorter life', async () => {
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable({ ttl: (user) => (user == null ? '10s' : '1h') })
    async find(id: number): Promise<{ id: number } | null> {
      this.runs += 1;
      return id > 0 ? { id } : null;
    }
  }
  const { service: users } = await start(Users);
  await Promise.all([users.find(0), users.find(1)]);
  clock.advance(9_999);
  await Promise.all([users.find(0), users.find(1)]);
  expect(users.runs).toBe(2);
  clock.advance(1);
  await Promise.all([users.find(0), users.find(1)]);
  expect(users.runs).toBe(3);
  clock.advance(3_590_000);
  await users.find(1);
  expect(users.runs).toBe(4);
});

it('a ttl of 0 is not stored, and removes what a put finds there', async () => {
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable({ key: 'u', ttl: (run: number) => (run === 1 ? 0 : 60) })
    async find(): Promise<number> {
      return (this.runs += 1);
    }
    @CachePut({ key: 'u', ttl: 0 })
    async put(): Promise<number> {
      return -1;
    }
  }
  const { service: users } = await start(Users);
  expect([await users.find(), await users.find(), await users.find()]).toEqual([1, 2, 2]);
  expect(await users.put()).toBe(-1);
  expect(await users.find()).toBe(3);
});

it('J14: a put runs every time, and stores what it returns as the entry of the method it names', async () => {
  @Injectable()
  class Users {
    puts = 0;
    @Cacheable()
    async find(id: number): Promise<string> {
      return `loaded ${id}`;
    }
    @CachePut({ of: 'find', args: (user: { id: number }) => [user.id] })
    async save(user: { id: number }): Promise<string> {
      this.puts += 1;
      return `saved ${user.id}`;
    }
  }
  const { service: users } = await start(Users);
  expect(await users.find(1)).toBe('loaded 1');
  await users.save({ id: 1 });
  await users.save({ id: 1 });
  expect(users.puts).toBe(2);
  expect([await users.find(1), await users.find(2)]).toEqual(['saved 1', 'loaded 2']);
});

it('C16: a body that changes its arguments is stored under those it was called with', async () => {
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable({ tags: (filter: { page: number }) => [`page:${filter.page}`] })
    async list(filter: { page: number }): Promise<number> {
      filter.page = 99;
      return (this.runs += 1);
    }
  }
  const { service: users, cache } = await start(Users);
  await users.list({ page: 1 });
  expect(await users.list({ page: 1 })).toBe(1);
  await cache.invalidateTags(['page:99']);
  expect(await users.list({ page: 1 })).toBe(1);
  await cache.invalidateTags(['page:1']);
  expect(await users.list({ page: 1 })).toBe(2);
});

it('J20: a class gives namespace and ttl, a method overrides them; the class alone caches nothing', async () => {
  @CacheConfig({ namespace: 'users', ttl: '10s' })
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable({ key: 'a' })
    async a(): Promise<number> {
      return (this.runs += 1);
    }
    @Cacheable({ key: 'b', namespace: 'others', ttl: '20s' })
    async b(): Promise<number> {
      return (this.runs += 1);
    }
    async plain(): Promise<number> {
      return (this.runs += 1);
    }
  }
  const { service: users, cache } = await start(Users);
  await Promise.all([users.a(), users.b()]);
  const inUsers = cache.namespace('users');
  const inOthers = cache.namespace('others');
  expect([await inUsers.ttl('a'), await inUsers.ttl('b'), await cache.ttl('a')]).toEqual([10, undefined, undefined]);
  expect([await inOthers.ttl('a'), await inOthers.ttl('b')]).toEqual([undefined, 20]);
  expect([await users.plain(), await users.plain()]).toEqual([3, 4]);
});

it('J20: a subclass inherits the settings of its base and may override each', async () => {
  @CacheConfig({ namespace: 'animals', ttl: '10s', id: 'animal' })
  abstract class Animals {
    @Cacheable()
    async find(): Promise<string> {
      return this.constructor.name;
    }
  }
  @CacheConfig({ ttl: '30s' })
  @Injectable()
  class Cats extends Animals {}
  const { service: cats, cache } = await start(Cats);
  expect(await cats.find()).toBe('Cats');
  const key = cache.keyOf(cats, 'find', []);
  expect(key).toMatch(/^Cats\.find:/);
  expect(await cache.namespace('animals').ttl(key)).toBe(30);
});

it('stores for the ttl of the method, else of the class, else of the cache', async () => {
  @Injectable()
  class Answers {
    @Cacheable({ key: 'own', ttl: '250ms' })
    async own(): Promise<number> {
      return 1;
    }
    @Cacheable({ key: 'default' })
    async byDefault(): Promise<number> {
      return 1;
    }
  }
  const { service: answers, cache } = await start(Answers, { ttl: 7 });
  await Promise.all([answers.own(), answers.byDefault()]);
  expect([await cache.ttl('own'), await cache.ttl('default')]).toEqual([0.25, 7]);
  clock.advance(250);
  expect(await cache.exists('own')).toBe(false);
});
