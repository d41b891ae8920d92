import { describe, expect, it } from 'vitest';
import { CacheBackendError } from '../../lib/index.js';
import { eventually } from '../support/redis/eventually.js';
import { RedisServer } from '../support/redis/redis-server.js';
import { BOUND, RedisApp, connectTo, keyOnServer, slowest } from './redis-app.js';

/** Milliseconds in which a cache has found out that its server does what it is asked for again. */
const SOON = 5_000;

async function works({ cache }: RedisApp, key = 'works'): Promise<boolean> {
  await cache.set(key, 'v');
  return (await cache.get(key)) === 'v';
}

function recovered(app: RedisApp): Promise<void> {
  return eventually('it is back', async () => (await works(app)) && app.changes.at(-1) === 'recovery', SOON);
}

describe('a server that has become a replica (READONLY)', () => {
  it('is a backend that fails to write, until it is a master again', async () => {
    const [server, other] = await Promise.all([RedisServer.start(), RedisServer.start()]);
    const app = await RedisApp.on(server);
    await app.cache.set('deleted', 'old');
    await server.command('REPLICAOF', other.host, other.port);
    await app.cache.set('k', 'dropped');
    await app.cache.delete('deleted');
    await expect(app.cache.increment('counter')).rejects.toBeInstanceOf(CacheBackendError);
    expect(await app.cache.getOrSet('loaded', () => 'loaded')).toBe('loaded');
    expect(app.told).toEqual([expect.stringMatching(/the Redis server refuses: READONLY, it is a replica$/)]);
    await server.command('REPLICAOF', 'NO', 'ONE');
    await recovered(app);
    expect(await app.cache.get('deleted')).toBeUndefined();
    expect(app.changes).toEqual(['outage', 'recovery']);
  });
});

describe('a server that is still reading its data (LOADING)', () => {
  it('is a backend that fails, until it has read them', async () => {
    const delays = ['key-load-delay 300', 'loading-process-events-interval-bytes 1024', 'rdbcompression no'];
    const server = await RedisServer.start({ settings: delays, args: ['--enable-debug-command', 'yes'] });
    const app = await RedisApp.on(server);
    await app.cache.set('kept', 'old');
    await server.command('DEBUG', 'POPULATE', '5000');
    await server.command('SAVE');
    await server.kill();
    expect(await app.cache.get('kept')).toBeUndefined();
    const restarted = server.restart();
    await eventually('it says so', async () => {
      const refused = await app.cache.increment('counter').then(
        () => '',
        (error: Error) => error.message,
      );
      return refused.includes('LOADING');
    });
    expect(await slowest([() => app.cache.get('kept'), () => app.cache.delete('deleted')])).toBeLessThan(BOUND);
    await restarted;
    await recovered(app);
    expect(await app.cache.get('kept')).toBe('old');
    expect(app.changes).toEqual(['outage', 'recovery']);
  });
});

describe('a server without room (OOM)', () => {
  it('is read and evicted from, and stores nothing until there is room', async () => {
    const server = await RedisServer.start({ args: ['--maxmemory-policy', 'noeviction'] });
    const [app, other] = [await RedisApp.on(server), await RedisApp.on(server)];
    await app.cache.set('kept', 'old');
    await app.cache.set('deleted', 'old');
    await app.cache.set('tagged', 'old', { tags: ['t'] });
    await app.cache.namespace('cleared').set('k', 'old');
    await server.command('CONFIG', 'SET', 'maxmemory', '1mb');
    await app.cache.set('k', 'dropped');
    expect(app.told).toEqual([expect.stringMatching(/the Redis server refuses: OOM, it has no memory left$/)]);
    expect(await app.cache.get('kept')).toBe('old');
    expect(await app.cache.delete('deleted')).toBe(true);
    await app.cache.invalidateTags(['t']);
    await app.cache.namespace('cleared').clear();
    expect(await app.cache.getOrSet('loaded', () => 'loaded')).toBe('loaded');
    for (const { cache } of [app, other]) {
      expect(await cache.getMany(['k', 'deleted', 'tagged', 'loaded'])).toEqual(new Map());
      expect(await cache.namespace('cleared').get('k')).toBeUndefined();
      expect(await cache.get('kept')).toBe('old');
    }
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await recovered(app);
    expect((await app.cache.getStats()).pendingEvictions).toBe(0);
    expect(app.changes).toEqual(['outage', 'recovery']);
  });
});

