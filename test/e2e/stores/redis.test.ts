import { createClient } from '@redis/client';
import { Redis } from 'ioredis';
import { Injectable } from '@nestjs/common';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  Cacheable,
  CacheBackendError,
  cacheConfigFromEnv,
  CacheEvict,
  CacheOptionsError,
  CachePut,
  CacheSerializationError,
  CacheTags,
} from '../../../lib/index.js';
import { RedisCluster } from '../../support/redis/redis-cluster.js';
import { RedisSentinels } from '../../support/redis/redis-sentinel.js';
import { RedisServer } from '../../support/redis/redis-server.js';
import { difference } from '../../unit/codec/same-graph.js';
import { eventually } from '../../support/redis/eventually.js';
import { contentsOf, freshPrefix, open, redisOptions, useRedis, type OpenedCache } from './redis-rig.js';

const KEY = 'ab'.repeat(32);
const BACKENDS = ['redis', 'hybrid'] as const;
const server = useRedis();

describe.each(BACKENDS)('%s: what one application stores', (backend) => {
  const cyclic: Record<string, unknown> = { list: [1, [2]], none: undefined };
  cyclic['self'] = cyclic;

  it.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['false', false],
    ['0', 0],
    ['-0', -0],
    ['NaN', NaN],
    ['-Infinity', -Infinity],
    ['nothing', ''],
    ['a text', 'sürprise \u{1f33a} \0'],
    ['a Date', new Date(5)],
    ['a Map', new Map<unknown, unknown>([[1, new Set(['x'])], ['1', new Map()]])], // prettier-ignore
    ['a BigInt', 2n ** 70n],
    ['a Buffer', Buffer.from([0, 255, 10, 13])],
    ['typed arrays', [new Float64Array([1.5, NaN]), new Uint16Array([1, 65_535]), new BigInt64Array([-1n])]],
    ['a cycle', cyclic],
    ['much', 'x'.repeat(100_000)],
  ])('comes back in another: %s', async (_, value) => {
    const options = redisOptions(backend, server().url, { prefix: freshPrefix() });
    const [one, two] = await Promise.all([open(options), open(options)]);
    await one.cache.set('k', value);
    for (const { cache } of [one, two, two]) {
      expect(difference(await cache.get('k'), value)).toBeUndefined();
      expect(await cache.exists('k')).toBe(true);
    }
    expect((await two.cache.getMany(['k', 'nobody'])).size).toBe(1);
  });

  it('is there after a restart, with its ttl and its tags', async () => {
    const options = redisOptions(backend, server().url, { prefix: freshPrefix() });
    const first = await open(options);
    await first.cache.set('a', 'value', { ttl: '1h', tags: ['t'] });
    await first.app.close();
    const { cache } = await open(options);
    expect(await cache.get('a')).toBe('value');
    expect(await cache.ttl('a')).toBeGreaterThan(3_590);
    await cache.invalidateTags('t');
    expect(await cache.exists('a')).toBe(false);
  });

  it('is refused where it cannot be kept; a decorated call returns it all the same', async () => {
    class Functions {
      @Cacheable()
      async find(): Promise<{ call: () => number }> {
        return { call: () => 1 };
      }
    }
    const { app, cache } = await open(redisOptions(backend, server().url, { prefix: freshPrefix() }), [Functions]);
    await cache.set('a', 'before');
    await expect(cache.set('a', { call: () => 1 })).rejects.toBeInstanceOf(CacheSerializationError);
    expect(await cache.get('a')).toBe('before');
    expect((await app.get(Functions).find()).call()).toBe(1);
  });

  it('is refused where it cannot be kept, also by a server that is not there', async () => {
    const { cache } = await open(redisOptions(backend, 'redis://127.0.0.1:1'));
    const call = (): number => 1;
    for (let round = 0; round < 3; round += 1) {
      for (const refused of [
        cache.set('a', { call }),
        cache.setMany({ a: 1, b: { call } }),
        cache.add('a', { call }),
        cache.getSet('a', { call }),
      ]) {
        await expect(refused).rejects.toBeInstanceOf(CacheSerializationError);
      }
      await cache.set('a', 1);
    }
  });

  it('is one counter for all', async () => {
    for (const encryptionKey of [undefined, KEY]) {
      const options = redisOptions(backend, server().url, { prefix: freshPrefix(), encryptionKey });
      const opened = await Promise.all([open(options), open(options)]);
      const turns = Array.from({ length: 50 }, (_, turn) => opened[turn % 2]!.cache.increment('n', 2));
      expect(new Set(await Promise.all(turns)).size).toBe(50);
      for (const { cache } of opened) expect(await cache.get('n')).toBe(100);
    }
  });
});

