import { Redis } from 'ioredis';
import { createClient, createCluster, createSentinel } from '@redis/client';
import { describe, expect, it } from 'vitest';
import { describeOptions } from '../../../lib/options/describe-options.js';
import { errorOf, place, redis, resolve, SECRET } from './options-rig.js';

const MB = 1_048_576;
const nobody = { username: undefined, password: undefined };
const single = { kind: 'single', address: { host: 'localhost', port: 6379 }, login: nobody, tls: undefined, database: 0 }; // prettier-ignore
const server = (host: string, port: number): object => ({ ...single, address: { host, port } });
const ca = 'certificate';

describe('backend redis', () => {
  it('has defaults', () => {
    expect(resolve({ backend: 'redis' }).tiers).toEqual({
      redis: {
        onError: 'absorb',
        codec: expect.objectContaining({ keys: [], maxBytes: 8 * MB }),
        store: {
          place: single,
          prefix: '',
          version: '',
          commandTimeout: 500,
          maxBytes: 8 * MB,
          near: false,
          maxStaleness: 1_000,
        },
      },
    });
  });

  it('keeps what it is given', () => {
    const given = {
      host: 'cache', port: 7000, database: 3, username: 'ann', password: SECRET, ssl: { ca }, commandTimeout: '2s',
      maxValueMb: 0.5, prefix: 'app', version: 7, onError: 'throw', encryptionKey: 'k'.repeat(32),
    }; // prettier-ignore
    const { redis } = resolve({ backend: 'redis', ...given }).tiers;
    expect(redis!.store).toEqual({
      place: { kind: 'single', address: { host: 'cache', port: 7000 }, login: { username: 'ann', password: SECRET }, tls: { ca }, database: 3 }, // prettier-ignore
      prefix: 'app',
      version: '7',
      commandTimeout: 2_000,
      maxBytes: MB / 2,
      near: false,
      maxStaleness: 1_000,
    });
    expect(redis).toMatchObject({ onError: 'throw', codec: { maxBytes: MB / 2 } });
    expect(redis!.codec.keys).toHaveLength(1);
  });

  it('an option that is undefined is one that is not given', () => {
    const names = [
      'host', 'port', 'database', 'username', 'password', 'ssl', 'url', 'cluster', 'sentinel', 'client', 'commandTimeout',
      'maxValueMb',
    ]; // prettier-ignore
    expect(redis(Object.fromEntries(names.map((name) => [name, undefined])))).toEqual(redis({}));
  });

  it('is not reached by later changes of what it was given', () => {
    const nodes = [{ host: 'a', port: 1 }];
    const ssl = { ca };
    const made = place({ cluster: { nodes }, ssl });
    nodes.pop();
    ssl.ca = 'other';
    expect(made).toMatchObject({ nodes: [{ host: 'a', port: 1 }], tls: { ca } });
    expect(Object.isFrozen(made)).toBe(true);
  });
});

