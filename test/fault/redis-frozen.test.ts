import { expect, it, describe } from 'vitest';
import { CacheBackendError, type CacheService } from '../../lib/index.js';
import { eventually } from '../support/redis/eventually.js';
import type { RedisConnection } from '../support/redis/redis-connection.js';
import { RedisProxy } from '../support/redis/redis-proxy.js';
import { RedisServer } from '../support/redis/redis-server.js';
import { AT_ONCE, BOUND, RedisApp, TIMEOUT, afterwards, connectTo, keyOnServer, slowest } from './redis-app.js';

const CALLERS = 50;
/** Milliseconds of a boot that waits for nobody, with what it loads. */
const BOOT = 1_500;

/** What callers do, over and over, while the server says nothing. */
const CALLS: readonly ((cache: CacheService, i: number) => Promise<unknown>)[] = [
  (cache, i) => cache.get(`k${i}`),
  (cache, i) => cache.set(`set ${i}`, 'dropped'),
  (cache, i) => cache.delete(`k${i}`),
  (cache, i) => cache.getOrSet(`loaded ${i % 7}`, () => 'loaded'),
  (cache, i) => cache.invalidateTags([`t${i}`]),
  (cache, i) => cache.getMany([`k${i}`, `k${i + 1}`]),
  (cache, i) => expect(cache.increment(`counter ${i}`)).rejects.toBeInstanceOf(CacheBackendError),
  (cache) => expect(cache.take('k')).rejects.toBeInstanceOf(CacheBackendError),
  (cache) => cache.exists('k'),
  (cache) => cache.touch('touched', 60),
];

function callsOf(cache: CacheService): (() => Promise<unknown>)[] {
  return Array.from({ length: CALLERS }, (_, i) => () => CALLS[i % CALLS.length]!(cache, Math.trunc(i / CALLS.length)));
}

async function fill(cache: CacheService): Promise<void> {
  const old = Array.from({ length: 10 }, (_, i) => [`k${i}`, 'old'] as const);
  await cache.setMany([...old, ['kept', 'old'], ['replaced', 'old'], ['touched', 'old']]);
  await cache.set('tagged', 'old', { tags: ['t0'] });
  await cache.namespace('cleared').set('k', 'old');
}

describe.each([
  ['redis', false],
  ['hybrid', true],
])('a server that is frozen under load, %s', (_, near) => {
  it('keeps nobody longer than commandTimeout, and is told of every eviction before it is trusted again', async () => {
    const server = await RedisServer.start();
    const [app, other] = await Promise.all([RedisApp.on(server, near), RedisApp.on(server, near)]);
    const { cache } = app;
    await fill(cache);
    await cache.getMany(['k0', 'kept', 'tagged']);

    server.freeze();
    expect(await slowest(callsOf(cache))).toBeLessThan(BOUND);
    const later = [
      () => cache.set('replaced', 'new'),
      () => cache.namespace('cleared').clear(),
      () => cache.invalidateTags(['t0']),
      ...callsOf(cache),
    ];
    expect(await slowest(later)).toBeLessThan(AT_ONCE);
    expect((await cache.getStats()).pendingEvictions).toBeGreaterThan(8);

    server.thaw();
    const stale = new Set<unknown>();
    const evicted = ['k0', 'k1', 'replaced', 'tagged', 'touched'];
    await eventually('it is back', async () => {
      for (const value of (await cache.getMany(evicted)).values()) stale.add(value);
      return (await cache.getStats()).pendingEvictions === 0 && app.changes.length === 2;
    });
    expect([...stale]).toEqual([]);
    for (const one of [cache, other.cache]) {
      expect(await one.getMany(evicted)).toEqual(new Map());
      expect(await one.get('kept')).toBe('old');
      expect(await one.namespace('cleared').get('k')).toBeUndefined();
    }
    await cache.set('after', 'new');
    expect(await other.cache.get('after')).toBe('new');
    expect(app.changes).toEqual(['outage', 'recovery']);
    expect(app.told).toHaveLength(2);
  });
});

