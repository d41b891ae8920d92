import { Injectable } from '@nestjs/common';
import { expect, it } from 'vitest';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Cacheable, CacheConfig, CacheEvict, CacheService, key } from '../../../lib/index.js';
import { boot } from './decorators-rig.js';

it('O3: a method named by a symbol is cached, apart from others', async () => {
  const find = Symbol('find');
  const other = Symbol('other');
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable()
    async [find](id: number): Promise<string> {
      return `find ${id} ${(this.runs += 1)}`;
    }
    @Cacheable()
    async [other](id: number): Promise<string> {
      return `other ${id} ${(this.runs += 1)}`;
    }
    @CacheEvict({ of: find })
    async change(_id: number): Promise<void> {}
  }
  const users = (await boot([Users])).get(Users);
  expect([await users[find](1), await users[find](1), await users[other](1)]).toEqual([
    'find 1 1',
    'find 1 1',
    'other 1 2',
  ]);
  await users.change(1);
  expect([await users[find](1), await users[other](1)]).toEqual(['find 1 3', 'other 1 2']);
});

it('O3: two symbols of one description, whose keys would meet, stop the boot', async () => {
  @Injectable()
  class Users {
    @Cacheable()
    async [Symbol('find')](): Promise<number> {
      return 1;
    }
    @Cacheable()
    async [Symbol('find')](): Promise<number> {
      return 2;
    }
  }
  await expect(boot([Users])).rejects.toThrow(/descriptions/);
});

it('names that look like more than a name meet nobody: a symbol, a class with an id, an overridden method', async () => {
  class Base {
    @Cacheable()
    async find(): Promise<string> {
      return 'base';
    }
  }
  class Odd extends Base {
    @Cacheable()
    async [Symbol('x')](): Promise<string> {
      return 'symbol';
    }
    @Cacheable()
    async '[x]'(): Promise<string> {
      return 'text';
    }
    @Cacheable()
    override async find(): Promise<string> {
      return super.find();
    }
    @Cacheable()
    async 'find@Base'(): Promise<string> {
      return 'odd';
    }
  }
  @CacheConfig({ id: 'A.b' })
  class Named {
    @Cacheable()
    async c(): Promise<string> {
      return 'named';
    }
  }
  class A {
    @Cacheable()
    async 'b.c'(): Promise<string> {
      return 'dotted';
    }
  }
  const app = await boot([Odd, Named, A]);
  const odd = app.get(Odd);
  const symbol = Object.getOwnPropertySymbols(Odd.prototype).find(({ description }) => description === 'x');
  const found = [
    await (odd as unknown as Record<symbol, () => Promise<string>>)[symbol!]!(),
    await odd['[x]'](),
    await odd.find(),
    await odd['find@Base'](),
    await app.get(Named).c(),
    await app.get(A)['b.c'](),
  ];
  expect(found).toEqual(['symbol', 'text', 'base', 'odd', 'named', 'dotted']);
});

it('O8: methods of one name in two classes never meet', async () => {
  @Injectable()
  class Users {
    @Cacheable()
    async findOne(id: number): Promise<string> {
      return `user ${id}`;
    }
  }
  @Injectable()
  class Orders {
    @Cacheable()
    async findOne(id: number): Promise<string> {
      return `order ${id}`;
    }
    @Cacheable()
    async findAll(id: number): Promise<string> {
      return `orders ${id}`;
    }
  }
  const app = await boot([Users, Orders]);
  for (const users of [app.get(Users), app.get(Users)]) expect(await users.findOne(1)).toBe('user 1');
  expect(await app.get(Orders).findOne(1)).toBe('order 1');
  expect(await app.get(Orders).findAll(1)).toBe('orders 1');
});

it('J8, O11: arguments of another kind, number or order are another call', async () => {
  @Injectable()
  class Answers {
    runs = 0;
    @Cacheable()
    async find(..._args: unknown[]): Promise<number> {
      return (this.runs += 1);
    }
  }
  const answers = (await boot([Answers])).get(Answers);
  const cyclic = (name: string): object => {
    const value: Record<string, unknown> = { name };
    return Object.assign(value, { self: value });
  };
  class Point {
    constructor(readonly x: number) {}
  }
  class Other {
    constructor(readonly x: number) {}
  }
  const calls: unknown[][] = [
    [], [null], [undefined], [undefined, undefined], [1], ['1'], [1n], [true], ['true'], [NaN], [0], [-0], [''],
    [[1, 2]], [1, 2], [[1], 2], ['a:b'], ['a', 'b'], ['a,b'], [{}], [[]], [new Map()], [new Set()],
    [new Set([1])], [new Set([2])], [new Map([[1, 2]])], [[[1, 2]]], [new Date(5)], [new Date(6)], [new Date(5).toJSON()],
    [5], [{ a: 1, b: 2 }], [{ a: 1 }], [{ a: undefined }], [/a/], [/a/g], [Buffer.from('a')], [new Uint8Array([97])],
    [cyclic('a')], [cyclic('b')], [new Point(1)], [new Point(2)], [new Other(1)], [{ x: 1 }],
  ]; // prettier-ignore
  for (const args of calls) await answers.find(...args);
  expect(answers.runs).toBe(calls.length);
  for (const [index, args] of calls.entries()) expect(await answers.find(...args)).toBe(index + 1);
});