describe('where the server is', () => {
  it.each<[string, object, object]>([
    ['a host', { host: 'cache' }, server('cache', 6379)],
    ['a port', { port: 7000 }, server('localhost', 7000)],
    ['an address of IPv6', { host: '::1' }, server('::1', 6379)],
    ['the same in brackets', { host: '[::1]', port: 7 }, server('::1', 7)],
    ['ssl', { ssl: true }, { ...single, tls: {} }],
    ['no ssl', { ssl: false }, single],
    ['a URL', { url: 'redis://cache' }, server('cache', 6379)],
    ['its scheme in capitals', { url: 'REDIS://cache' }, server('cache', 6379)],
    ['its port', { url: 'redis://cache:7000/' }, server('cache', 7000)],
    ['its database', { url: 'redis://cache/15' }, { ...server('cache', 6379), database: 15 }],
    ['its IPv6', { url: 'redis://[::1]:7/0' }, server('::1', 7)],
    ['its encryption', { url: 'rediss://cache' }, { ...server('cache', 6379), tls: {} }],
    ['its user', { url: 'redis://ann@cache' }, { ...server('cache', 6379), login: { username: 'ann' } }],
    ['its password', { url: `redis://:${SECRET}@cache` }, { ...server('cache', 6379), login: { password: SECRET } }],
    ['no password', { url: 'redis://:@cache' }, server('cache', 6379)],
    [
      'user and password, percent-encoded',
      { url: `redis://a%40nn:${SECRET}%2F%3A%25%23@cache:1/2` },
      { ...server('cache', 1), login: { username: 'a@nn', password: `${SECRET}/:%#` }, database: 2 },
    ],
    ['a socket', { url: 'unix:///run/my%20redis.sock' }, { ...single, address: { path: '/run/my redis.sock' } }],
    [
      'a socket, its database, and who it is',
      { url: 'redis+unix:///run/redis.sock?db=2', password: SECRET },
      { ...single, address: { path: '/run/redis.sock' }, database: 2, login: { password: SECRET } },
    ],
    [
      'options beside a URL that does not say the same',
      { url: 'rediss://cache', username: 'ann', password: SECRET, database: 4, ssl: { ca } },
      { ...server('cache', 6379), login: { username: 'ann', password: SECRET }, database: 4, tls: { ca } },
    ],
    [
      'options that say what a URL says',
      { url: `rediss://ann:${SECRET}@cache/4`, username: 'ann', password: SECRET, database: 4, ssl: true },
      { ...server('cache', 6379), login: { username: 'ann', password: SECRET }, database: 4, tls: {} },
    ],
  ])('%s', (_, options, expected) => {
    const made = place(options);
    expect(made).toEqual(expected);
    expect(Object.isFrozen((made as { address: object }).address)).toBe(true);
  });

  const cluster = { kind: 'cluster', nodes: [{ host: 'a', port: 6379 }], login: nobody, tls: undefined, natMap: undefined }; // prettier-ignore
  const twoNodes = [{ host: 'a', port: 6379 }, { host: 'b', port: 7001 }]; // prettier-ignore

  it.each<[string, object, object]>([
    ['one node', { cluster: { nodes: ['a'] } }, cluster],
    ['database 0', { cluster: { nodes: ['a'] }, database: 0 }, cluster],
    ['addresses', { cluster: { nodes: ['a:6379', 'b:7001'] } }, { ...cluster, nodes: twoNodes }],
    ['objects', { cluster: { nodes: [{ host: 'a' }, { host: 'b', port: 7001 }] } }, { ...cluster, nodes: twoNodes }],
    ['URLs', { cluster: { nodes: ['redis://a', { url: 'redis://b:7001' }] } }, { ...cluster, nodes: twoNodes }],
    ['IPv6', { cluster: { nodes: ['::1', '[::1]:7'] } }, { ...cluster, nodes: [{ host: '::1', port: 6379 }, { host: '::1', port: 7 }] }], // prettier-ignore
    [
      'who it is, said beside it',
      { cluster: { nodes: ['a'] }, username: 'ann', password: SECRET, ssl: { ca } },
      { ...cluster, login: { username: 'ann', password: SECRET }, tls: { ca } },
    ],
    [
      'who it is, said by its nodes',
      { cluster: { nodes: [`rediss://ann:${SECRET}@a`, `rediss://ann:${SECRET}@b:7001/0`] } },
      { ...cluster, nodes: twoNodes, login: { username: 'ann', password: SECRET }, tls: {} },
    ],
    [
      'the words of node-redis',
      {
        cluster: {
          rootNodes: [{ url: 'rediss://a' }, { socket: { host: 'b', port: 7001, tls: true } }],
          defaults: { username: 'ann', password: SECRET, socket: { tls: true, ca, rejectUnauthorized: false } },
          nodeAddressMap: { '10.0.0.1:6379': { host: 'a', port: 1 } },
        },
      },
      {
        ...cluster,
        nodes: twoNodes,
        login: { username: 'ann', password: SECRET },
        tls: { ca, rejectUnauthorized: false },
        natMap: { '10.0.0.1:6379': { host: 'a', port: 1 } },
      },
    ],
    ['the words of ioredis', { cluster: { nodes: ['a'], natMap: {} } }, { ...cluster, natMap: {} }],
  ])('a cluster: %s', (_, options, expected) => {
    expect(place(options)).toEqual(expected);
  });

  const sentinel = {
    kind: 'sentinel', name: 'main', sentinels: [{ host: 'a', port: 26379 }], sentinelLogin: nobody, sentinelTls: undefined,
    login: nobody, tls: undefined, database: 0,
  }; // prettier-ignore
  const login = { username: 'ann', password: SECRET };

  it.each<[string, object, object]>([
    ['one', { sentinel: { name: 'main', sentinels: ['a'] } }, sentinel],
    [
      'what is said beside it is about the master',
      { sentinel: { name: 'main', sentinels: ['a'] }, ...login, ssl: true, database: 2 },
      { ...sentinel, login, tls: {}, database: 2 },
    ],
    [
      'the words of ioredis',
      {
        sentinel: {
          name: 'main',
          sentinels: [{ host: 'a', port: 26379 }],
          sentinelUsername: 'ann',
          sentinelPassword: SECRET,
          sentinelSsl: { ca },
        },
      },
      { ...sentinel, sentinelLogin: login, sentinelTls: { ca } },
    ],
    [
      'the words of node-redis',
      {
        sentinel: {
          name: 'main',
          sentinelRootNodes: [{ host: 'a', port: 26379 }],
          nodeClientOptions: { ...login, database: 3, socket: { tls: true } },
          sentinelClientOptions: { password: SECRET, socket: { tls: false } },
        },
      },
      { ...sentinel, login, tls: {}, database: 3, sentinelLogin: { password: SECRET } },
    ],
    [
      'URLs are about the sentinels',
      { sentinel: { name: 'main', sentinels: [`rediss://ann:${SECRET}@a`] } },
      { ...sentinel, sentinelLogin: login, sentinelTls: {} },
    ],
  ])('sentinels: %s', (_, options, expected) => {
    expect(place(options)).toEqual(expected);
  });

  it('a client of the application, of every kind there is', () => {
    const quiet = new Redis({ lazyConnect: true });
    const rootNodes = [{ url: 'redis://a' }];
    const sentinelRootNodes = [{ host: 'a', port: 1 }];
    for (const client of [
      createClient(),
      createCluster({ rootNodes }),
      createSentinel({ name: 'main', sentinelRootNodes }),
      quiet,
    ]) {
      expect(place({ client })).toEqual({ kind: 'client', client });
      expect((place({ client }) as { client: object }).client).toBe(client);
    }
  });
});