describe('a server whose scripts are flushed (NOSCRIPT)', () => {
  it('is told them again, by those who need them', async () => {
    const server = await RedisServer.start();
    const app = await RedisApp.on(server);
    const connection = await connectTo(server);
    for (let round = 0; round < 20; round += 1) {
      await connection.command('SCRIPT', 'FLUSH', round % 2 === 0 ? 'SYNC' : 'ASYNC');
      const calls = Array.from({ length: 10 }, async (_, i) => {
        await app.cache.set(`k${i}`, round);
        expect(await app.cache.get(`k${i}`)).toBe(round);
        expect(await app.cache.getOrSet(`loaded ${round} ${i}`, () => i)).toBe(i);
        return app.cache.increment('counter');
      });
      await Promise.all(calls);
    }
    expect(await app.cache.increment('counter', 0)).toBe(200);
    expect(app.changes).toEqual([]);
    expect((await app.cache.getStats()).errors).toBe(0);
  });
});

describe('another type under a key of the cache (WRONGTYPE)', () => {
  it.each([
    ['an entry', ':k'],
    ['the stamp of a tag', ':t'],
    ['the stamp of the namespace', 'n:-'],
    ['the list of invalidations', ':l'],
  ])('%s: a miss that heals with the next load, and no outage', async (_, end) => {
    const server = await RedisServer.start();
    const app = await RedisApp.on(server);
    const other = await RedisApp.on(server, true);
    const connection = await connectTo(server);
    await app.cache.getOrSet('k', () => 'old', { tags: ['t'] });
    await app.cache.invalidateTags(['unknown']);
    expect(await other.cache.get('k')).toBe('old');
    const name = await keyOnServer(connection, end);
    await connection.command('DEL', name);
    await connection.command(end === ':l' ? 'SET' : 'LPUSH', name, 'something else');
    const whatIsThere = end === ':l' ? 'old' : 'new';
    expect(await app.cache.getOrSet('k', () => 'new', { tags: ['t'] })).toBe(whatIsThere);
    for (const { cache } of [app, other]) {
      await cache.set('k2', 'v', { tags: ['t'] });
      expect(await cache.get('k2')).toBe('v');
      await cache.invalidateTags(['t']);
      expect(await cache.get('k2')).toBeUndefined();
      expect(await cache.getOrSet('k', () => 'new', { tags: ['t'] })).toBe('new');
    }
    expect(await app.cache.get('k')).toBe('new');
    expect([...app.changes, ...other.changes]).toEqual([]);
  });

  it.each([
    ['delete', async (cache: RedisApp['cache']) => expect(await cache.delete('k')).toBe(false)],
    ['increment', async (cache: RedisApp['cache']) => expect(await cache.increment('k')).toBe(1)],
    ['add', async (cache: RedisApp['cache']) => expect(await cache.add('k', 'v')).toBe(true)],
    ['take', async (cache: RedisApp['cache']) => expect(await cache.take('k')).toBeUndefined()],
    ['touch', async (cache: RedisApp['cache']) => expect(await cache.touch('k', 60)).toBe(false)],
    ['getSet', async (cache: RedisApp['cache']) => expect(await cache.getSet('k', 'v')).toBeUndefined()],
    ['getMany', async (cache: RedisApp['cache']) => expect(await cache.getMany(['k', 'l'])).toEqual(new Map())],
    ['exists', async (cache: RedisApp['cache']) => expect(await cache.exists('k')).toBe(false)],
    ['ttl', async (cache: RedisApp['cache']) => expect(await cache.ttl('k')).toBeUndefined()],
  ])('%s takes it for nothing', async (_, ask) => {
    const server = await RedisServer.start();
    const app = await RedisApp.on(server);
    const connection = await connectTo(server);
    await app.cache.set('k', 'old');
    const name = await keyOnServer(connection, ':k');
    await connection.command('DEL', name);
    await connection.command('LPUSH', name, 'something else');
    await ask(app.cache);
    await app.cache.set('k', 'new');
    expect(await app.cache.get('k')).toBe('new');
    expect(app.changes).toEqual([]);
  });
});

