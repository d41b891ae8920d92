import { Injectable, Logger, type Type } from '@nestjs/common';
import { afterEach, beforeEach, expect, it, vi, type MockInstance } from 'vitest';
import { Cacheable, CacheConfig, CacheEvict, CacheKeyError, CachePut, CacheTags } from '../../../lib/index.js';
import { start } from './decorators-rig.js';

let warn: MockInstance<Logger['warn']>;
const warnings = (): string[] => warn.mock.calls.map(([message]) => String(message));

beforeEach(() => {
  warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
});

afterEach(async () => {
  vi.restoreAllMocks();
});

class Refused extends Error {}
const fail = (): never => {
  throw new Refused('broken');
};

it('O13, J9: the error of the body reaches every waiter as it was thrown; it ran once and nothing is cached', async () => {
  const failure = new Refused('no');
  let reject!: (reason: unknown) => void;
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable()
    async find(): Promise<number> {
      this.runs += 1;
      return this.runs === 1 ? new Promise<number>((_, no) => (reject = no)) : this.runs;
    }
  }
  const { service } = await start(Users);
  const waiting = Promise.allSettled([service.find(), service.find(), service.find()]);
  reject(failure);
  for (const outcome of await waiting) expect(outcome).toEqual({ status: 'rejected', reason: failure });
  expect(service.runs).toBe(1);
  expect(await service.find()).toBe(2);
  await new Promise(setImmediate);
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

it('J9: a body that throws before its first await, and one that throws what is no Error', async () => {
  @Injectable()
  class Users {
    @Cacheable()
    find(): Promise<number> {
      throw new Refused('at once');
    }
    @Cacheable()
    async odd(): Promise<number> {
      throw 'a text';
    }
  }
  const { service } = await start(Users);
  for (let i = 0; i < 2; i += 1) {
    await expect(service.find()).rejects.toBeInstanceOf(Refused);
    await expect(service.odd()).rejects.toBe('a text');
  }
});

it('J29: a value that cannot be stored is returned, and the body does not run again for it', async () => {
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable()
    async find(): Promise<() => number> {
      const run = (this.runs += 1);
      return () => run;
    }
    @CachePut({ key: 'k' })
    async put(): Promise<() => number> {
      return () => 5;
    }
  }
  const { service, cache } = await start(Users);
  expect([(await service.find())(), (await service.find())()]).toEqual([1, 2]);
  await cache.set('k', 'old');
  expect((await service.put())()).toBe(5);
  expect(await cache.exists('k')).toBe(false);
  expect(warnings()).toEqual([expect.stringContaining('Users.find'), expect.stringContaining('Users.put')]);
});

@Injectable()
class Unkeyable {
  runs = 0;
  @Cacheable()
  async find(_what: unknown): Promise<number> {
    return (this.runs += 1);
  }
}

