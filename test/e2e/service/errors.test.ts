import { Readable } from 'node:stream';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  CacheBackendError,
  CacheError,
  CacheKeyError,
  CacheOptionsError,
  CacheSerializationError,
  CacheTimeoutError,
  CacheTypeError,
  type CacheService,
} from '../../../lib/index.js';
import { TestCaches } from '../../../lib/testing/index.js';
import { directory } from '../stores/stores-rig.js';
import { hold, openCache, rejection } from './service-rig.js';

describe('the errors of the cache', () => {
  it.each([
    [CacheOptionsError, 'CacheOptionsError', 'CACHE_OPTIONS'],
    [CacheKeyError, 'CacheKeyError', 'CACHE_KEY'],
    [CacheTypeError, 'CacheTypeError', 'CACHE_TYPE'],
    [CacheSerializationError, 'CacheSerializationError', 'CACHE_SERIALIZATION'],
    [CacheTimeoutError, 'CacheTimeoutError', 'CACHE_TIMEOUT'],
    [CacheBackendError, 'CacheBackendError', 'CACHE_BACKEND'],
  ])('%o', (Type, name, code) => {
    const cause = new Error('why');
    const error = new Type('what', { cause, operation: 'get' });
    expect(error).toBeInstanceOf(CacheError);
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.code, error.message, error.cause, error.operation]).toEqual([
      name,
      code,
      'what',
      cause,
      'get',
    ]);
    expect(String(error)).toBe(`${name}: what`);
    expect('cause' in new Type('without')).toBe(false);
  });

  it('repeat neither keys nor values nor tags', async () => {
    const { cache } = await openCache({ isolation: 'clone' });
    const secret = 'hunter2';
    await cache.set(secret, secret, { tags: [secret] });
    const calls = [
      cache.increment(secret),
      cache.set(`${secret}\ud800`, 1),
      cache.set(secret, () => secret),
      cache.set(secret, { secret, deep: () => secret }),
      cache.set(secret, 1, { tags: [`${secret}\ud800`] }),
      cache.set(secret, Promise.resolve(secret)),
      cache.getOrSet(secret, () => Symbol(secret), { forceFresh: true }),
      cache.getOrSet('loop', () => cache.getOrSet('loop', () => secret)),
      cache.getOrSetMany([`${secret}2`], () => [secret] as never),
      cache.setMany({ [secret]: () => 1 }),
      cache.touch(secret, 'soon' as '1s'),
      cache.get({ secret } as never),
      cache.getMany(secret as never),
      cache.invalidateTags([{ secret } as never]),
    ];
    for (const error of await Promise.all(calls.map(rejection))) {
      expect(error).toBeInstanceOf(CacheError);
      expect(`${error.message} ${error.operation}`).not.toContain(secret);
      expect(JSON.stringify(error)).not.toContain(secret);
    }
  });
});