interface User {
  readonly id: number;
  readonly team: string;
  readonly version: number;
}

/** The rows of a database that two applications share. */
const rows = new Map<number, User>();
let queries = 0;

@Injectable()
class Users {
  @Cacheable()
  @CacheTags((id: number) => `user:${id}`)
  @CacheTags.fromResult((user: User) => [`team:${user.team}`])
  async find(id: number): Promise<User> {
    queries += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return rows.get(id)!;
  }

  @CachePut({ of: 'find', args: (user: User) => [user.id] })
  async save(user: User): Promise<User> {
    rows.set(user.id, user);
    return user;
  }

  @CacheEvict({ of: 'find', args: (user: User) => [user.id] })
  async change(user: User): Promise<void> {
    rows.set(user.id, user);
  }

  @CacheEvict({ tags: (team: string) => [`team:${team}`] })
  async changeTeam(team: string): Promise<void> {
    for (const user of rows.values()) {
      if (user.team === team) rows.set(user.id, { ...user, version: user.version + 1 });
    }
  }
}

describe.each(BACKENDS)('%s: decorators of two applications', (backend) => {
  async function openTwo(): Promise<readonly [Users, Users]> {
    queries = 0;
    rows.clear();
    for (const id of [1, 2, 3]) rows.set(id, { id, team: id < 3 ? 'red' : 'blue', version: 0 });
    const options = redisOptions(backend, server().url, { prefix: freshPrefix() });
    const [one, two] = await Promise.all([open(options, [Users]), open(options, [Users])]);
    return [one.app.get(Users), two.app.get(Users)];
  }

  /** Announced as soon as the server has changed it; not before that. */
  function seenBy(users: Users, user: User): Promise<void> {
    return eventually(`version ${user.version} is seen`, async () => {
      return (await users.find(user.id)).version === user.version;
    });
  }

  it('@Cacheable: one load for all who ask at once', async () => {
    const [one, two] = await openTwo();
    const asked = Array.from({ length: 100 }, (_, turn) => (turn % 2 === 0 ? one : two).find(1));
    expect(new Set((await Promise.all(asked)).map(({ version }) => version))).toEqual(new Set([0]));
    expect(queries).toBe(1);
  });

  it('@CacheEvict: what one has changed, the other loads again', async () => {
    const [one, two] = await openTwo();
    for (let version = 0; version < 5; version += 1) {
      const user = { id: 1, team: 'red', version };
      const [changer, reader] = version % 2 === 0 ? [one, two] : [two, one];
      await Promise.all([one.find(1), two.find(1)]);
      await changer.change(user);
      expect(await changer.find(1)).toEqual(user);
      await seenBy(reader, user);
    }
  });

  it('@CachePut: what one has put, the other has', async () => {
    const [one, two] = await openTwo();
    await Promise.all([one.find(1), two.find(1)]);
    const user = { id: 1, team: 'red', version: 9 };
    await one.save(user);
    expect(await one.find(1)).toEqual(user);
    await seenBy(two, user);
    expect(queries).toBe(1);
  });

  it('@CacheTags: what has the tag is forgotten by both, and nothing else', async () => {
    const [one, two] = await openTwo();
    for (const users of [one, two]) for (const id of [1, 2, 3]) await users.find(id);
    expect(queries).toBe(3);
    await one.changeTeam('red');
    for (const id of [1, 2]) await seenBy(two, rows.get(id)!);
    for (const users of [one, two]) expect(await users.find(3)).toMatchObject({ version: 0 });
    expect(await one.find(1)).toMatchObject({ version: 1 });
    expect(queries).toBe(5);
  });
});