it('arguments that cannot be keyed: the method runs uncached, and one warning names it', async () => {
  const { service, cache } = await start(Unkeyable);
  const args = [() => {}, process.stdin, Symbol('s'), new (class { #x = 1; get() { return this.#x; } })()]; // prettier-ignore
  for (const [index, arg] of args.entries()) expect(await service.find(arg)).toBe(index + 1);
  expect(warnings()).toEqual([expect.stringMatching(/^Unkeyable\.find ran uncached: .*function/)]);
  expect([await service.find(1), await service.find(1)]).toEqual([5, 5]);
  expect(() => cache.keyOf(service, 'find', [() => {}])).toThrow(CacheKeyError);
});

it.each<[string, (on: { broken: boolean }) => Type<{ find(): Promise<number>; runs: number }>]>([
  ['key', (on) => broken({ key: () => (on.broken ? fail() : 'k') })],
  ['key, by what it returns,', (on) => broken({ key: () => (on.broken ? (undefined as never) : 'k') })],
  ['condition', (on) => broken({ condition: () => !on.broken || fail() })],
  ['tags', (on) => broken({ tags: () => (on.broken ? fail() : []) })],
  ['tags, by what it returns,', (on) => broken({ tags: () => (on.broken ? [5 as never] : []) })],
  ['varyBy', (on) => broken({ varyBy: () => (on.broken ? fail() : '') })],
  ['varyBy, by what it returns,', (on) => broken({ varyBy: () => (on.broken ? (undefined as never) : '') })],
  ['unless', (on) => broken({ unless: () => on.broken && fail() })],
  ['ttl', (on) => broken({ ttl: () => (on.broken ? fail() : 60) })],
  ['ttl, by what it returns,', (on) => broken({ ttl: () => (on.broken ? NaN : 60) })],
])(
  'a broken %s of @Cacheable: calls run uncached, one warning names the method, and nothing sticks',
  async (_what, make) => {
    const on = { broken: true };
    const { service } = await start(make(on));
    expect([await service.find(), await service.find()]).toEqual([1, 2]);
    expect(warnings()).toEqual([expect.stringContaining('Users.find')]);
    on.broken = false;
    expect([await service.find(), await service.find()]).toEqual([3, 3]);
    expect(service.runs).toBe(3);
  },
);

function broken(options: Parameters<typeof Cacheable>[0] & object): Type<{ find(): Promise<number>; runs: number }> {
  @Injectable()
  class Users {
    runs = 0;
    @(Cacheable(options) as MethodDecorator)
    async find(): Promise<number> {
      return (this.runs += 1);
    }
  }
  return Users;
}

it('a cache-wide varyBy that knows nobody (a job, a boot hook): decorated calls run uncached', async () => {
  const who = { value: undefined as string | undefined };
  const { service } = await start(Unkeyable, { varyBy: () => who.value as string });
  expect([await service.find(1), await service.find(1)]).toEqual([1, 2]);
  expect(warnings()).toEqual([expect.stringContaining('Unkeyable.find')]);
  who.value = 'ann';
  expect([await service.find(1), await service.find(1)]).toEqual([3, 3]);
});

it('broken @CacheTags.fromResult: the result is returned and not stored', async () => {
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable()
    @CacheTags.fromResult(() => fail())
    async find(): Promise<number> {
      return (this.runs += 1);
    }
  }
  const { service } = await start(Users);
  expect([await service.find(), await service.find()]).toEqual([1, 2]);
  expect(warnings()).toEqual([expect.stringContaining('Users.find')]);
});

it.each([
  ['key', CacheEvict({ key: fail })],
  ['keys', CacheEvict({ keys: fail })],
  ['tags', CacheEvict({ tags: fail })],
  ['condition', CacheEvict({ key: 'k', condition: fail })],
  ['args', CacheEvict({ of: 'find', args: fail })],
  ['early key', CacheEvict({ key: fail, beforeInvocation: true })],
  ['key of a put', CachePut({ key: fail })],
  ['condition of a put', CachePut({ key: 'k', condition: fail })],
  ['tags of a put', CachePut({ key: 'k', tags: fail })],
])(
  'a broken %s of what changes entries fails the call before the body can change anything',
  async (_what, decorator) => {
    @Injectable()
    class Users {
      runs = 0;
      @Cacheable()
      async find(): Promise<void> {}
      @(decorator as MethodDecorator)
      async change(): Promise<void> {
        this.runs += 1;
      }
    }
    const { service } = await start(Users);
    await expect(service.change()).rejects.toThrow('broken');
    expect(service.runs).toBe(0);
  },
);

it.each([
  ['unless', CachePut({ key: 'k', unless: fail })],
  ['ttl', CachePut({ key: 'k', ttl: fail })],
])('a broken %s of a put: the result is returned, and what it replaces is not served', async (_what, decorator) => {
  @Injectable()
  class Users {
    @(decorator as MethodDecorator)
    async save(): Promise<string> {
      return 'new';
    }
  }
  const { service, cache } = await start(Users);
  await cache.set('k', 'old');
  expect(await service.save()).toBe('new');
  expect(await cache.get('k')).not.toBe('old');
  expect(warnings()).toEqual([expect.stringContaining('Users.save')]);
});

it('a put whose body throws leaves what was stored', async () => {
  @CacheConfig({ namespace: 'users' })
  @Injectable()
  class Users {
    @CachePut({ key: 'k' })
    async save(): Promise<string> {
      return fail();
    }
  }
  const { service, cache } = await start(Users);
  await cache.namespace('users').set('k', 'old');
  await expect(service.save()).rejects.toBeInstanceOf(Refused);
  expect(await cache.namespace('users').get('k')).toBe('old');
});
