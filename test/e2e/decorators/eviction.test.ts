import { Injectable } from '@nestjs/common';
import { afterEach, expect, it, vi } from 'vitest';
import { Cacheable, CacheConfig, CacheEvict, CachePut, CacheService, CacheTags } from '../../../lib/index.js';
import { start } from './decorators-rig.js';

afterEach(async () => {
  vi.restoreAllMocks();
});

@Injectable()
class Users {
  names = new Map([[1, 'Ann']]);
  @Cacheable()
  async find(id: number): Promise<string | undefined> {
    return this.names.get(id);
  }
  @CacheEvict({ of: 'find', args: (id: number) => [id] })
  async rename(id: number, name: string): Promise<void> {
    this.names.set(id, name);
  }
  @CacheEvict({ of: 'find', args: (id: number) => [id], beforeInvocation: true })
  async renameEarly(id: number, name: string): Promise<void> {
    this.names.set(id, name);
    throw new Error('after the change');
  }
  @CacheEvict({ of: 'find', args: (id: number) => [id] })
  async renameBadly(id: number, name: string): Promise<void> {
    this.names.set(id, name);
    throw new Error('no');
  }
}

it('O15: what is read after change and eviction is the new value', async () => {
  const { service: users } = await start(Users);
  for (const name of ['Bea', 'Cora', 'Dora']) {
    await users.find(1);
    await users.rename(1, name);
    expect(await users.find(1)).toBe(name);
  }
});

it('O17: nothing is evicted when the body throws', async () => {
  const { service: users } = await start(Users);
  await users.find(1);
  await expect(users.renameBadly(1, 'Bea')).rejects.toThrow('no');
  expect(await users.find(1)).toBe('Ann');
});

it('O17, J11: beforeInvocation evicts even if the body throws', async () => {
  const { service: users } = await start(Users);
  await users.find(1);
  await expect(users.renameEarly(1, 'Bea')).rejects.toThrow('after the change');
  expect(await users.find(1)).toBe('Bea');
});

it('O17: the eviction is awaited before the caller goes on, where the store takes its time', async () => {
  const { service: users, cache } = await start(Users);
  await users.find(1);
  let answer!: () => void;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const deleteMany = CacheService.prototype.deleteMany;
  // Memory answers at once, a store across a network does not.
  vi.spyOn(CacheService.prototype, 'deleteMany').mockImplementation(async function (this: CacheService, keys) {
    await answered;
    return deleteMany.call(this, keys);
  });
  let returned = false;
  const renaming = users.rename(1, 'Bea').then(() => (returned = true));
  await new Promise(setImmediate);
  expect([users.names.get(1), returned]).toEqual(['Bea', false]);
  answer();
  await renaming;
  expect(await cache.exists(cache.keyOf(users, 'find', [1]))).toBe(false);
});

it('evicts by key, keys, tags and method at once, and every one of several decorators does', async () => {
  @Injectable()
  class Service {
    @Cacheable()
    async find(id: number): Promise<number> {
      return id;
    }
    @CacheEvict({ key: 'a', keys: (id: number) => [`b${id}`, `c${id}`], tags: ['t'], of: 'find' })
    @CacheEvict({ key: (id: number) => `d${id}` })
    @CacheEvict({ of: 'find', args: (id: number) => [id + 1] })
    @CacheEvict({ key: 'kept', condition: (id: number) => id > 5 })
    async change(_id: number): Promise<void> {}
  }
  const { service, cache } = await start(Service);
  await cache.setMany({ a: 1, b1: 1, c1: 1, d1: 1, kept: 1 });
  await cache.set('tagged', 1, { tags: ['t'] });
  for (const id of [1, 2, 3]) await service.find(id);
  await service.change(1);
  const found = await Promise.all(['a', 'b1', 'c1', 'd1', 'kept', 'tagged'].map((key) => cache.exists(key)));
  expect(found).toEqual([false, false, false, false, true, false]);
  const kept = await Promise.all([1, 2, 3].map((id) => cache.exists(cache.keyOf(service, 'find', [id]))));
  expect(kept).toEqual([false, false, true]);
  await service.change(6);
  expect(await cache.exists('kept')).toBe(false);
});