describe('a hybrid over redis', () => {
  it('is told what it needs to know', () => {
    const options = { backend: 'hybrid', memory: { maxSize: 5 }, redis: { url: 'redis://cache' }, prefix: 'app' };
    const { memory, redis } = resolve(options).tiers;
    expect(memory).toMatchObject({ maxSize: 5 });
    expect(redis!.store).toMatchObject({ near: true, maxStaleness: 1_000, commandTimeout: 500, prefix: 'app' });
    expect(redis!.store.place).toEqual(server('cache', 6379));
  });

  it.each<[object, object, object]>([
    [{ commandTimeout: '2s' }, {}, { commandTimeout: 2_000 }],
    [{}, { commandTimeout: '2s' }, { commandTimeout: 2_000 }],
    [{ maxStaleness: '250ms' }, {}, { maxStaleness: 250 }],
    [{ maxStaleness: 2 }, {}, { maxStaleness: 2_000 }],
    [{}, { maxValueMb: 1 }, { maxBytes: MB }],
  ])('%j and in redis %j', (options, redis, expected) => {
    expect(resolve({ backend: 'hybrid', redis, ...options }).tiers.redis!.store).toMatchObject(expected);
  });
});

const STORES = {
  keyv: new Map(),
  'cache-manager': {
    get: () => {},
    set: () => {},
    del: () => {},
    reset: () => {},
    mget: () => {},
    mset: () => {},
    mdel: () => {},
    keys: () => {},
    ttl: () => {},
  },
};

