import type { RedisPlace } from '../../../lib/stores/redis/redis-options.js';
import { RedisCluster } from './redis-cluster.js';
import { RedisSentinels } from './redis-sentinel.js';
import { RedisServer } from './redis-server.js';

/** Servers that were started for a test, and what leads there. */
export interface StartedPlace {
  readonly place: RedisPlace;
  /** Removes everything that is stored there. */
  flush(): Promise<unknown>;
  stop(): Promise<void>;
}

/** The kinds of places there are, each with servers of its own. */
export const PLACES: Readonly<Record<'single' | 'TLS' | 'cluster' | 'sentinel', () => Promise<StartedPlace>>> = {
  single: async () => {
    const server = await RedisServer.start();
    return { place: placeOf(server), flush: () => server.command('FLUSHALL'), stop: () => server.stop() };
  },
  TLS: async () => {
    const server = await RedisServer.start({ tls: true, username: 'cache', password: 'correct horse' });
    const login = { username: 'cache', password: 'correct horse' };
    const place = { ...placeOf(server), login, tls: { ca: server.ca } };
    return { place, flush: () => server.command('FLUSHALL'), stop: () => server.stop() };
  },
  cluster: async () => {
    const cluster = await RedisCluster.start();
    const masters = await cluster.masters();
    const flush = (): Promise<unknown> => Promise.all(masters.map((master) => master.command('FLUSHALL')));
    return { place: clusterPlace(cluster), flush, stop: () => cluster.stop() };
  },
  sentinel: async () => {
    const sentinels = await RedisSentinels.start();
    const master = await sentinels.master();
    return {
      place: sentinelPlace(sentinels),
      flush: () => master.command('FLUSHALL'),
      stop: () => sentinels.stop(),
    };
  },
};

export function placeOf({ port }: { readonly port: number }): Extract<RedisPlace, { kind: 'single' }> {
  return { kind: 'single', address: { host: '127.0.0.1', port }, login: {}, tls: undefined, database: 0 };
}

export function clusterPlace({ nodes }: RedisCluster): Extract<RedisPlace, { kind: 'cluster' }> {
  const [first] = nodes;
  return { kind: 'cluster', nodes: [{ host: first!.host, port: first!.port }], login: {}, tls: undefined };
}

function sentinelPlace({ name, sentinels }: RedisSentinels): Extract<RedisPlace, { kind: 'sentinel' }> {
  return {
    kind: 'sentinel',
    name,
    sentinels: sentinels.map(({ host, port }) => ({ host, port })),
    sentinelLogin: {},
    sentinelTls: undefined,
    login: {},
    tls: undefined,
    database: 0,
  };
}
