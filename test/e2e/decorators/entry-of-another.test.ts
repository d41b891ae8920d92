import { describe, expect, it } from 'vitest';
import { Cacheable, CacheEvict, CachePut, CacheTags } from '../../../lib/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { start } from './decorators-rig.js';

interface User {
  readonly id: string;
  readonly team: string | null;
}

/** A decorator of somebody else that puts a function of its own in the place of a method: spans, transactions, retries. */
function Around(): MethodDecorator {
  return (_target, _key, descriptor: TypedPropertyDescriptor<any>) => {
    const method = descriptor.value as (...args: unknown[]) => unknown;
    descriptor.value = function (this: unknown, ...args: unknown[]): unknown {
      return method.apply(this, args);
    };
  };
}

class Users {
  stored: User | null = { id: '1', team: 'red' };
  finds = 0;

  @Cacheable({
    ttl: (user: User | null) => (user === null ? '10s' : '5m'),
    unless: (user: User | null) => user?.id === 'guest',
  })
  @CacheTags('users', (id: string) => `user:${id}`)
  @CacheTags.fromResult((user: User | null) => (user?.team ? [`team:${user.team}`] : []))
  async find(_id: string): Promise<User | null> {
    this.finds += 1;
    return this.stored;
  }

  @CachePut({ of: 'find', args: (user: User) => [user.id] })
  async save(user: User): Promise<User | null> {
    this.stored = user;
    return user;
  }

  @CachePut({ of: 'find' })
  async remove(_id: string): Promise<User | null> {
    this.stored = null;
    return null;
  }

  @CachePut({ of: 'find', ttl: '1h', tags: ['mine'], unless: () => false })
  async own(_id: string): Promise<User | null> {
    return this.stored;
  }

  @CacheEvict({ tags: (team: string) => [`team:${team}`] })
  async dissolve(_team: string): Promise<void> {
    this.stored = { id: '1', team: null };
  }
}

describe('@CachePut({ of }): what the other method says of its entries holds for those it is given', () => {
  it.each(['users', 'user:1', 'team:red'])('its tags: %s', async (tag) => {
    const { service, cache } = await start(Users);
    await service.save({ id: '1', team: 'red' });
    await service.find('1');
    expect(service.finds).toBe(0);
    await cache.invalidateTags([tag]);
    await service.find('1');
    expect(service.finds).toBe(1);
  });

  it('so that an eviction by a tag of the result reaches it', async () => {
    const { service } = await start(Users);
    await service.save({ id: '1', team: 'red' });
    await service.dissolve('red');
    expect(await service.find('1')).toEqual({ id: '1', team: null });
  });

  it('its ttl, also one that depends on the result', async () => {
    const { service, cache } = await start(Users, { clock: new FakeClock() });
    const key = cache.keyOf(service, 'find', ['1']);
    await service.save({ id: '1', team: null });
    expect(await cache.ttl(key)).toBe(300);
    await service.remove('1');
    expect(await cache.ttl(key)).toBe(10);
  });

  it('its unless', async () => {
    const { service, cache } = await start(Users);
    await service.save({ id: 'guest', team: null });
    expect(await cache.exists(cache.keyOf(service, 'find', ['guest']))).toBe(false);
  });

  it('unless the put says something else; tags add up', async () => {
    const { service, cache } = await start(Users, { clock: new FakeClock() });
    service.stored = { id: 'guest', team: null };
    await service.own('1');
    const key = cache.keyOf(service, 'find', ['1']);
    expect(await cache.ttl(key)).toBe(3_600);
    for (const tag of ['mine', 'user:1']) {
      await service.own('1');
      await cache.invalidateTags([tag]);
      expect(await cache.exists(key)).toBe(false);
    }
  });
});

it('of finds the entry of a method that another decorator has put a function in the place of', async () => {
  class Wrapped {
    finds = 0;
    @Cacheable()
    @Around()
    async find(_id: number): Promise<number> {
      return (this.finds += 1);
    }
    @CacheEvict({ of: 'find' })
    async update(_id: number, _change: object): Promise<void> {}
    @Cacheable()
    async page(_page = 1): Promise<number> {
      return (this.finds += 1);
    }
    @CacheEvict({ of: 'page' })
    async create(_change: object): Promise<void> {}
  }
  const { service } = await start(Wrapped);
  expect([await service.find(1), await service.find(1)]).toEqual([1, 1]);
  await service.update(1, {});
  expect(await service.find(1)).toBe(2);
  expect(await service.page()).toBe(3);
  await service.create({});
  expect(await service.page()).toBe(4);
});