describe('keyv and cache-manager', () => {
  it.each(Object.entries(STORES))('%s: hands on what it is given', (backend, store) => {
    for (const given of [store, Promise.resolve(store)]) {
      expect(resolve({ backend, store: given, version: 2, commandTimeout: '1s', onError: 'throw' }).tiers).toEqual({
        foreign: {
          codec: expect.anything(),
          onError: 'throw',
          store: { backend, store: given, prefix: '', version: '2', commandTimeout: 1_000 },
        },
      });
    }
    expect(resolve({ backend, store }).tiers.foreign!.store.commandTimeout).toBe(500);
  });

  it.each(Object.entries(STORES))('%s: asks for a store', (backend, store) => {
    for (const given of [undefined, null, 'redis://x', 5, {}, () => {}]) {
      expect(errorOf(() => resolve({ backend, store: given })).message).toMatch(
        /store: with backend: '.*' it must be /,
      );
    }
    expect(errorOf(() => resolve({ backend, store, host: 'x' })).message).toMatch(/unknown option 'host'/);
    expect(errorOf(() => resolve({ backend, store, maxStaleness: '1s' })).message).toMatch(
      /maxStaleness is for a hybrid over redis/,
    );
  });
});

/** What is wrong, and what the error has to name. */
const BAD: readonly [option: string, value: unknown, names: RegExp][] = [
  ...['', 5, null, {}, 'a b', 'redis://a', `ann:${SECRET}@a`, 'a:6379', '/run/sock', 'a,b', '\ud800'].map(
    (value): [string, unknown, RegExp] => ['host', value, /\bhost\b/],
  ),
  ...[0, -1, 1.5, 65_536, NaN, Infinity, '6379', null].map((value): [string, unknown, RegExp] => ['port', value, /\bport\b/]), // prettier-ignore
  ...[-1, 1.5, NaN, Infinity, '0', null].map((value): [string, unknown, RegExp] => ['database', value, /\bdatabase\b/]),
  ...['', 5, null, {}, `${SECRET}\ud800`].map((value): [string, unknown, RegExp] => ['username', value, /\busername\b/]), // prettier-ignore
  ...['', 5, null, [SECRET], `${SECRET}\ud800`].map((value): [string, unknown, RegExp] => ['password', value, /\bpassword\b/]), // prettier-ignore
  ...['yes', 1, null, [], { ka: 1 }, { host: 'a' }, { tls: true }].map((value): [string, unknown, RegExp] => ['ssl', value, /\bssl\b/]), // prettier-ignore
  ...[
    '', 5, null, {}, 'a', 'a:6379', `ann:${SECRET}@a:6379`, `redis:ann:${SECRET}@a`, `http://ann:${SECRET}@a`, `redis//ann:${SECRET}@a`,
    ` redis://ann:${SECRET}@a`, `redis://ann:${SECRET}@a\n`, `redis://ann:${SECRET}@a:port`, `redis://ann:${SECRET}@a:70000`,
    `redis://ann:${SECRET}@a:0`, `redis://ann:${SECRET}@:6379`, `redis://ann:${SECRET}@`, 'redis://', 'redis:///0', `redis://ann:${SECRET}@a/x`,
    `redis://ann:${SECRET}@a/0/`, `redis://ann:${SECRET}@a/-1`, `redis://ann:${SECRET}@a/1.5`, `redis://ann:${SECRET}@a/99999`,
    `redis://ann:${SECRET}@a/0?db=1`, `redis://ann:${SECRET}@a?password=${SECRET}`, `redis://ann:${SECRET}@a#x`,
    `redis://ann:${SECRET}%E0%A4%A@a`, `redis://ann:${SECRET}#1@a`, `redis://ann:1?${SECRET}@a`, `redis://ann:${SECRET}/1@a`,
    `redis://a:1,b:2`, `redis://a,b`, 'unix://', 'unix:///', `unix://ann:${SECRET}@/run/sock`, 'unix:///run/sock?db=x', 'unix:///run/sock?x=1',
    'unix:///run/%00', 'unix:run/sock',
  ].map((value): [string, unknown, RegExp] => ['url', value, /BlossomCacheModule: url\b/]), // prettier-ignore
  ...[0, 500, -1, '500', '0s', '-1s', '2h', 'soon', null, Infinity].map((value): [string, unknown, RegExp] => ['commandTimeout', value, /commandTimeout must be a .*unit/]), // prettier-ignore
  ...[0, -1, NaN, Infinity, 513, '8', null].map((value): [string, unknown, RegExp] => ['maxValueMb', value, /\bmaxValueMb\b/]), // prettier-ignore
  ...[5, null, 'client', {}, () => {}, Promise.resolve({})].map((value): [string, unknown, RegExp] => ['client', value, /client must be a client of @redis\/client or redis 5 or 6, or of ioredis/]), // prettier-ignore
  ...[
    [5, /cluster must be an object/], [['a'], /cluster must be an object/], [{}, /cluster\.nodes/], [{ nodes: [] }, /cluster\.nodes/],
    [{ nodes: 'a' }, /cluster\.nodes/], [{ nodes: ['a', 5] }, /cluster\.nodes\[1\]/], [{ nodes: [''] }, /cluster\.nodes\[0\]/],
    [{ nodes: ['a:b'] }, /cluster\.nodes\[0\]/], [{ nodes: [':1'] }, /cluster\.nodes\[0\]/], [{ nodes: ['a:0'] }, /cluster\.nodes\[0\]/],
    [{ nodes: [`ann:${SECRET}@a:1`] }, /cluster\.nodes\[0\]/], [{ nodes: [`http://ann:${SECRET}@a:1`] }, /cluster\.nodes\[0\]/],
    [{ nodes: [`redis://ann:${SECRET}@a/3`] }, /cluster\.nodes\[0\]/], [{ nodes: ['unix:///run/sock'] }, /cluster\.nodes\[0\]/],
    [{ nodes: [{}] }, /cluster\.nodes\[0\]\.host/], [{ nodes: [{ host: 'a', prt: 1 }] }, /cluster\.nodes\[0\].*'prt'/],
    [{ nodes: [{ url: 'redis://a', host: 'a' }] }, /cluster\.nodes\[0\].*'host'/], [{ nodes: [{ socket: 5 }] }, /cluster\.nodes\[0\]\.socket/],
    [{ nodes: [{ socket: { host: 'a', tls: 'yes' } }] }, /cluster\.nodes\[0\]\.socket\.tls/], [{ nodes: [null] }, /cluster\.nodes\[0\]/],
    [{ nodes: ['a'], rootNodes: ['a'] }, /cluster\.nodes and cluster\.rootNodes contradict/], [{ nodes: ['a'], slots: 5 }, /cluster.*'slots'/],
    [{ nodes: ['a'], defaults: 5 }, /cluster\.defaults/], [{ nodes: ['a'], defaults: { database: 1 } }, /cluster\.defaults.*'database'/],
    [{ nodes: ['a'], defaults: { password: 5 } }, /cluster\.defaults\.password/], [{ nodes: ['a'], defaults: { socket: true } }, /cluster\.defaults\.socket/],
    [{ nodes: ['a'], defaults: { socket: { ca } } }, /cluster\.defaults\.socket\.tls/], [{ nodes: ['a'], defaults: { socket: { tls: true, x: 1 } } }, /cluster\.defaults\.socket.*'x'/],
    [{ nodes: ['a'], natMap: () => {} }, /cluster\.natMap/], [{ nodes: ['a'], natMap: { x: 5 } }, /cluster\.natMap\['x'\]/],
    [{ nodes: ['a'], nodeAddressMap: { x: { host: 'a' } } }, /cluster\.nodeAddressMap\['x'\]\.port/],
    [{ nodes: [`redis://:${SECRET}@a`, 'redis://:else@b'] }, /cluster\.nodes\[0\] and cluster\.nodes\[1\] contradict.*password/],
    [{ nodes: ['redis://a', 'rediss://b'] }, /cluster\.nodes\[0\] and cluster\.nodes\[1\] contradict.*ssl/],
    [{ nodes: ['redis://a'], defaults: { socket: { tls: true } } }, /cluster\.defaults\.socket and cluster\.nodes\[0\] contradict/],
  ].map(([value, names]): [string, unknown, RegExp] => ['cluster', value, names as RegExp]), // prettier-ignore
  ...[
    [5, /sentinel must be an object/], [{ sentinels: ['a'] }, /sentinel\.name/], [{ name: '', sentinels: ['a'] }, /sentinel\.name/],
    [{ name: 'main' }, /sentinel\.sentinels/], [{ name: 'main', sentinels: ['a', {}] }, /sentinel\.sentinels\[1\]/],
    [{ name: 'main', sentinels: ['a'], sentinelRootNodes: ['a'] }, /sentinel\.sentinels and sentinel\.sentinelRootNodes/],
    [{ name: 'main', sentinels: ['a'], role: 'slave' }, /sentinel.*'role'/], [{ name: 'main', sentinels: ['a'], sentinelPassword: [SECRET] }, /sentinel\.sentinelPassword/],
    [{ name: 'main', sentinels: ['a'], sentinelSsl: 5 }, /sentinel\.sentinelSsl/], [{ name: 'main', sentinels: [`redis://:${SECRET}@a/2`] }, /sentinel\.sentinels\[0\]/],
    [{ name: 'main', sentinels: ['a'], sentinelClientOptions: { database: 1 } }, /sentinel\.sentinelClientOptions.*'database'/],
    [{ name: 'main', sentinels: ['a'], nodeClientOptions: { database: 'x' } }, /sentinel\.nodeClientOptions\.database/],
    [{ name: 'main', sentinels: [`redis://:${SECRET}@a`], sentinelPassword: 'else' }, /sentinel\.sentinelPassword and sentinel\.sentinels\[0\] contradict/],
  ].map(([value, names]): [string, unknown, RegExp] => ['sentinel', value, names as RegExp]), // prettier-ignore
];