it('O11: the order of the keys of an object does not matter', async () => {
  @Injectable()
  class Answers {
    runs = 0;
    @Cacheable()
    async find(_filter: object): Promise<number> {
      return (this.runs += 1);
    }
  }
  const answers = (await boot([Answers])).get(Answers);
  expect(await answers.find({ a: { x: 1, y: 2 }, b: 2 })).toBe(1);
  expect(await answers.find({ b: 2, a: { y: 2, x: 1 } })).toBe(1);
});

const tenants = new AsyncLocalStorage<string>();
const byTenant = (): string => tenants.getStore() ?? 'nobody';

@Injectable()
class ByMethod {
  runs = 0;
  @Cacheable({ key: 'data', varyBy: byTenant })
  async find(): Promise<number> {
    return (this.runs += 1);
  }
  @CacheEvict({ of: 'find' })
  async change(): Promise<void> {}
}

@CacheConfig({ varyBy: byTenant })
@Injectable()
class ByClass {
  runs = 0;
  @Cacheable({ key: 'data' })
  async find(): Promise<number> {
    return (this.runs += 1);
  }
  @CacheEvict({ key: 'data' })
  async change(): Promise<void> {}
}

@Injectable()
class ByCache {
  runs = 0;
  @Cacheable({ key: 'data' })
  async find(): Promise<number> {
    return (this.runs += 1);
  }
  @CacheEvict({ keys: ['data'] })
  async change(): Promise<void> {}
}

it.each([
  ['method', ByMethod, {}],
  ['class', ByClass, {}],
  ['cache', ByCache, { varyBy: byTenant }],
])('varyBy on the %s keeps tenants apart, for reading and for evicting', async (_on, type, options) => {
  const service = (await boot([type], options)).get<ByMethod>(type);
  const find = (tenant: string): Promise<number> => tenants.run(tenant, () => service.find());
  expect([await find('a'), await find('b'), await find('a'), await find('b')]).toEqual([1, 2, 1, 2]);
  await tenants.run('a', () => service.change());
  expect([await find('a'), await find('b')]).toEqual([3, 2]);
});

it('varyBy of a method replaces that of its class, and its this is the instance', async () => {
  @CacheConfig({ varyBy: byTenant })
  @Injectable()
  class Texts {
    runs = 0;
    language = 'en';
    @Cacheable({
      varyBy(this: Texts) {
        return this.language;
      },
    } as { varyBy: () => string })
    async greeting(): Promise<number> {
      return (this.runs += 1);
    }
    @Cacheable({ varyBy: 'public' })
    async imprint(): Promise<number> {
      return (this.runs += 1);
    }
  }
  const texts = (await boot([Texts])).get(Texts);
  const greeting = (tenant: string): Promise<number> => tenants.run(tenant, () => texts.greeting());
  expect([await greeting('a'), await greeting('b')]).toEqual([1, 1]);
  texts.language = 'de';
  expect([await greeting('a'), await greeting('b')]).toEqual([2, 2]);
  const imprint = (tenant: string): Promise<number> => tenants.run(tenant, () => texts.imprint());
  expect([await imprint('a'), await imprint('b')]).toEqual([3, 3]);
});

it('this in key, condition, tags, unless, ttl and args is the instance', async () => {
  @Injectable()
  class Users {
    region = 'eu';
    runs = 0;
    seen = new Set<unknown>();
    @Cacheable({
      key(this: Users, id: number) { this.seen.add(this); return key`${this.region}:${id}`; },
      condition(this: Users) { this.seen.add(this); return true; },
      tags(this: Users) { this.seen.add(this); return [this.region]; },
      unless(this: Users) { this.seen.add(this); return false; },
      ttl(this: Users) { this.seen.add(this); return 60; },
    }) // prettier-ignore
    async find(_id: number): Promise<number> {
      return (this.runs += 1);
    }
    @CacheEvict({ of: 'find', args(this: Users) { this.seen.add(this); return [1]; } }) // prettier-ignore
    async change(): Promise<void> {}
  }
  const app = await boot([Users]);
  const users = app.get(Users);
  await users.find(1);
  await users.change();
  await users.find(1);
  expect([...users.seen]).toEqual([users]);
  expect(await app.get(CacheService).get('eu:1')).toBe(2);
});