describe.each(BACKENDS)('%s: caches of one server', (backend) => {
  it('do not meet where their prefixes or versions differ', async () => {
    const base = freshPrefix();
    const opened = await Promise.all(
      [{ prefix: base }, { prefix: base, version: 2 }, { prefix: `${base}:2` }].map((about) =>
        open(redisOptions(backend, server().url, about)),
      ),
    );
    for (const { cache } of opened) expect(await cache.add('k', 'v', { tags: ['t'] })).toBe(true);
    await opened[0]!.cache.clear();
    await opened[1]!.cache.invalidateTags('t');
    expect(await Promise.all(opened.map(({ cache }) => cache.exists('k')))).toEqual([false, false, true]);
  });

  it('clear() stays within its namespace, and leaves what others keep on the server', async () => {
    const { cache } = await open(redisOptions(backend, server().url, { prefix: freshPrefix() }));
    await server().command('SET', `session:${backend}`, 'kept');
    for (const name of ['users', 'usersAbc']) await cache.namespace(name).set('k', name);
    await cache.set('k', 'own');
    await cache.namespace('users').clear();
    expect(await cache.namespace('users').get('k')).toBeUndefined();
    expect(await cache.namespace('usersAbc').get('k')).toBe('usersAbc');
    await cache.clear();
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.namespace('usersAbc').get('k')).toBe('usersAbc');
    expect(await server().command('GET', `session:${backend}`)).toBe('kept');
  });

  it('name everything that they keep there in one way', async () => {
    const prefix = freshPrefix();
    const { cache } = await open(redisOptions(backend, server().url, { prefix, version: 3 }));
    await cache.set('k', 'v', { tags: ['t:1'], ttl: Infinity });
    await cache.namespace('a:b').getOrSet('k:2', () => 'v');
    await cache.invalidateTags('t:2');
    const base = `blossom:${prefix}:3:`;
    const kinds = ['e:-:k', 'e:a%3Ab:k:2', 'n:-', 'n:a%3Ab', 't:t:1', 'l', 'endless'];
    const names = async (): Promise<string[]> =>
      ((await server().command('KEYS', `*${prefix}*`)) as string[]).toSorted();
    await eventually('all of it is there', async () => (await names()).length === kinds.length);
    expect(await names()).toEqual(kinds.map((kind) => base + kind).toSorted());
  });
});

describe('with an encryption key', () => {
  it('the server has no plaintext of any value', async () => {
    const own = await RedisServer.start();
    onTestFinished(() => own.stop());
    for (const backend of BACKENDS) {
      for (const encryptionKey of [KEY, undefined]) {
        const { app, cache } = await open(redisOptions(backend, own.url, { encryptionKey, compression: false }));
        await cache.set('a', { text: 'the secret value' }, { tags: ['t'] });
        await cache.setMany({ b: 'the secret b', c: 'the secret c' });
        await cache.getOrSet('d', () => 'the secret d');
        await cache.getSet('e', 'the secret e');
        expect(await cache.increment('n', 1_234_567)).toBe(1_234_567);
        expect(await cache.increment('n', 1)).toBe(1_234_568);
        const { bytes, names } = await contentsOf(own);
        expect(names.filter((name) => name.includes(':e:'))).toHaveLength(6);
        const found = ['the secret', '1234568', 'blossom:-:-:e:-:a'].map((text) => bytes.includes(text));
        expect(found).toEqual([encryptionKey === undefined, encryptionKey === undefined, true]);
        expect(await cache.get('a')).toEqual({ text: 'the secret value' });
        await app.close();
        await own.restart();
      }
    }
  });

  it('entries are of nobody else: the wrong key is a miss and an event', async () => {
    const prefix = freshPrefix();
    const [one, two] = await Promise.all(
      [KEY, 'cd'.repeat(32)].map((encryptionKey) =>
        open(redisOptions('redis', server().url, { prefix, encryptionKey })),
      ),
    );
    await one!.cache.set('a', 'value');
    let refused = 0;
    two!.cache.events.on('unreadable', ({ security }) => (refused += security ? 1 : 0));
    expect([await two!.cache.get('a'), refused]).toEqual([undefined, 1]);
  });

  it.each(BACKENDS)('%s: plain entries are refused, unless that is allowed', async (backend) => {
    const prefix = freshPrefix();
    const at = (more: object): Promise<OpenedCache> => open(redisOptions(backend, server().url, { prefix, ...more }));
    const plain = await at({});
    await plain.cache.setMany({ text: 'plain', list: [1, new Date(5)], count: 1 });
    await plain.cache.increment('n', 2);
    await plain.cache.increment('planted', 100);
    const allowed = await at({ encryptionKey: KEY, allowPlaintext: true });
    expect(await allowed.cache.get('text')).toBe('plain');
    expect(await allowed.cache.get('list')).toEqual([1, new Date(5)]);
    expect([await allowed.cache.increment('count'), await allowed.cache.increment('n')]).toEqual([2, 3]);
    const { cache } = await at({ encryptionKey: KEY });
    const reasons: string[] = [];
    cache.events.on('unreadable', ({ reason, security }) => reasons.push(`${reason} ${security}`));
    expect(await cache.get('text')).toBeUndefined();
    expect(await cache.increment('planted')).toBe(1);
    expect(reasons).toEqual(['plaintext true', 'plaintext true']);
    expect([await cache.get('n'), await cache.get('planted')]).toEqual([3, 1]);
  });
});

