import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable, cacheContext, CacheEvict, CachePut, CacheService, CacheTags } from '../../../lib/index.js';
import { start } from './decorators-rig.js';

/** Bodies under way, each let go by hand. */
class Gate {
  readonly #open: ((value: string) => void)[] = [];
  get started(): number {
    return this.#open.length;
  }
  wait(): Promise<string> {
    return new Promise((resolve) => this.#open.push(resolve));
  }
  release(index: number, value: string): void {
    this.#open[index]!(value);
  }
}

@Injectable()
class Users {
  readonly gate = new Gate();
  readonly saving = new Gate();
  @Cacheable({ namespace: 'users', tags: (id: number) => [`user:${id}`] })
  @CacheTags.fromResult((name: string) => `name:${name}`)
  async find(_id: number): Promise<string> {
    const name = await this.gate.wait();
    cacheContext().setTags(['said']);
    return name;
  }
  @CacheEvict({ of: 'find' })
  async change(_id: number): Promise<void> {}
  @CacheEvict({ tags: (id: number) => [`user:${id}`] })
  async changeByTag(_id: number): Promise<void> {}
  @CacheEvict({ allEntries: true, namespace: 'users' })
  async reset(): Promise<void> {}
  @CachePut({ of: 'find' })
  async save(_id: number): Promise<string> {
    return this.saving.wait();
  }
}

it('1,000 concurrent calls of a cold method run one body', async () => {
  const { service } = await start(Users);
  const calls = Promise.all(Array.from({ length: 1_000 }, () => service.find(1)));
  expect(service.gate.started).toBe(1);
  service.gate.release(0, 'Ann');
  expect(new Set(await calls)).toEqual(new Set(['Ann']));
  expect(await service.find(1)).toBe('Ann');
  expect(service.gate.started).toBe(1);
});

it('calls with other arguments do not wait for each other', async () => {
  const { service } = await start(Users);
  const [one, two] = [service.find(1), service.find(2)];
  expect(service.gate.started).toBe(2);
  service.gate.release(1, 'Bea');
  expect(await two).toBe('Bea');
  service.gate.release(0, 'Ann');
  expect(await one).toBe('Ann');
});

type Change = (service: Users, cache: CacheService) => Promise<unknown>;
const place = (cache: CacheService): CacheService => cache.namespace('users');
/** A change that an entry under way can be seen to be struck by, or one that only its result will tell. */
const CHANGES: [string, Change, 'known' | 'told by the result'][] = [
  ['delete', (service, cache) => place(cache).delete(cache.keyOf(service, 'find', [1])), 'known'],
  ['invalidateTags of the arguments', (_, cache) => cache.invalidateTags('user:1'), 'known'],
  ['invalidateTags of the result', (_, cache) => cache.invalidateTags('name:old'), 'told by the result'],
  ['invalidateTags of what the body said', (_, cache) => cache.invalidateTags('said'), 'told by the result'],
  ['clear', (_, cache) => place(cache).clear(), 'known'],
  ['@CacheEvict({ of })', (service) => service.change(1), 'known'],
  ['@CacheEvict({ tags })', (service) => service.changeByTag(1), 'known'],
  ['@CacheEvict({ allEntries })', (service) => service.reset(), 'known'],
];

describe.each(CHANGES)('after %s during a load', (_what, change, when) => {
  it('its value goes to those who asked before, and is never served to a later call', async () => {
    const { service, cache } = await start(Users);
    const before = service.find(1);
    await change(service, cache);
    service.gate.release(0, 'old');
    expect(await before).toBe('old');
    const after = service.find(1);
    expect(service.gate.started).toBe(2);
    service.gate.release(1, 'new');
    expect([await after, await service.find(1)]).toEqual(['new', 'new']);
    expect(service.gate.started).toBe(2);
  });

  it('a call that starts while the old load still runs gets the new value', async () => {
    const { service, cache } = await start(Users);
    const before = service.find(1);
    await change(service, cache);
    const after = service.find(1);
    // As long as nobody knows of the tag the call may wait for the old load, but not be given its value.
    if (when === 'known') expect(service.gate.started).toBe(2);
    service.gate.release(0, 'old');
    expect(await before).toBe('old');
    await new Promise(setImmediate);
    if (service.gate.started === 2) service.gate.release(1, 'new');
    expect([await after, await service.find(1)]).toEqual(['new', 'new']);
  });
});

it('a set during a load is what later calls are served', async () => {
  const { service, cache } = await start(Users);
  const key = cache.keyOf(service, 'find', [1]);
  const before = service.find(1);
  await place(cache).set(key, 'set');
  expect(await service.find(1)).toBe('set');
  service.gate.release(0, 'old');
  expect([await before, await service.find(1)]).toEqual(['old', 'set']);
  expect(service.gate.started).toBe(1);
});

it('a put that ends during a load wins over it', async () => {
  const { service } = await start(Users);
  const before = service.find(1);
  const saved = service.save(1);
  service.saving.release(0, 'saved');
  await saved;
  service.gate.release(0, 'old');
  expect([await before, await service.find(1)]).toEqual(['old', 'saved']);
});

it('of a put and a change that overlap neither is served: the entry is loaded anew', async () => {
  const { service, cache } = await start(Users);
  const saved = service.save(1);
  await place(cache).delete(cache.keyOf(service, 'find', [1]));
  service.saving.release(0, 'saved');
  expect(await saved).toBe('saved');
  const after = service.find(1);
  service.gate.release(0, 'new');
  expect(await after).toBe('new');
});

it('a load that begins while a put runs, and ends after it, is not served in place of what was put', async () => {
  const { service } = await start(Users);
  const saved = service.save(1);
  const before = service.find(1);
  service.saving.release(0, 'saved');
  await saved;
  service.gate.release(0, 'old');
  await before;
  const after = service.find(1);
  if (service.gate.started === 2) service.gate.release(1, 'saved');
  expect(await after).toBe('saved');
});

it('two puts that overlap leave no value of which nobody knows whether it is the newer one', async () => {
  const { service, cache } = await start(Users);
  const [first, second] = [service.save(1), service.save(1)];
  service.saving.release(1, 'second');
  await second;
  service.saving.release(0, 'first');
  await first;
  expect(await place(cache).exists(cache.keyOf(service, 'find', [1]))).toBe(false);
});

it('what was written while a refused load ran stays written: other entries are untouched', async () => {
  const { service, cache } = await start(Users);
  const [one, two] = [service.find(1), service.find(2)];
  await service.change(1);
  service.gate.release(0, 'a');
  service.gate.release(1, 'b');
  await Promise.all([one, two]);
  expect(await place(cache).exists(cache.keyOf(service, 'find', [1]))).toBe(false);
  expect(await place(cache).exists(cache.keyOf(service, 'find', [2]))).toBe(true);
});

it('a method that calls itself with its own arguments fails instead of waiting for ever', async () => {
  @Injectable()
  class Recursive {
    @Cacheable()
    async down(n: number): Promise<number> {
      return n === 0 ? 0 : 1 + (await this.down(n - 1));
    }
    @Cacheable()
    async forever(n: number): Promise<number> {
      return this.forever(n);
    }
  }
  const { service } = await start(Recursive);
  expect(await service.down(5)).toBe(5);
  await expect(service.forever(1)).rejects.toMatchObject({ code: 'CACHE_RECURSION' });
});
