import { describe, expect, it } from 'vitest';
import { CacheBackendError } from '../../lib/index.js';
import { eventually } from '../support/redis/eventually.js';
import { RedisProxy } from '../support/redis/redis-proxy.js';
import { RedisServer } from '../support/redis/redis-server.js';
import { BOUND, RedisApp, TIMEOUT, afterwards, connectTo, slowest } from './redis-app.js';

/** Milliseconds of a boot that waits for nobody, with what it loads. */
const BOOT = 1_500;
/** Milliseconds in which a cache has found its server again. */
const SOON = 3_000;
const KEYS = Array.from({ length: 50 }, (_, i) => `k${i}`);

async function proxied(): Promise<{ server: RedisServer; proxy: RedisProxy }> {
  const server = await RedisServer.start();
  const proxy = await RedisProxy.start(server.port);
  afterwards(() => proxy.stop());
  return { server, proxy };
}

async function works({ cache }: RedisApp, key: string): Promise<boolean> {
  await cache.set(key, 'works');
  return (await cache.get(key)) === 'works';
}

/** Reads and loads, over and over, until it is stopped; nothing that is answered may belong to another key. */
class Load {
  readonly wrong: unknown[] = [];
  answered = 0;
  found = 0;
  #stopped = false;
  readonly #callers: Promise<void>[];

  constructor(
    private readonly app: RedisApp,
    callers = 20,
  ) {
    this.#callers = Array.from({ length: callers }, (_, i) => this.#call(i));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
  }