describe.each([
  ['', (redis: object) => resolve({ backend: 'redis', ...redis })],
  ['redis.', (redis: object) => resolve({ backend: 'hybrid', redis })],
])('names what is wrong, with %j before it', (where, make) => {
  it.each(BAD)('%s: %j', (option, value, names) => {
    const { message } = errorOf(() => make({ [option]: value }));
    expect(message.replaceAll(where === '' ? /^$/g : where, '')).toMatch(names);
    expect(message).toContain(`BlossomCacheModule: ${where}${option}`);
  });
});

describe('what contradicts something else is one error that names both', () => {
  const cluster = { nodes: ['a'] };
  const sentinel = { name: 'main', sentinels: ['a'] };
  const client = { sendCommand: () => {} };
  it.each<[string, string, object]>([
    ['host', 'url', { host: 'a', url: `redis://:${SECRET}@b` }],
    ['port', 'url', { port: 1, url: `redis://:${SECRET}@b` }],
    ['port', 'cluster', { port: 1, cluster }],
    ['host', 'sentinel', { host: 'a', sentinel }],
    ['host', 'client', { host: 'a', client }],
    ['url', 'cluster', { url: `redis://:${SECRET}@b`, cluster }],
    ['cluster', 'sentinel', { cluster, sentinel }],
    ['sentinel', 'client', { sentinel, client }],
    ['client', 'password', { client, password: SECRET }],
    ['client', 'username', { client, username: 'ann' }],
    ['client', 'ssl', { client, ssl: false }],
    ['client', 'database', { client, database: 0 }],
    ['database', 'cluster', { cluster, database: 3 }],
    ['url', 'username', { url: 'redis://ann@a', username: 'bob' }],
    ['url', 'password', { url: `redis://:${SECRET}@a`, password: `${SECRET}!` }],
    ['url', 'database', { url: 'redis://a/1', database: 2 }],
    ['url', 'ssl', { url: 'redis://a', ssl: true }],
    ['url', 'ssl', { url: 'redis://a', ssl: { ca } }],
    ['url', 'ssl', { url: 'rediss://a', ssl: false }],
    ['url', 'ssl', { url: 'unix:///run/sock', ssl: true }],
    [
      'password',
      'cluster.defaults.password',
      { password: SECRET, cluster: { ...cluster, defaults: { password: 'x' } } },
    ],
    ['ssl', 'cluster.defaults.socket', { ssl: false, cluster: { ...cluster, defaults: { socket: { tls: true } } } }],
    ['database', 'sentinel.nodeClientOptions.database', { database: 1, sentinel: { ...sentinel, nodeClientOptions: { database: 2 } } }], // prettier-ignore
  ])('%s and %s', (one, other, options) => {
    for (const [where, make] of [
      ['', () => resolve({ backend: 'redis', ...options })],
      ['redis.', () => resolve({ backend: 'hybrid', redis: options })],
    ] as const) {
      const { message } = errorOf(make);
      expect(message).toContain('contradict');
      expect(message).toMatch(new RegExp(`\\b${where}${one}\\b`));
      expect(message).toMatch(new RegExp(`\\b${where}${other}\\b`));
    }
  });
});