describe('users', () => {
  const SECRET = 'hunter2 is no password';

  it.each([
    ['with the wrong password', { username: 'cache', password: SECRET }, /WRONGPASS, username or password are wrong$/],
    ['of whom the server knows nothing', { username: 'stranger', password: SECRET }, /WRONGPASS/],
    ['without rights', { username: 'idle', password: SECRET }, /NOPERM, the user may not do that$/],
    ['nobody', {}, /NOAUTH, it asks for a password$/],
  ])('%s at boot: an outage, told without any secret, and over when the server lets them in', async (_, login, why) => {
    const server = await RedisServer.start({ password: 'admin' });
    await server.command('ACL', 'SETUSER', 'cache', 'on', '>another', '~*', '&*', '+@all');
    await server.command('ACL', 'SETUSER', 'idle', 'on', `>${SECRET}`, '~*', '&*', '+hello', '+auth');
    const app = await RedisApp.on(server, true, login);
    expect(await slowest([() => app.cache.get('k'), () => app.cache.set('k', 'v')])).toBeLessThan(BOUND);
    expect(await app.cache.getOrSet('k', () => 'loaded')).toBe('loaded');
    expect(app.told).toEqual([expect.stringMatching(why)]);
    expect(app.log.join('\n')).not.toMatch(/hunter2|stranger|another|idle/);
    const name = 'username' in login ? login.username : 'default';
    const password = 'password' in login ? [`>${login.password}`] : ['nopass'];
    await server.command('ACL', 'SETUSER', name, 'on', 'resetpass', ...password, '~*', '&*', '+@all');
    await recovered(app);
    expect(app.told).toHaveLength(2);
  });

  it('who may not be told of changes: everything works, and memory is good for a short time alone', async () => {
    const server = await RedisServer.start({ password: 'admin' });
    await server.command('ACL', 'SETUSER', 'cache', 'on', `>${SECRET}`, '~*', '&*', '+@all', '-client|tracking');
    const app = await RedisApp.on(server, true, { username: 'cache', password: SECRET });
    const other = await RedisApp.on(server, false, { username: 'cache', password: SECRET });
    for (const { cache } of [app, other]) {
      await cache.set('k', 'old', { tags: ['t'] });
      expect(await cache.get('k')).toBe('old');
      await cache.invalidateTags(['t']);
      expect(await cache.get('k')).toBeUndefined();
      expect(await cache.getOrSet('loaded', () => 'v')).toBe('v');
      expect(await cache.increment('counter')).toBeGreaterThan(0);
    }
    expect([...app.changes, ...other.changes]).toEqual([]);
    expect(app.log.filter((line) => line.startsWith('WARN'))).toEqual([
      expect.stringMatching(/Redis does not announce changes \(the server answers NOPERM\)/),
    ]);
    expect(other.log.filter((line) => line.startsWith('WARN'))).toEqual([]);
  });

  it('who may touch the keys of the cache alone', async () => {
    const server = await RedisServer.start({ password: 'admin' });
    await server.command('ACL', 'SETUSER', 'cache', 'on', `>${SECRET}`, '~blossom:*', '+@all', '-@dangerous');
    for (const near of [false, true]) {
      const app = await RedisApp.on(server, near, { username: 'cache', password: SECRET });
      await app.cache.set('k', 'old', { tags: ['t'] });
      expect(await app.cache.get('k')).toBe('old');
      expect(await app.cache.getOrSet('k', () => 'new')).toBe('old');
      await app.cache.invalidateTags(['t']);
      expect(await app.cache.getOrSet('k', () => 'new')).toBe('new');
      expect(await app.cache.increment(`counter ${near}`)).toBe(1);
      await app.cache.clear();
      expect(await app.cache.get('k')).toBeUndefined();
      expect(app.changes).toEqual([]);
      expect(app.log.filter((line) => line.startsWith('WARN'))).toEqual([]);
    }
  });
});

describe('a server that takes no more clients', () => {
  it('at boot: an outage until there is room, and then as tracked as ever', async () => {
    const server = await RedisServer.start();
    const watcher = await connectTo(server);
    await watcher.command('CONFIG', 'SET', 'maxclients', '1');
    const app = await RedisApp.on(server, true);
    expect(await app.cache.getOrSet('k', () => 'loaded')).toBe('loaded');
    expect(app.changes).toEqual(['outage']);
    await watcher.command('CONFIG', 'SET', 'maxclients', '100');
    await recovered(app);
    expect(app.log.filter((line) => line.includes('does not announce'))).toEqual([]);
  });

  it('later: those who are connected stay so', async () => {
    const server = await RedisServer.start();
    const app = await RedisApp.on(server, true);
    expect(await works(app)).toBe(true);
    const watcher = await connectTo(server);
    await watcher.command('CONFIG', 'SET', 'maxclients', '2');
    expect(await works(app, 'again')).toBe(true);
    expect(app.changes).toEqual([]);
  });
});