  async #call(first: number): Promise<void> {
    const { cache } = this.app;
    for (let i = first; !this.#stopped; i += 7) {
      const key = KEYS[i % KEYS.length]!;
      const value = i % 3 === 0 ? await cache.getOrSet(key, () => valueOf(key)) : await cache.get(key);
      this.answered += 1;
      if (value === valueOf(key)) this.found += 1;
      else if (value !== undefined) this.wrong.push({ key, value });
      if (i % 5 === 0) await cache.set(key, valueOf(key));
      if (i % 11 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

function valueOf(key: string): string {
  return `${key} `.repeat(1 + (key.length % 3) * 200);
}

describe('a server that is not there at boot', () => {
  it.each([
    ['redis', false],
    ['hybrid', true],
  ])('%s: the app works without, and with it when it comes, and says so once each', async (_, near) => {
    const server = await RedisServer.start();
    await server.kill();
    const began = performance.now();
    const app = await RedisApp.on(server, near);
    expect(performance.now() - began).toBeLessThan(BOOT);
    const { cache } = app;
    let loads = 0;
    const load = (): string => `loaded ${(loads += 1)}`;
    const calls = KEYS.map((key) => async () => expect(await cache.getOrSet(key, load)).toMatch(/^loaded/));
    expect(await slowest(calls)).toBeLessThan(BOUND);
    expect(loads).toBe(KEYS.length);
    await expect(cache.increment('counter')).rejects.toBeInstanceOf(CacheBackendError);
    await cache.delete('k0');
    expect(app.told).toEqual([
      expect.stringMatching(/^WARN .* backend fails, .*: the Redis server cannot be reached$/),
    ]);

    await server.restart();
    const back = performance.now();
    await eventually('it is there', () => works(app, 'k0'), SOON);
    expect(performance.now() - back).toBeLessThan(SOON);
    await eventually('it says so', () => app.changes.length === 2);
    expect(app.changes).toEqual(['outage', 'recovery']);
    expect(app.told).toHaveLength(2);
    expect((await cache.getStats()).pendingEvictions).toBe(0);
  });

  it('and nobody asks for: it is noticed when somebody does, and found all the same', async () => {
    const server = await RedisServer.start();
    await server.kill();
    const app = await RedisApp.on(server);
    await app.cache.get('k');
    await server.restart();
    await eventually('it says so', () => app.changes.length === 2, 5_000);
    expect(await works(app, 'k')).toBe(true);
  });
});

describe('a server that is killed under load', () => {
  it('and comes back empty: nothing is thrown, and nothing of before is served', async () => {
    const server = await RedisServer.start();
    const [app, near] = [await RedisApp.on(server), await RedisApp.on(server, true)];
    for (const { cache } of [app, near]) await cache.set('lost', 'before');
    expect(await near.cache.get('lost')).toBe('before');
    const loads = [new Load(app), new Load(near)];
    for (let round = 0; round < 3; round += 1) {
      await eventually('it is under load', () => loads.every(({ found }) => found > 200 * (round + 1)));
      await server.kill();
      expect(
        await slowest(
          [app, near].map(
            ({ cache }) =>
              () =>
                cache.get('lost'),
          ),
        ),
      ).toBeLessThan(BOUND);
      await Promise.all([app.cache.delete('lost'), near.cache.invalidateTags(['lost'])]);
      await server.restart();
      await eventually('both work', async () => (await works(app, 'w')) && works(near, 'w'), SOON);
      for (const { cache } of [app, near]) expect(await cache.get('lost')).toBeUndefined();
    }
    for (const load of loads) {
      await load.stop();
      expect(load.wrong).toEqual([]);
    }
  });
});

describe('a connection that is cut', () => {
  it('under load costs nobody an answer, and is replaced at once', async () => {
    const { proxy } = await proxied();
    const app = await RedisApp.on(proxy);
    const load = new Load(app);
    for (let cut = 0; cut < 10; cut += 1) {
      const before = load.found;
      await eventually('it is under load', () => load.found > before + 100);
      proxy.cut();
      expect(await slowest(KEYS.map((key) => () => app.cache.get(key)))).toBeLessThan(2 * BOUND);
    }
    await load.stop();
    expect(load.wrong).toEqual([]);
    await eventually('it is back', () => works(app, 'w'), SOON);
  });

  it('and cannot be replaced: calls are answered at once', async () => {
    const { proxy } = await proxied();
    const app = await RedisApp.on(proxy);
    await app.cache.set('k', 'v');
    proxy.refuse();
    proxy.cut();
    await app.cache.get('k');
    expect(await slowest(KEYS.map((key) => () => app.cache.getOrSet(key, () => 'loaded')))).toBeLessThan(TIMEOUT);
    await proxy.accept();
    await eventually('it is back', () => works(app, 'k'), SOON);
  });

  it('after the server did what it was asked for, and could not say so: nothing old is left', async () => {
    const { server, proxy } = await proxied();
    const app = await RedisApp.on(proxy);
    const other = await RedisApp.on(server);
    const { cache } = app;
    await cache.setMany({ set: 'old', deleted: 'old', touched: 'old', added: 1, kept: 'old' });
    await other.cache.getMany(['set', 'deleted', 'touched']);
    proxy.freeze(['toClient']);
    await Promise.all([
      cache.set('set', 'new'),
      cache.delete('deleted'),
      cache.touch('touched', 60),
      expect(cache.increment('added')).rejects.toBeInstanceOf(CacheBackendError),
    ]);
    proxy.cut();
    const before = await cache.getMany(['set', 'deleted', 'touched', 'added']);
    expect(before).toEqual(new Map());
    proxy.thaw();
    await eventually('it is back', () => app.changes.length === 2);
    for (const one of [cache, other.cache]) {
      expect(await one.getMany(['set', 'deleted', 'touched', 'added'])).toEqual(new Map());
      expect(await one.get('kept')).toBe('old');
    }
    expect(await cache.increment('added')).toBe(1);
  });
});

describe('a reply is given to the command that it answers, and to no other', () => {
  const GARBAGE = [
    '\0\0\0\0',
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    '\u0007\u0007\r\n',
    Buffer.from([0xff, 0xfe, 0x0d, 0x0a]),
    '@nothing\r\n',
    '$-5\r\n',
    '%%%\r\n',
    '+OK\r\n'.repeat(3),
  ];

  it.each([
    ['redis', false],
    ['hybrid', true],
  ])('%s, where the network cuts, freezes and adds at random', async (_, near) => {
    const { proxy } = await proxied();
    const app = await RedisApp.on(proxy, near, { commandTimeout: '100ms' });
    const load = new Load(app, 50);
    let seed = 1;
    for (let round = 0; round < 16; round += 1) {
      const before = load.found;
      await eventually('it is under load', () => load.found > before + 50);
      seed = (seed * 48_271) % 2_147_483_647;
      if (round % 4 === 0) proxy.cut();
      else if (round % 4 === 1) proxy.garbage(GARBAGE[seed % GARBAGE.length]!);
      else if (round % 4 === 2) {
        proxy.freeze(['toClient']);
        await new Promise((resolve) => setTimeout(resolve, 110));
        proxy.thaw();
      } else proxy.garbage(GARBAGE[(seed >> 3) % GARBAGE.length]!);
    }
    await load.stop();
    expect(load.wrong).toEqual([]);
    expect(load.found).toBeGreaterThan(500);
  });

  it('ends a session whose server answers what nobody asked for', async () => {
    const { server, proxy } = await proxied();
    const app = await RedisApp.on(proxy);
    const connection = await connectTo(server);
    expect(await works(app, 'k')).toBe(true);
    const before = await clientsOf(connection);
    proxy.garbage('@nothing\r\n');
    await eventually('it has another connection', async () => {
      const now = await clientsOf(connection);
      return now.length === 1 && now[0] !== before[0];
    });
    // The server knows of a connection a little earlier than the application.
    await eventually('it works again', () => works(app, 'k'));
  });

  async function clientsOf(connection: Awaited<ReturnType<typeof connectTo>>): Promise<string[]> {
    const own = String(await connection.command('CLIENT', 'ID'));
    const list = String(await connection.command('CLIENT', 'LIST'))
      .trim()
      .split('\n');
    return list.map((line) => /id=(\d+)/.exec(line)![1]!).filter((id) => id !== own);
  }
});
