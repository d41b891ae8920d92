import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Module, type DynamicModule } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Keyv } from 'keyv';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  CacheBackendError,
  CacheService,
  cacheToken,
  type BlossomCacheOptions,
} from '../../../lib/index.js';
import { FakeClock, inMemory, TestCaches } from '../../../lib/testing/index.js';
import { directory } from '../stores/stores-rig.js';
import { compiled, Users } from './testing-rig.js';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that nobody is to connect to. */
async function listener(): Promise<{ readonly port: number; connections: number }> {
  const heard = { port: 0, connections: 0 };
  const server = createServer((socket) => {
    heard.connections += 1;
    socket.destroy();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(heard, { port: (server.address() as AddressInfo).port });
}

function cacheOf(app: TestingModule, name?: string): CacheService {
  return app.get<CacheService>(cacheToken(name));
}

/** The root module of an application whose tests cannot change it. */
function appOf(...imports: DynamicModule[]): new () => object {
  class AppModule {}
  Module({ imports, providers: [Users] })(AppModule);
  return AppModule;
}

class Point {
  constructor(
    readonly x: number,
    readonly at = new Date(0),
  ) {}

  get left(): boolean {
    return this.x < 0;
  }
}

describe('inMemory', () => {
  it.each<[string, (port: number) => BlossomCacheOptions]>([
    ['redis', (port) => ({ backend: 'redis', url: `redis://127.0.0.1:${port}` })],
    ['hybrid', (port) => ({ backend: 'hybrid', memory: { maxSize: 5 }, redis: { host: '127.0.0.1', port } })],
    ['cluster', (port) => ({ backend: 'redis', cluster: { nodes: [`127.0.0.1:${port}`] } })],
  ])('connects to nothing: %s', async (_backend, optionsFor) => {
    const server = await listener();
    const builder = Test.createTestingModule({
      imports: [
        appOf(
          BlossomCacheModule.forRoot(optionsFor(server.port)),
          BlossomCacheModule.forRootAsync({ name: 'other', useFactory: async () => optionsFor(server.port) }),
        ),
      ],
    });
    const caches = inMemory(builder);
    const app = await compiled(builder);
    const users = app.get(Users);
    await users.findOne(1);
    await users.findOne(1);
    await cacheOf(app, 'other').set('k', 1);
    await caches.clock.pass(60_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect([users.asked, server.connections]).toEqual([1, 0]);
  });

  it('touches no directory, not even one that could not be used', async () => {
    const cacheDir = join(directory(), 'not', 'there');
    for (const options of [
      { backend: 'file', cacheDir },
      { backend: 'hybrid', memory: {}, file: { cacheDir } },
      { backend: 'file', cacheDir: '/proc/nobody/writes/here' },
    ] satisfies BlossomCacheOptions[]) {
      const builder = Test.createTestingModule({ imports: [appOf(BlossomCacheModule.forRoot(options))] });
      inMemory(builder);
      const cache = (await compiled(builder)).get(CacheService);
      await cache.set('k', 1);
      expect(await cache.get('k')).toBe(1);
      expect(existsSync(cacheDir)).toBe(false);
    }
  });

  it('asks nothing of a client or a store of the application', async () => {
    const asked: string[] = [];
    const watched = <T extends object>(target: T): T =>
      new Proxy(target, {
        get(of, name, receiver) {
          const value: unknown = Reflect.get(of, name, receiver);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => (asked.push(String(name)), Reflect.apply(value, of, args) as unknown);
        },
      });
    const client = watched({ sendCommand: () => Promise.resolve('OK') });
    const store = watched(new Keyv());
    const builder = Test.createTestingModule({
      imports: [
        appOf(
          BlossomCacheModule.forRoot({ backend: 'redis', client }),
          BlossomCacheModule.forRoot({ name: 'keyv', backend: 'keyv', store }),
        ),
      ],
    });
    inMemory(builder);
    const app = await compiled(builder);
    await app.get(CacheService).set('k', 1);
    await cacheOf(app, 'keyv').set('k', 1);
    expect(asked).toEqual([]);
  });

  it('keeps what else the options say: ttl, whose entry it is, how many memory holds', async () => {
    let tenant = 'a';
    const builder = Test.createTestingModule({
      imports: [
        appOf(
          BlossomCacheModule.forRoot({ backend: 'redis', ttl: '5s', varyBy: () => tenant }),
          BlossomCacheModule.forRoot({ name: 'small', maxSize: 2 }),
          BlossomCacheModule.forRoot({ name: 'off', enabled: false }),
        ),
      ],
    });
    const { clock } = inMemory(builder);
    const app = await compiled(builder);
    const [cache, small, off] = [cacheOf(app), cacheOf(app, 'small'), cacheOf(app, 'off')];
    await cache.set('k', 'of a');
    tenant = 'b';
    expect(await cache.get('k')).toBeUndefined();
    tenant = 'a';
    clock.advance(4_999);
    expect(await cache.get('k')).toBe('of a');
    clock.advance(1);
    expect(await cache.get('k')).toBeUndefined();
    await small.setMany({ a: 1, b: 2, c: 3 });
    expect((await small.getStats()).size).toBe(2);
    await off.set('k', 1);
    expect([off.enabled, await off.get('k')]).toEqual([false, undefined]);
  });

  it('holds more than the default of memory where the store would', async () => {
    const builder = Test.createTestingModule({ imports: [appOf(BlossomCacheModule.forRoot({ backend: 'redis' }))] });
    inMemory(builder);
    const cache = (await compiled(builder)).get(CacheService);
    await cache.setMany(Array.from({ length: 1_500 }, (_, i) => [`k${i}`, i] as const));
    expect((await cache.getStats()).size).toBe(1_500);
  });

  it('values come back as the store would give them back', async () => {
    const type = {
      name: 'point',
      match: (value: unknown) => value instanceof Point,
      encode: (value: unknown) => (value as Point).x,
      decode: (x: unknown) => new Point(x as number),
    };
    const builder = Test.createTestingModule({
      imports: [
        appOf(
          BlossomCacheModule.forRoot({ backend: 'redis' }),
          BlossomCacheModule.forRoot({ name: 'typed', backend: 'redis', types: [type] }),
          BlossomCacheModule.forRoot({ name: 'strict', backend: 'file', cacheDir: '/nowhere', strictTypes: true }),
          BlossomCacheModule.forRoot({ name: 'heap' }),
        ),
      ],
    });
    inMemory(builder);
    const app = await compiled(builder);
    const kept = async (name?: string): Promise<unknown> => {
      const cache = cacheOf(app, name);
      await cache.set('p', new Point(-1));
      return cache.get('p');
    };
    expect(await kept()).toEqual({ x: -1, at: new Date(0) });
    expect(await kept()).not.toBeInstanceOf(Point);
    expect(await kept('typed')).toEqual(new Point(-1));
    expect(await kept('typed')).toBeInstanceOf(Point);
    expect(await kept('heap')).toBeInstanceOf(Point);
    await expect(kept('strict')).rejects.toMatchObject({ code: 'CACHE_SERIALIZATION' });
    const cache = app.get(CacheService);
    const [given, value] = [{ list: [1] }, { text: 'x'.repeat(50), map: new Map([[1, 2n]]), bytes: Buffer.from('ab') }];
    await cache.set('a', given);
    given.list.push(2);
    expect(await cache.get('a')).toEqual({ list: [1] });
    await cache.set('b', value);
    await cache.set('c', 'another text in the same shared buffer');
    expect(await cache.get('b')).toEqual(value);
    expect([await cache.increment('n'), await cache.increment('n'), await cache.get('n')]).toEqual([1, 2, 2]);
    await expect(cache.increment('a')).rejects.toMatchObject({ code: 'CACHE_TYPE' });
  });

  it('options given by name take the place of the application’s, whose factory is not called', async () => {
    let made = 0;
    const builder = Test.createTestingModule({
      imports: [
        appOf(
          BlossomCacheModule.forRoot({ ttl: '1h' }),
          BlossomCacheModule.forRootAsync({
            name: 'sessions',
            useFactory: () => ((made += 1), {}),
          }),
        ),
      ],
    });
    inMemory(builder, { caches: { sessions: { ttl: '1m' }, default: { ttl: '2m' } } });
    const app = await compiled(builder);
    const ttl = async (name?: string): Promise<number | undefined> => {
      const cache = cacheOf(app, name);
      await cache.set('k', 1);
      return cache.ttl('k');
    };
    expect([await ttl(), await ttl('sessions'), made]).toEqual([120, 60, 0]);
  });

  it('names a cache that is not there', async () => {
    const builder = Test.createTestingModule({ imports: [appOf(BlossomCacheModule.forRoot())] });
    inMemory(builder, { caches: { session: {} } });
    await expect(compiled(builder)).rejects.toThrow("inMemory: caches names 'session'");
  });

  it('takes a clock, and fails as the application asked for', async () => {
    const clock = new FakeClock(5);
    const builder = Test.createTestingModule({
      imports: [
        appOf(
          BlossomCacheModule.forRoot({ backend: 'redis', onError: 'throw' }),
          BlossomCacheModule.forRoot({ name: 'kind', backend: 'redis' }),
        ),
      ],
    });
    const caches = inMemory(builder, { clock, mode: 'failing' });
    const app = await compiled(builder);
    expect(caches).toBeInstanceOf(TestCaches);
    expect(caches.clock).toBe(clock);
    await expect(app.get(CacheService).get('k')).rejects.toThrow(CacheBackendError);
    expect(await cacheOf(app, 'kind').get('k')).toBeUndefined();
  });

  it('leaves nothing running', async () => {
    const builder = Test.createTestingModule({ imports: [appOf(BlossomCacheModule.forRoot({ backend: 'redis' }))] });
    const caches = inMemory(builder);
    const app = await compiled(builder);
    await app.get(CacheService).set('k', 1);
    caches.mode = 'failing';
    await app.get(CacheService).set('k', 1);
    expect(caches.clock.pending).toBeGreaterThan(0);
    await app.close();
    expect(caches.clock.pending).toBe(0);
  });
});