describe('how the server is reached', () => {
  it('by a URL with a user and a password, which nothing repeats', async () => {
    const secret = 'correct horse@:/%';
    const own = await RedisServer.start({ username: 'cache@user', password: secret });
    onTestFinished(() => own.stop());
    for (const backend of BACKENDS) {
      const { app, cache, log } = await open(redisOptions(backend, own.url));
      await cache.set('a', 1);
      expect(await cache.get('a')).toBe(1);
      expect(log.at(-1)).toMatch(new RegExp(`redis \\(redis://127\\.0\\.0\\.1:${own.port}/0, ttl 3600 s\\)$`));
      expect(log.join()).not.toMatch(/correct|horse|cache@user|cache%40user/);
      await app.close();
    }
  });

  it('by host, port, database, user and password, over TLS', async () => {
    const own = await RedisServer.start({ tls: true, username: 'cache', password: 'correct horse' });
    onTestFinished(() => own.stop());
    const { host, port, username, password, ca } = own;
    for (const [ssl, trusted] of [
      [{ ca }, true],
      [true, false],
    ] as const) {
      const { app, cache, log } = await open({ backend: 'redis', host, port, username, password, database: 3, ssl });
      await cache.set('a', 1);
      expect(await cache.get('a')).toBe(trusted ? 1 : undefined);
      expect(log[0]).toBe(`cache 'default': redis (redis://127.0.0.1:${port}/3, tls, ttl 3600 s)`);
      expect(log).toHaveLength(trusted ? 1 : 2);
      await app.close();
    }
    expect(await own.command('DBSIZE')).toBe(0);
  });

  it('by what the environment says', async () => {
    const prefix = freshPrefix();
    const url = `${server().url}/2?prefix=${prefix}&ttl=5m&commandTimeout=2s`;
    for (const [text, start] of [
      [url, ''],
      [`hybrid:${url}&memory.maxSize=7&maxStaleness=2s`, 'memory (lru, at most 7 entries, ttl 300 s) over '],
    ] as const) {
      const options = cacheConfigFromEnv({ env: { BLOSSOM_CACHE_URL: text }, encryptionKey: KEY });
      const { app, cache, log } = await open(options);
      expect(log).toEqual([`cache 'default': ${start}redis (${server().url}/2, encrypted, ttl 300 s)`]);
      await cache.set('a', text);
      expect(await cache.get('a')).toBe(text);
      await app.close();
    }
  });

  it('by the application’s own client, which stays open', async () => {
    const prefix = freshPrefix();
    const node = createClient({ url: server().url });
    const io = new Redis(server().port, { keyPrefix: 'of the client:' });
    await node.connect();
    for (const [client, ping] of [
      [node, () => node.ping()],
      [io, () => io.ping()],
    ] as const) {
      for (const more of [
        { backend: 'redis', client },
        { backend: 'hybrid', redis: { client } },
      ] as const) {
        const { app, cache, log } = await open({ prefix, ...more });
        await cache.set('a', 1);
        expect(await cache.get('a')).toBe(1);
        expect(await cache.getOrSet('b', () => 2)).toBe(2);
        expect(log[0]).toMatch(/redis \(a client of the application, ttl 3600 s\)$/);
        await app.close();
      }
      expect(await ping()).toBe('PONG');
    }
    expect((await contentsOf(server())).names).toEqual(
      expect.arrayContaining([`blossom:${prefix}:-:e:-:a`, `of the client:blossom:${prefix}:-:e:-:a`]),
    );
    node.destroy();
    io.disconnect();
  });

  it('as a cluster, and as a master by its sentinels', async () => {
    const [cluster, sentinels] = await Promise.all([RedisCluster.start(), RedisSentinels.start()]);
    onTestFinished(() => Promise.all([cluster.stop(), sentinels.stop()]).then(() => {}));
    const at = ({ host, port }: { host: string; port: number }): string => `${host}:${port}`;
    const places = [
      { cluster: { nodes: cluster.nodes.slice(0, 2).map(at) } },
      { sentinel: { name: sentinels.name, sentinels: sentinels.sentinels.map(at) } },
    ];
    for (const place of places) {
      for (const more of [
        { backend: 'redis', ...place },
        { backend: 'hybrid', redis: place },
      ] as const) {
        const { app, cache, log } = await open(more);
        const values = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, n]));
        await cache.setMany(values, { tags: ['t', 'u'] });
        expect(Object.fromEntries(await cache.getMany(Object.keys(values)))).toEqual(values);
        await cache.invalidateTags('u');
        expect((await cache.getMany(Object.keys(values))).size).toBe(0);
        expect(await cache.getOrSet('k1', () => 'loaded', { tags: ['t'] })).toBe('loaded');
        expect(log).toHaveLength(1);
        expect(log[0]).toContain(
          'cluster' in place ? 'redis (cluster of 127.0.0.1:' : `redis (master '${sentinels.name}' by`,
        );
        await app.close();
      }
    }
  });
});