describe('the operation that failed is in the error', () => {
  const held = { deep: () => 1 };
  const calls: Record<string, (cache: CacheService) => (() => unknown)[]> = {
    set: (cache) => [
      () => cache.set('a', held),
      () => cache.set('a', 1, { ttl: NaN }),
      () => cache.set('a', 1, { grace: -1 }),
    ],
    add: (cache) => [() => cache.add('b', held)],
    getSet: (cache) => [() => cache.getSet('a', held)],
    setMany: (cache) => [() => cache.setMany({ a: held })],
    touch: (cache) => [() => cache.touch('a', NaN)],
    increment: (cache) => [() => cache.increment('a')],
    decrement: (cache) => [() => cache.decrement('a')],
    writeThrough: (cache) => [() => cache.writeThrough('a', held, async () => {})],
    keyOf: (cache) => [async () => cache.keyOf(cache, 'get', [])],
    getOrSet: (cache) => [
      () => cache.getOrSet('b', () => held),
      () => cache.getOrSet('b', () => 1, { ttl: NaN }),
      () => cache.getOrSet('b', () => 1, { softTimeout: '5' as '5s' }),
      () => cache.getOrSet('a', () => 1, { refreshAhead: NaN }),
      () => cache.getOrSet('b', (ctx) => ctx.fail('why')),
      () => cache.getOrSet('b', () => cache.getOrSet('b', () => 1)),
    ],
    getOrSetMany: (cache) => [() => cache.getOrSetMany<unknown>(['b'], () => ({ b: held }))],
    'ctx.setTtl': (cache) => [() => cache.getOrSet('b', (ctx) => ctx.setTtl(NaN))],
    'ctx.notModified': (cache) => [() => cache.getOrSet('b', (ctx) => ctx.notModified())],
  };

  it.each(Object.entries(calls))('%s', async (operation, made) => {
    const { cache } = await openCache({ backend: 'hybrid', file: { cacheDir: directory() } });
    await cache.set('a', 'kept');
    for (const call of made(cache)) {
      const error = await rejection(Promise.resolve(call()));
      expect(error).toBeInstanceOf(CacheError);
      expect(error.operation).toBe(operation);
    }
    expect(await cache.get('a')).toBe('kept');
  });

  it.each<[string, (cache: CacheService) => Promise<unknown>]>([
    ['get', (cache) => cache.get('a')],
    ['getMany', (cache) => cache.getMany(['a'])],
    ['exists', (cache) => cache.exists('a')],
    ['set', (cache) => cache.set('a', 1)],
    ['delete', (cache) => cache.delete('a')],
    ['take', (cache) => cache.take('a')],
    ['clear', (cache) => cache.clear()],
    ['decrement', (cache) => cache.decrement('a')],
    ['invalidateTags', (cache) => cache.invalidateTags('a')],
    ['getOrSet', (cache) => cache.getOrSet('a', () => 1)],
    ['getOrSetMany', (cache) => cache.getOrSetMany(['a'], () => ({ a: 1 }))],
  ])('%s, of a backend that fails', async (operation, call) => {
    const { cache } = await openCache({ backend: 'redis', host: '127.0.0.1', port: 1, onError: 'throw' });
    const errors = await Promise.all([cache.ttl('z'), call(cache)].map(rejection));
    for (const error of errors) expect(error).toBeInstanceOf(CacheBackendError);
    expect(errors.map((error) => error.operation)).toEqual(['ttl', operation]);
  });

  it('also where the backend has failed at something else', async () => {
    const faults = new TestCaches();
    const { cache } = await openCache({ faults });
    faults.mode = 'failing';
    await cache.set('a', 1);
    const errors = [await rejection(cache.increment('b')), await rejection(cache.take('b'))];
    for (const error of errors) expect(error).toBeInstanceOf(CacheBackendError);
    expect(errors.map((error) => error.operation)).toEqual(['increment', 'take']);
  });

  it.each([undefined, 'take'])('what a loader throws is left as it is (%s)', async (operation) => {
    const { cache } = await openCache();
    const thrown = new CacheBackendError('of another cache', operation === undefined ? {} : { operation });
    expect(await rejection(cache.getOrSet('a', () => Promise.reject(thrown)))).toBe(thrown);
    expect(await rejection(cache.writeThrough('a', 1, () => Promise.reject(thrown)))).toBe(thrown);
    expect(thrown.operation).toBe(operation);
  });
});

describe('what cannot be kept is refused at every door, and nothing is written', () => {
  const cases: [string, () => unknown][] = [
    ['a function', () => () => 1],
    ['a class', () => class {}],
    ['a symbol', () => Symbol('s')],
    ['a promise', () => Promise.resolve(1)],
    // oxlint-disable-next-line unicorn/no-thenable -- being one is what is refused
    ['a thenable', () => ({ then: () => {} })],
    ['a Node stream', () => Readable.from([])],
    ['a web stream', () => new ReadableStream()],
    ['an observable', () => of(1)],
    ['an iterator', () => [1].values()],
    ['a generator', () => (function* () {})()],
    ['a WeakMap', () => new WeakMap()],
    ['a WeakSet', () => new WeakSet()],
  ];

  it.each(cases)('%s', async (_what, make) => {
    const { cache } = await openCache();
    await cache.set('a', 'kept');
    const calls = [
      cache.set('a', make()),
      cache.set('b', make()),
      cache.setMany({ a: 1, b: make() }),
      cache.add('b', make()),
      cache.getSet('a', make()),
    ];
    for (const error of await Promise.all(calls.map(rejection))) expect(error).toBeInstanceOf(CacheSerializationError);
    expect([...(await cache.getMany(['a', 'b']))]).toEqual([['a', 'kept']]);
  });

  it('what a loader makes is refused too', async () => {
    const { cache } = await openCache();
    const errors = [
      await rejection(cache.getOrSet('a', () => Readable.from([]))),
      await rejection(cache.getOrSetMany<unknown>(['a'], () => ({ a: Symbol('s') }))),
    ];
    for (const error of errors) expect(error).toBeInstanceOf(CacheSerializationError);
    expect(await cache.exists('a')).toBe(false);
  });
});

