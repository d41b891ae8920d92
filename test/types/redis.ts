import { createClient, createCluster, createSentinel } from '@redis/client';
import { Cluster, Redis } from 'ioredis';
import { createClient as createClient5, createCluster as createCluster5 } from 'redis-client-5';
import {
  BlossomCacheModule,
  cacheConfigFromEnv,
  type BlossomCacheOptions,
  type RedisClientLike,
  type RedisClusterOptions,
  type RedisNode,
  type RedisSentinelOptions,
  type RedisTier,
} from '../../lib/index.js';

declare const store: Map<string, unknown>;

/** What has to compile. */
export function accepted(): void {
  const clients: RedisClientLike[] = [
    createClient(),
    createClient({ RESP: 3, database: 3 }),
    createCluster({ rootNodes: [{ url: 'redis://a' }] }),
    createSentinel({ name: 'main', sentinelRootNodes: [{ host: 'a', port: 26_379 }] }),
    createClient5({ url: 'redis://a' }),
    createCluster5({ rootNodes: [{ url: 'redis://a' }] }),
    new Redis(),
    new Cluster([{ host: 'a', port: 7_000 }]),
  ];
  for (const client of clients) {
    BlossomCacheModule.forRoot({ backend: 'redis', client, ttl: '1h' });
    BlossomCacheModule.forRoot({ backend: 'hybrid', memory: {}, redis: { client } });
  }
  BlossomCacheModule.forRoot({ backend: 'redis', client: createClient() });
  BlossomCacheModule.forRoot({ backend: 'redis', client: new Redis({ keyPrefix: 'app:' }) });

  BlossomCacheModule.forRoot({ backend: 'redis', host: 'localhost', port: 6_379, database: 0, ttl: 7_200 });
  BlossomCacheModule.forRoot({ backend: 'redis', username: 'ann', password: 'secret', ssl: true });
  BlossomCacheModule.forRoot({ backend: 'redis', url: 'rediss://a', ssl: { ca: 'certificate', servername: 'b' } });
  BlossomCacheModule.forRoot({ backend: 'redis', commandTimeout: '250ms', maxValueMb: 0.5, onError: 'throw' });

  const nodes: RedisNode[] = [
    'a:7000',
    'redis://a',
    { host: 'a' },
    { url: 'redis://a' },
    { socket: { host: 'a', port: 1, tls: true } },
  ];
  const cluster: RedisClusterOptions = { nodes, natMap: { '10.0.0.1:6379': { host: 'a', port: 1 } } };
  BlossomCacheModule.forRoot({ backend: 'redis', cluster, password: 'secret' });
  const ofNodeRedis = {
    rootNodes: [{ url: 'redis://a' }, { socket: { host: 'b', port: 7_001 } }],
    defaults: { username: 'ann', password: 'secret', socket: { tls: true, ca: 'certificate' } },
    nodeAddressMap: { '10.0.0.1:6379': { host: 'a', port: 1 } },
  } as const;
  BlossomCacheModule.forRoot({ backend: 'redis', cluster: ofNodeRedis });
  const sentinel: RedisSentinelOptions = { name: 'main', sentinels: ['a', 'b:26380'], sentinelPassword: 'secret' };
  BlossomCacheModule.forRoot({ backend: 'redis', sentinel, database: 2 });
  BlossomCacheModule.forRoot({
    backend: 'redis',
    sentinel: { name: 'main', sentinelRootNodes: [{ host: 'a', port: 26_379 }], nodeClientOptions: { database: 2 } },
  });

  const redis: RedisTier = { url: 'redis://a' };
  BlossomCacheModule.forRoot({ backend: 'hybrid', memory: { maxSize: 10_000 }, redis, ttl: 3_600 });
  BlossomCacheModule.forRoot({ backend: 'hybrid', redis, maxStaleness: 2 });
  BlossomCacheModule.forRoot({ backend: 'hybrid', redis, maxStaleness: '500ms', commandTimeout: '1s' });
  BlossomCacheModule.forRoot({ backend: 'keyv', store, ttl: '1h' });
  BlossomCacheModule.forRoot({ backend: 'cache-manager', store: Promise.resolve(store), commandTimeout: '1s' });
  const fromEnv: BlossomCacheOptions = cacheConfigFromEnv({ commandTimeout: '1s', maxStaleness: 2, maxValueMb: 1 });
  BlossomCacheModule.forRoot(fromEnv);
}

/** What must not. */
export function refused(): void {
  // @ts-expect-error no unit
  BlossomCacheModule.forRoot({ backend: 'redis', commandTimeout: 500 });
  // @ts-expect-error there is no memory that could be stale
  BlossomCacheModule.forRoot({ backend: 'redis', maxStaleness: '1s' });
  // @ts-expect-error that is no client
  BlossomCacheModule.forRoot({ backend: 'redis', client: {} });
  // @ts-expect-error that is where one is, and not one
  BlossomCacheModule.forRoot({ backend: 'redis', client: 'redis://a' });
  // @ts-expect-error a cluster has no slots to choose
  BlossomCacheModule.forRoot({ backend: 'redis', cluster: { nodes: ['a'], slots: 5 } });
  // @ts-expect-error a node has a host
  BlossomCacheModule.forRoot({ backend: 'redis', cluster: { nodes: [{ port: 5 }] } });
  // @ts-expect-error a master has a name
  BlossomCacheModule.forRoot({ backend: 'redis', sentinel: { sentinels: ['a'] } });
  // @ts-expect-error a port is a number
  BlossomCacheModule.forRoot({ backend: 'redis', port: '6379' });
  // @ts-expect-error a server has no limit of its own
  BlossomCacheModule.forRoot({ backend: 'redis', maxSizeMb: 100 });
  // @ts-expect-error over which store
  BlossomCacheModule.forRoot({ backend: 'keyv' });
  // @ts-expect-error over which store
  BlossomCacheModule.forRoot({ backend: 'cache-manager', url: 'redis://a' });
  // @ts-expect-error that is in redis
  BlossomCacheModule.forRoot({ backend: 'hybrid', url: 'redis://a' });
  // @ts-expect-error that is in memory
  BlossomCacheModule.forRoot({ backend: 'hybrid', redis: { maxSize: 5 } });
  // @ts-expect-error no unit
  BlossomCacheModule.forRoot({ backend: 'hybrid', redis: {}, maxStaleness: '2' });
  // @ts-expect-error no unit
  cacheConfigFromEnv({ commandTimeout: 500 });
}