describe('a hybrid names what is wrong', () => {
  const file = { cacheDir: '/tmp/none' };
  it.each<[string, object, RegExp]>([
    ['neither', {}, /file must be given with backend 'hybrid', or redis/],
    ['both', { file, redis: {} }, /file and redis contradict/],
    ['redis: no object', { redis: 5 }, /redis: /],
    ['redis: unknown', { redis: { hots: 'a' } }, /redis: unknown option 'hots'/],
    ['a URL beside', { redis: {}, url: 'redis://a' }, /unknown option 'url'/],
    ['a timeout twice', { redis: { commandTimeout: '1s' }, commandTimeout: '1s' }, /commandTimeout and redis\.commandTimeout contradict/], // prettier-ignore
    ['a number as timeout', { redis: {}, commandTimeout: 500 }, /: commandTimeout must be a text with its unit/],
    ['a timeout of files', { file, commandTimeout: '1s' }, /commandTimeout is for a hybrid over redis/],
    ['staleness of files', { file, maxStaleness: '1s' }, /maxStaleness is for a hybrid over redis/],
    ['staleness in redis', { redis: { maxStaleness: '1s' } }, /redis: unknown option 'maxStaleness'/],
    ...[0, -1, '0s', '2h', Infinity, NaN, '1', 'soon', null].map((maxStaleness): [string, object, RegExp] => [
      `staleness ${maxStaleness}`,
      { redis: {}, maxStaleness },
      /maxStaleness must be/,
    ]),
  ])('%s', (_, options, names) => {
    expect(errorOf(() => resolve({ backend: 'hybrid', ...options })).message).toMatch(names);
  });

  it.each([{}, { backend: 'memory' }, { backend: 'redis' }, { backend: 'file', cacheDir: 'x' }, { backend: 'off' }])(
    'staleness with %j',
    (options) => {
      expect(errorOf(() => resolve({ ...options, maxStaleness: '1s' })).message).toMatch(
        /maxStaleness is for a hybrid over redis/,
      );
    },
  );
});