describe('a server that is slow', () => {
  it('is a server that fails, for as long as it answers later than commandTimeout', async () => {
    const server = await RedisServer.start();
    const proxy = await RedisProxy.start(server.port);
    afterwards(() => proxy.stop());
    const app = await RedisApp.on(proxy);
    await app.cache.set('k', 'old');
    proxy.delay(2 * TIMEOUT);
    expect(await slowest(callsOf(app.cache))).toBeLessThan(BOUND);
    expect(await app.cache.get('k')).toBeUndefined();
    expect(app.changes).toEqual(['outage']);
    proxy.delay(0);
    await eventually('it is back', () => app.changes.length === 2);
    await app.cache.set('k', 'new');
    expect(await app.cache.get('k')).toBe('new');
  });

  it('but answers in time, costs time and nothing else', async () => {
    const server = await RedisServer.start();
    const proxy = await RedisProxy.start(server.port);
    afterwards(() => proxy.stop());
    const app = await RedisApp.on(proxy);
    await app.cache.get('warm');
    proxy.delay(TIMEOUT / 4);
    for (let i = 0; i < 3; i += 1) {
      await app.cache.set('k', i);
      expect(await app.cache.get('k')).toBe(i);
    }
    expect(app.changes).toEqual([]);
  });
});

describe('a server that pauses its clients', () => {
  it.each(['ALL', 'WRITE'])('CLIENT PAUSE %s', async (what) => {
    const server = await RedisServer.start();
    const app = await RedisApp.on(server);
    await fill(app.cache);
    await server.command('CLIENT', 'PAUSE', '1500', what);
    expect(await slowest(callsOf(app.cache))).toBeLessThan(BOUND);
    expect(await app.cache.delete('kept')).toBe(false);
    expect(app.changes).toEqual(['outage']);
    expect(await app.cache.get('kept')).toBeUndefined();
    await eventually('it is back', () => app.changes.length === 2);
    expect(await app.cache.getMany(['k0', 'kept'])).toEqual(new Map());
    expect(await app.cache.get('replaced')).toBe('old');
  });
});

describe('a server that accepts connections and says nothing', () => {
  it('at boot: the app starts at once, and calls are answered in time', async () => {
    const server = await RedisServer.start();
    server.freeze();
    const began = performance.now();
    const app = await RedisApp.on(server);
    expect(performance.now() - began).toBeLessThan(BOOT);
    expect(await slowest(callsOf(app.cache))).toBeLessThan(BOUND);
    expect(await slowest(callsOf(app.cache))).toBeLessThan(AT_ONCE);
    expect(app.changes).toEqual(['outage']);
    server.thaw();
    await eventually('it is there', () => app.changes.length === 2);
    await app.cache.set('k', 'v');
    expect(await app.cache.get('k')).toBe('v');
  });
});

describe('a write that was given up never takes effect after a deletion that was acknowledged', () => {
  const ROUNDS = 20;

  it('frozen servers: what was sent last is read last', async () => {
    const server = await RedisServer.start();
    const connection = await connectTo(server);
    for (let round = 0; round < ROUNDS; round += 1) {
      const app = await RedisApp.on(server, false, { commandTimeout: '100ms' });
      await inUse(app.cache);
      const name = await keyOnServer(connection, ':late');
      server.freeze();
      const deleted = connection.command('DEL', name);
      await app.cache.set('late', 'late');
      const closed = app.close();
      server.thaw();
      expect(await deleted).toBe(1);
      await closed;
      await eventually('it is alone', async () => (await othersOf(connection)) === 0);
      expect(await connection.command('EXISTS', name)).toBe(0);
    }
  });

  it('networks that hold back what was sent', async () => {
    const server = await RedisServer.start();
    const connection = await connectTo(server);
    for (let round = 0; round < ROUNDS; round += 1) {
      const proxy = await RedisProxy.start(server.port);
      const app = await RedisApp.on(proxy, false, { commandTimeout: '100ms' });
      await inUse(app.cache);
      const name = await keyOnServer(connection, ':late');
      proxy.freeze(['toServer']);
      await app.cache.set('late', 'late');
      expect(await connection.command('DEL', name)).toBe(1);
      proxy.refuse();
      proxy.thaw();
      await eventually('it has arrived', async () => (await othersOf(connection)) === 0);
      expect(await connection.command('EXISTS', name)).toBe(0);
      await app.close();
    }
  });

  /** Until writing takes one step, as it does from then on. */
  async function inUse(cache: CacheService): Promise<void> {
    for (const value of ['first', 'second', 'third']) {
      await eventually('it works', async () => {
        await cache.set('late', value);
        return (await cache.get('late')) === value;
      });
    }
  }

  async function othersOf(connection: RedisConnection): Promise<number> {
    return (
      String(await connection.command('CLIENT', 'LIST'))
        .trim()
        .split('\n').length - 1
    );
  }
});