it('J12: allEntries empties its namespace and no other', async () => {
  @CacheConfig({ namespace: 'users' })
  @Injectable()
  class Service {
    @CacheEvict({ allEntries: true })
    async reset(): Promise<void> {}
    @CacheEvict({ allEntries: true, namespace: 'orders', beforeInvocation: true })
    async resetOrders(): Promise<void> {
      throw new Error('too late');
    }
  }
  const { service, cache } = await start(Service);
  const places = ['users', 'usersAbc', 'orders'].map((name) => cache.namespace(name)).concat(cache);
  const counts = (): Promise<boolean[]> => Promise.all(places.map((place) => place.exists('k')));
  await Promise.all(places.map((place) => place.set('k', 1)));
  await service.reset();
  expect(await counts()).toEqual([false, true, true, true]);
  await expect(service.resetOrders()).rejects.toThrow('too late');
  expect(await counts()).toEqual([false, true, false, true]);
});

it('J18: early eviction, lookup, body, put, late eviction, in this order', async () => {
  @Injectable()
  class Service {
    cache!: CacheService;
    log: unknown[] = [];
    @Cacheable({ key: 'k' })
    @CacheEvict({ key: 'k', beforeInvocation: true })
    @CacheEvict({ key: 'late' })
    async find(): Promise<string> {
      this.log.push(await this.cache.exists('k'), await this.cache.exists('late'));
      return 'found';
    }
  }
  const { service, cache } = await start(Service);
  service.cache = cache;
  await cache.setMany({ k: 'old', late: 1 });
  expect(await service.find()).toBe('found');
  expect(service.log).toEqual([false, true]);
  expect([await cache.get('k'), await cache.exists('late')]).toEqual(['found', false]);
});

it('J18: a late eviction of the entry that the same call stores has the last word', async () => {
  @Injectable()
  class Service {
    runs = 0;
    @Cacheable({ key: 'k' })
    @CacheEvict({ key: 'k' })
    async find(): Promise<number> {
      return (this.runs += 1);
    }
  }
  const { service, cache } = await start(Service);
  expect(await service.find()).toBe(1);
  expect(await cache.exists('k')).toBe(false);
  expect(await service.find()).toBe(2);
});

it('a put stores before the late eviction of the same call', async () => {
  @Injectable()
  class Service {
    @CachePut({ key: 'one' })
    @CachePut({ key: 'two' })
    @CacheEvict({ key: 'list' })
    async save(): Promise<string> {
      return 'saved';
    }
  }
  const { service, cache } = await start(Service);
  await cache.setMany({ one: 'old', two: 'old', list: [] });
  const order: string[] = [];
  for (const type of ['set', 'delete'] as const) cache.events.on(type, ({ key }) => order.push(`${type} ${key}`));
  await service.save();
  expect(order).toEqual(['set two', 'set one', 'delete list']);
  expect(await cache.get('one')).toBe('saved');
});

it('J30: @CacheTags of texts and arguments are known before the body runs, those of the result after', async () => {
  @Injectable()
  class Service {
    runs = 0;
    @Cacheable({ tags: ['option'] })
    @CacheTags('user', (id: number) => `user:${id}`, (id: number) => [`mod:${id % 2}`, 'list'])
    @CacheTags.fromResult((user: { team: string } | null, id: number) => [`team:${user!.team}`, `of:${id}`])
    async find(id: number): Promise<{ team: string; run: number } | null> {
      this.runs += 1;
      return id === 0 ? null : { team: 'a', run: this.runs };
    }
  }
  const { service, cache } = await start(Service);
  let run = 0;
  for (const tag of ['option', 'user', 'user:1', 'mod:1', 'list', 'team:a', 'of:1']) {
    expect(await service.find(1)).toEqual({ team: 'a', run: (run += 1) });
    expect(await service.find(1)).toEqual({ team: 'a', run });
    await cache.invalidateTags(['user:2', 'team:b', 'mod:0']);
    expect(await service.find(1)).toEqual({ team: 'a', run });
    await cache.invalidateTags([tag]);
  }
  // Where there is no result, a function that reads from it stands for no tags.
  expect([await service.find(0), await service.find(0)]).toEqual([null, null]);
  expect(service.runs).toBe(run + 1);
  await cache.invalidateTags('user:0');
  await service.find(0);
  expect(service.runs).toBe(run + 2);
});

it('the targets of an eviction are those of the arguments as they were passed', async () => {
  @Injectable()
  class Service {
    @CacheEvict({ key: (user: { id: number }) => `u${user.id}`, tags: (user: { id: number }) => [`t${user.id}`] })
    async change(user: { id: number }): Promise<void> {
      user.id = 2;
    }
  }
  const { service, cache } = await start(Service);
  await cache.setMany({ u1: 1, u2: 2 });
  await cache.set('tagged', 1, { tags: ['t1'] });
  await service.change({ id: 1 });
  expect(await Promise.all(['u1', 'u2', 'tagged'].map((key) => cache.exists(key)))).toEqual([false, true, false]);
});
