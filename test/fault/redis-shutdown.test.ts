import { Redis } from 'ioredis';
import { createClient } from '@redis/client';
import { createClient as createClient5 } from 'redis-client-5';
import { describe, expect, it } from 'vitest';
import { CacheBackendError } from '../../lib/index.js';
import { eventually } from '../support/redis/eventually.js';
import type { RedisConnection } from '../support/redis/redis-connection.js';
import { RedisServer } from '../support/redis/redis-server.js';
import { BOUND, RedisApp, TIMEOUT, afterwards, connectTo, slowest } from './redis-app.js';
import { LINGERING, RedisChild } from './redis-child.js';

/** Milliseconds in which an app whose server says nothing has closed. */
const CLOSING = 2_000;

/** The lines of `CLIENT LIST` but for the one that asks. */
async function clientsOf(connection: RedisConnection): Promise<string[]> {
  const own = String(await connection.command('CLIENT', 'ID'));
  const list = String(await connection.command('CLIENT', 'LIST'))
    .trim()
    .split('\n');
  return list.filter((line) => !line.startsWith(`id=${own} `));
}

describe('app.close()', () => {
  it.each([
    ['redis', false],
    ['hybrid', true],
  ])('%s: leaves no connection, and what is asked afterwards is refused at once', async (_, near) => {
    const server = await RedisServer.start();
    const connection = await connectTo(server);
    const app = await RedisApp.on(server, near);
    await app.cache.set('k', 'v');
    expect(await clientsOf(connection)).toHaveLength(1);
    await app.close();
    await eventually('it has gone', async () => (await clientsOf(connection)).length === 0, 500);
    const { cache } = app;
    const asked: (() => Promise<unknown>)[] = [
      () => cache.get('k'),
      () => cache.set('k', 'new'),
      () => cache.delete('k'),
      () => cache.invalidateTags(['t']),
      () => cache.getOrSet('l', () => 'loaded'),
      () => cache.increment('n'),
    ];
    const refused = asked.map((ask) => () => expect(ask()).rejects.toBeInstanceOf(CacheBackendError));
    expect(await slowest(refused)).toBeLessThan(TIMEOUT);
    expect(await clientsOf(connection)).toEqual([]);
  });

  it('with a frozen server and something to tell it: in time, and without a connection that is left', async () => {
    const server = await RedisServer.start();
    const connection = await connectTo(server);
    const app = await RedisApp.on(server);
    await app.cache.set('k', 'v');
    server.freeze();
    await app.cache.delete('k');
    // It is being tried to connect again.
    await new Promise((resolve) => setTimeout(resolve, 2 * TIMEOUT));
    expect(await slowest([() => app.close()])).toBeLessThan(CLOSING);
    server.thaw();
    await eventually('it has gone', async () => (await clientsOf(connection)).length === 0, 500);
  });

  it('at once after the boot', async () => {
    const server = await RedisServer.start();
    const connection = await connectTo(server);
    for (const near of [false, true]) await (await RedisApp.on(server, near)).close();
    await eventually('all have gone', async () => (await clientsOf(connection)).length === 0, 500);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await clientsOf(connection)).toEqual([]);
  });

  it('delivers what is pending, if the server can be told', async () => {
    const server = await RedisServer.start();
    const [app, other] = [await RedisApp.on(server), await RedisApp.on(server)];
    await app.cache.set('k', 'old');
    const connection = await connectTo(server);
    await connection.command('CONFIG', 'SET', 'maxmemory', '1mb');
    await app.cache.set('k', 'new');
    expect((await app.cache.getStats()).pendingEvictions).toBe(1);
    await app.close();
    expect(await other.cache.get('k')).toBeUndefined();
  });
});