describe('the line of the boot log', () => {
  const key = 'k'.repeat(32);
  it.each<[object, string]>([
    [{ backend: 'redis' }, 'redis (redis://localhost:6379/0, ttl 3600 s)'],
    [{ backend: 'redis', host: '::1', database: 2 }, 'redis (redis://[::1]:6379/2, ttl 3600 s)'],
    [
      { backend: 'redis', url: `rediss://ann:${SECRET}@cache:1/2`, encryptionKey: key },
      'redis (redis://cache:1/2, tls, encrypted, ttl 3600 s)',
    ],
    [{ backend: 'redis', url: 'unix:///run/sock', password: SECRET }, 'redis (unix:///run/sock?db=0, ttl 3600 s)'],
    [
      { backend: 'redis', cluster: { nodes: [`redis://ann:${SECRET}@a`, 'b:2'] } },
      'redis (cluster of a:6379, b:2, ttl 3600 s)',
    ],
    [
      { backend: 'redis', sentinel: { name: 'main', sentinels: ['a', 'b:2'], sentinelPassword: SECRET }, ssl: true },
      "redis (master 'main' by sentinels a:26379, b:2, tls, ttl 3600 s)",
    ],
    [
      { backend: 'redis', sentinel: { name: 'main', sentinels: ['a'] }, database: 3 },
      "redis (database 3 of master 'main' by sentinels a:26379, ttl 3600 s)",
    ],
    [{ backend: 'redis', client: { sendCommand: () => {} } }, 'redis (a client of the application, ttl 3600 s)'],
    [
      { backend: 'hybrid', redis: { password: SECRET }, ttl: 5 },
      'memory (lru, at most 1000 entries, ttl 5 s) over redis (redis://localhost:6379/0, ttl 5 s)',
    ],
    [{ backend: 'keyv', store: STORES.keyv }, 'keyv (a store of the application, ttl 3600 s)'],
    [
      { backend: 'cache-manager', store: STORES['cache-manager'], encryptionKey: key },
      'cache-manager (a store of the application, encrypted, ttl 3600 s)',
    ],
  ])('%j', (options, line) => {
    expect(describeOptions(resolve(options))).toBe(`cache 'default': ${line}`);
  });
});
