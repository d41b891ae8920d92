import KeyvRedis from '@keyv/redis';
import { caching, memoryStore, multiCaching } from 'cache-manager';
import { Keyv } from 'keyv';
import { describe, expect, it } from 'vitest';
import { CacheOptionsError } from '../../../lib/errors/cache.errors.js';
import { adaptStore, assertForeignStore, limitsOf } from '../../../lib/stores/foreign/adapt-store.js';
import type { ForeignKind } from '../../../lib/stores/foreign/foreign.backend.js';

/** Looks like a store of cache-manager 5 over a server. */
const REMOTE = { get: async () => undefined, set: async () => {}, del: async () => {}, reset: async () => {} };

const GOOD: [string, ForeignKind, () => unknown, 'local' | 'shared'][] = [
  ['a Keyv', 'keyv', () => new Keyv(), 'local'],
  ['a Keyv with a namespace over a map', 'keyv', () => new Keyv({ store: new Map(), namespace: 'n' }), 'local'],
  ['a map', 'keyv', () => new Map(), 'local'],
  ['an adapter', 'keyv', () => new KeyvRedis('redis://127.0.0.1:1'), 'shared'],
  ['a Keyv over an adapter', 'keyv', () => new Keyv(new KeyvRedis('redis://127.0.0.1:1')), 'shared'],
  ['a Keyv that throws and emits nothing', 'keyv', () => new Keyv({ emitErrors: false, throwOnErrors: true }), 'local'],
  ['a promise', 'keyv', async () => new Keyv(), 'shared'],
  ['a store in memory', 'cache-manager', () => memoryStore(), 'local'],
  ['the promise of a cache', 'cache-manager', () => caching('memory'), 'shared'],
  ['a store over a server', 'cache-manager', () => REMOTE, 'shared'],
];

const BAD: [string, ForeignKind, () => unknown, RegExp][] = [
  ['nothing', 'keyv', () => undefined, /it has no get, set and delete/],
  ['null', 'cache-manager', () => null, /it has no get, set, del and reset/],
  ['a text', 'keyv', () => 'redis://localhost', /it has no get, set and delete/],
  ['options', 'keyv', () => ({ url: 'redis://localhost' }), /a Keyv instance, one of its storage adapters or a Map/],
  ['a function', 'cache-manager', () => memoryStore, /a store of cache-manager 5 or what its caching/],
  ['a store of the other library', 'keyv', () => memoryStore(), /it has no get, set and delete/],
  ['a Keyv', 'cache-manager', () => new Keyv(), /use backend: 'keyv'/],
  ['a cache of cache-manager 6', 'cache-manager', () => ({ ...REMOTE, clear() {}, wrap() {}, stores: [] }), /from version 6 on/], // prettier-ignore
  ['several caches as one', 'cache-manager', () => multiCaching([]), /from version 6 on/],
  ['a Keyv that hides failures', 'keyv', () => new Keyv({ emitErrors: false }), /needs throwOnErrors: true/],
  ['an old Keyv', 'keyv', () => ({ get() {}, set() {}, delete() {}, hooks: {}, stats: {} }), /keyv@\^5\.6/],
];

describe('what is taken for a store', () => {
  it.each(GOOD)('%s with backend %s', (_, backend, make, place) => {
    const store = make();
    assertForeignStore(backend, store);
    expect(limitsOf(backend, store)).toContain(place === 'local' ? 'in this process' : 'that processes may share');
    expect(limitsOf(backend, store)).not.toContain('\n');
  });

  it.each(BAD)('not %s with backend %s: the error names store and says what to pass', (_, backend, make, says) => {
    const store = make();
    expect(() => assertForeignStore(backend, store)).toThrow(CacheOptionsError);
    expect(() => assertForeignStore(backend, store)).toThrow(/^store: /);
    expect(() => assertForeignStore(backend, store)).toThrow(says);
  });

  it('a promise that rejects is nobody’s unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): unknown => unhandled.push(reason);
    process.on('unhandledRejection', note);
    assertForeignStore('keyv', Promise.reject(new Error('refused')));
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});

describe('the ttl that a store is told, in whole milliseconds', () => {
  const told: [string, ForeignKind, number, unknown][] = [
    ['a span', 'cache-manager', 1_500, 1_500],
    ['none', 'cache-manager', Infinity, 0],
    ['beyond a hundred years', 'cache-manager', 4e15, 0],
    ['a span', 'keyv', 1_500, 1_500],
    ['none', 'keyv', Infinity, undefined],
  ];
  it.each(told)('%s, with backend %s', async (_, backend, ttl, expected) => {
    const asked: unknown[][] = [];
    const set = async (...args: unknown[]): Promise<void> => void asked.push(args);
    await adaptStore(backend, { ...REMOTE, delete: async () => {}, set }).set('name', 'text', ttl);
    expect(asked).toEqual([['name', 'text', expected]]);
  });

  it('is an instant for an adapter that asks for one', async () => {
    const asked: number[] = [];
    const adapter = {
      capabilities: { expires: true },
      get: async () => undefined,
      set: async (_key: string, _value: string, expires?: number) => void asked.push(expires!),
      delete: async () => true,
    };
    const before = Date.now();
    await adaptStore('keyv', adapter).set('name', 'text', 60_000);
    expect(asked[0]).toBeGreaterThanOrEqual(before + 60_000);
    expect(asked[0]).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  it('is none for the memory of cache-manager where a timer could not wait that long', async () => {
    const store = memoryStore();
    await adaptStore('cache-manager', store).set('name', 'text', 2 ** 31);
    expect(await store.ttl('name')).toBe(Infinity);
  });

  it('overrides the default of a Keyv', async () => {
    const keyv = new Keyv({ ttl: 5 });
    await adaptStore('keyv', keyv).set('name', 'text', Infinity);
    expect((await keyv.getRaw('name'))?.expires).toBeUndefined();
  });
});