// Several processes have to start.
describe('a process that has closed its app ends by itself', { timeout: 40_000 }, () => {
  const at = (server: RedisServer): object => ({ backend: 'redis', port: server.port, commandTimeout: `${TIMEOUT}ms` });

  it('with a server', async () => {
    const server = await RedisServer.start();
    const children = [at(server), { backend: 'hybrid', redis: { port: server.port } }].map(
      (options) => new RedisChild(options),
    );
    await Promise.all(children.map((child) => child.ready()));
    for (const exit of await Promise.all(children.map((child) => child.close()))) {
      expect(exit.code).toBe(0);
      expect(exit.lingering).toBeLessThan(LINGERING);
    }
  });

  it('whose server is down, or has never been there', async () => {
    const server = await RedisServer.start();
    const child = new RedisChild(at(server));
    await child.ready();
    await server.kill();
    const never = new RedisChild(at(server));
    await never.ready();
    for (const exit of await Promise.all([child.close(), never.close()])) {
      expect(exit).toMatchObject({ code: 0 });
      expect(exit.closing).toBeLessThan(CLOSING);
      expect(exit.lingering).toBeLessThan(LINGERING);
    }
  });

  it('whose server is frozen, or has never said anything', async () => {
    const server = await RedisServer.start();
    const child = new RedisChild(at(server));
    await child.ready();
    server.freeze();
    const never = new RedisChild(at(server));
    await never.ready();
    for (const exit of await Promise.all([child.close(), never.close()])) {
      expect(exit).toMatchObject({ code: 0 });
      expect(exit.closing).toBeLessThan(CLOSING);
      expect(exit.lingering).toBeLessThan(LINGERING);
    }
  });
});

describe("the application's own client", () => {
  /** What a client is to the test, whichever library it is of. */
  interface Own {
    readonly client: object;
    ask(...command: string[]): Promise<unknown>;
  }

  const KINDS: [string, (port: number) => Promise<Own>][] = [
    [
      'of node-redis 6',
      async (port) => {
        const client = createClient({ url: `redis://127.0.0.1:${port}`, name: 'own' });
        client.on('error', () => {});
        await client.connect();
        afterwards(() => client.isOpen && client.destroy());
        return { client, ask: (...command) => client.sendCommand(command) };
      },
    ],
    [
      'of node-redis 5',
      async (port) => {
        const client = createClient5({ url: `redis://127.0.0.1:${port}`, name: 'own' });
        client.on('error', () => {});
        await client.connect();
        afterwards(() => client.isOpen && client.destroy());
        return { client, ask: (...command) => client.sendCommand(command) };
      },
    ],
    [
      'of ioredis',
      async (port) => {
        const client = new Redis({ port, host: '127.0.0.1', connectionName: 'own' });
        client.on('error', () => {});
        afterwards(() => client.disconnect());
        await client.ping();
        return { client, ask: (name, ...about) => client.call(name!, ...about) };
      },
    ],
  ];

  describe.each(KINDS)('%s', (_, connect) => {
    it.each(['redis', 'hybrid'] as const)('is not used and not closed: %s', async (backend) => {
      const server = await RedisServer.start();
      const connection = await connectTo(server);
      const own = await connect(server.port);
      const id = String(await own.ask('CLIENT', 'ID'));
      const redis = { client: own.client as { sendCommand(): unknown }, commandTimeout: `${TIMEOUT}ms` } as const;
      const app = await RedisApp.boot(backend === 'redis' ? { backend, ...redis } : { backend, redis });
      await app.cache.set('k', 'v', { tags: ['t'] });
      expect(await app.cache.get('k')).toBe('v');
      await app.cache.invalidateTags(['t']);
      expect(await app.cache.getOrSet('k', () => 'new')).toBe('new');
      expect(await app.cache.increment('n')).toBe(1);
      const line = (await clientsOf(connection)).find((one) => one.startsWith(`id=${id} `));
      expect(line).toMatch(/ cmd=client\|id /);
      await app.close();
      expect(String(await own.ask('CLIENT', 'ID'))).toBe(id);
      await eventually('ours have gone', async () => (await clientsOf(connection)).length === 1, 500);
    });

    it('whose server is frozen: calls end in time, and it recovers', async () => {
      const server = await RedisServer.start();
      const own = await connect(server.port);
      const app = await RedisApp.boot({
        backend: 'redis',
        client: own.client as { sendCommand(): unknown },
        commandTimeout: `${TIMEOUT}ms`,
      });
      await app.cache.set('k', 'old');
      server.freeze();
      expect(await slowest([() => app.cache.get('k'), () => app.cache.delete('k')])).toBeLessThan(BOUND);
      server.thaw();
      await eventually('it is back', () => app.changes.length === 2, 5_000);
      expect(await app.cache.get('k')).toBeUndefined();
      await app.cache.set('k', 'new');
      expect(await app.cache.get('k')).toBe('new');
    });
  });
});