describe('when the server fails', () => {
  it('at boot: the application starts, and says so once', async () => {
    const gone = await RedisServer.start();
    await gone.stop();
    const { cache, log } = await open({ backend: 'redis', url: gone.url });
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('a', 1);
    expect(await cache.getOrSet('a', () => 2)).toBe(2);
    expect(log.filter((line) => line.startsWith('WARN'))).toHaveLength(1);
  });

  it.each(BACKENDS)('with onError: throw (%s), every operation throws', async (backend) => {
    class Plain {
      @Cacheable()
      async find(): Promise<number> {
        return 1;
      }
    }
    const own = await RedisServer.start();
    onTestFinished(() => own.stop());
    const { app, cache } = await open(redisOptions(backend, own.url, { onError: 'throw' }), [Plain]);
    await cache.set('a', 1);
    expect(await app.get(Plain).find()).toBe(1);
    await own.kill();
    const calls = [
      () => cache.get('nobody'),
      () => cache.getMany(['nobody']),
      () => cache.set('a', 2),
      () => cache.delete('a'),
      () => cache.invalidateTags('t'),
      () => cache.clear(),
      () => cache.increment('n'),
      () => cache.getOrSet('b', () => 1),
      () => app.get(Plain).find(),
    ];
    for (const call of calls) await expect(call(), String(call)).rejects.toBeInstanceOf(CacheBackendError);
  });
});

describe('getOrSetMany', () => {
  it('asks once for all that is missing, in the order asked for, whatever is known of namespace and tags', async () => {
    const { cache } = await open(redisOptions('redis', server().url, { prefix: freshPrefix() }));
    for (const [turn, tags] of [[], ['t'], ['t', 'u'], []].entries()) {
      const space = turn === 3 ? cache.namespace('new') : cache;
      const keys = ['d', 'b', 'a', 'c'].map((key) => `${key}${turn}`);
      const asked: (readonly string[])[] = [];
      const load = (missing: readonly string[]): Map<string, number> => {
        asked.push(missing);
        return new Map(missing.map((key) => [key, 1]));
      };
      expect((await space.getOrSetMany(keys, load, { tags })).size).toBe(4);
      expect(asked).toEqual([keys]);
    }
  });

  it('does not wait with its own keys for one that another process loads', async () => {
    const options = redisOptions('redis', server().url, { prefix: freshPrefix() });
    const [one, two] = await Promise.all([open(options), open(options)]);
    let finish!: (value: string) => void;
    const held = new Promise<string>((resolve) => (finish = resolve));
    let began!: () => void;
    const beginning = new Promise<void>((resolve) => (began = resolve));
    const single = one.cache.getOrSet('b', () => {
      began();
      return held;
    });
    await beginning;
    const asked: (readonly string[])[] = [];
    const many = two.cache.getOrSetMany(['a', 'b', 'c'], (missing) => {
      asked.push(missing);
      finish('of the other');
      return new Map(missing.map((key) => [key, 'own']));
    });
    expect([...(await many)]).toEqual([
      ['a', 'own'],
      ['b', 'of the other'],
      ['c', 'own'],
    ]);
    expect(asked).toEqual([['a', 'c']]);
    expect(await single).toBe('of the other');
  });
});

it('options that make no sense are one error each', async () => {
  const wrong: [RegExp, object][] = [
    [/url.*host|host.*url/, { url: 'redis://a', host: 'b' }],
    [/client/, { client: {} }],
    [/commandTimeout/, { commandTimeout: 500 }],
    [/maxStaleness/, { maxStaleness: '1s' }],
    [/cluster.*database|database.*cluster/, { cluster: { nodes: ['a'] }, database: 1 }],
    [/nodes/, { cluster: { nodes: [] } }],
    [/name/, { sentinel: { sentinels: ['a'] } }],
    [/maxValueMb/, { maxValueMb: 0 }],
  ];
  for (const [message, options] of wrong) {
    const error = await open({ backend: 'redis', ...options } as never).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error, String(message)).toBeInstanceOf(CacheOptionsError);
    expect(error!.message).toMatch(message);
  }
});