describe('options that do not exist', () => {
  it.each<[string, (cache: CacheService) => Promise<unknown>]>([
    ['set', (cache) => cache.set('a', 1, { tll: 5 } as object)],
    ['setMany', (cache) => cache.setMany({ a: 1 }, { tll: 5 } as object)],
    ['add', (cache) => cache.add('a', 1, { tll: 5 } as object)],
    ['getSet', (cache) => cache.getSet('a', 1, { tll: 5 } as object)],
    ['increment', (cache) => cache.increment('a', 1, { tll: 5 } as object)],
    ['getOrSet', (cache) => cache.getOrSet('a', () => 1, { tll: 5 } as object)],
    ['getOrSetMany', (cache) => cache.getOrSetMany(['a'], () => ({ a: 1 }), { tll: 5 } as object)],
    ['invalidateTags', (cache) => cache.invalidateTags(['a'], { tll: 5 } as object)],
  ])('%s', async (operation, call) => {
    const { cache } = await openCache();
    const error = await rejection(call(cache));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toMatch(new RegExp(`^${operation}: unknown option 'tll'`));
    expect((await cache.getStats()).size).toBe(0);
  });

  it.each([5, 'text', [], null])('options that are %j', async (options) => {
    const { cache } = await openCache();
    expect((await rejection(cache.set('a', 1, options as never))).code).toBe('CACHE_OPTIONS');
    expect((await rejection(cache.getOrSet('a', () => 1, options as never))).code).toBe('CACHE_OPTIONS');
  });
});

describe('what cannot be meant is refused, and names the option', () => {
  it.each<[string, object]>([
    ['grace', { grace: -1 }],
    ['grace', { grace: 'soon' }],
    ['grace', { grace: NaN }],
    ['graceBackoff', { graceBackoff: 30 }],
    ['graceBackoff', { graceBackoff: '-1s' }],
    ['softTimeout', { softTimeout: 5 }],
    ['softTimeout', { softTimeout: '5' }],
    ['hardTimeout', { hardTimeout: 1_000 }],
    ['hardTimeout', { hardTimeout: '0ms' }],
    ['hardTimeout', { hardTimeout: Infinity }],
    ['refreshAhead', { refreshAhead: 'often' }],
    ['refreshAhead', { refreshAhead: NaN }],
    ['signal', { signal: {} }],
    ['signal', { signal: null }],
  ])('%s in %j', async (name, options) => {
    const { cache } = await openCache();
    const calls: Promise<unknown>[] = [
      cache.getOrSet('a', () => 1, options),
      cache.getOrSetMany(['a'], () => ({ a: 1 }), options),
    ];
    if (name === 'grace') calls.push(cache.set('a', 1, options), cache.setMany({ a: 1 }, options));
    for (const call of calls) {
      const error = await rejection(call);
      expect(error).toBeInstanceOf(CacheOptionsError);
      expect(error.message).toMatch(new RegExp(`\\b${name}\\b`));
    }
    expect((await cache.getStats()).loads).toBe(0);
    expect(await cache.exists('a')).toBe(false);
  });
});

it('an option that is undefined is not there', async () => {
  const { cache } = await openCache();
  const options = { grace: undefined, softTimeout: undefined, ttl: undefined, tags: undefined, signal: undefined };
  expect(await cache.getOrSet('a', () => 1, options)).toBe(1);
  await cache.invalidateTags(['t'], { allowStale: undefined } as object);
  const held = hold<number>();
  const load = cache.getOrSet('b', () => held.promise, { forceFresh: undefined });
  held.resolve(1);
  expect(await load).toBe(1);
});
