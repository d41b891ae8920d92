import { CacheOptionsError } from '../../../errors/cache.errors.js';
import type { Open } from './link.js';
import { openSession, type ConnectionTerms } from './open-session.js';
import { oneConnection, type ClientMaker, type Command, type Protocol, type RedisClient } from './redis-client.js';

/** What is asked of a client that the application made: never to do anything, only to be copied. */
interface Borrowed {
  readonly options?: { readonly socket?: object; readonly keyPrefix?: string };
  /** ioredis, whose clusters say so. */
  readonly isCluster?: boolean;
  duplicate(...overrides: object[]): object;
}

interface NodeRedisGroup extends Omit<RedisClient, 'sendCommand'> {
  sendCommand(...about: unknown[]): Promise<unknown>;
}

interface IoRedis {
  /** The connection of one that is no cluster. */
  readonly stream?: { destroy(): unknown } | undefined;
  /** The connections of a cluster. */
  nodes?(): readonly IoRedis[];
  connect(): Promise<unknown>;
  callBuffer(...command: (string | Buffer)[]): Promise<unknown>;
  on(event: string, listener: (...about: never[]) => void): unknown;
  disconnect(): void;
}

/** How sessions are opened with the servers of the application's client, whichever kind that is. */
interface Kind {
  /** Whether keys may lie on different servers. */
  readonly split: boolean;
  /** Whether its copies can be told what a connection is to do, tracking above all. */
  readonly direct: boolean;
  copy(client: Borrowed, protocol: Protocol, connectTimeout: number): RedisClient;
}

const SINGLE: Kind = {
  split: false,
  direct: true,
  copy: (client, protocol, connectTimeout) =>
    client.duplicate({
      ...oneConnection(protocol),
      socket: { ...client.options?.socket, connectTimeout, reconnectStrategy: false },
    }) as RedisClient,
};

const CLUSTER: Kind = {
  split: true,
  direct: false,
  copy: (client) => {
    const copy = client.duplicate({ commandOptions: { timeout: 0 } }) as NodeRedisGroup;
    return adapted(copy, (command, options) => copy.sendCommand(keyOf(command), false, command, options));
  },
};

const SENTINEL: Kind = {
  split: false,
  direct: false,
  copy: (client) => {
    const copy = client.duplicate({ commandOptions: { timeout: 0 } }) as NodeRedisGroup;
    return adapted(copy, (command, options) => copy.sendCommand(false, command, options));
  },
};

const IOREDIS: Kind = {
  split: false,
  direct: false,
  copy: (client) => ofIoRedis(client.duplicate({ ...IO_OPTIONS, retryStrategy: () => null }) as IoRedis),
};

const IOREDIS_CLUSTER: Kind = {
  split: true,
  direct: false,
  copy: (client) =>
    ofIoRedis(client.duplicate([], { ...IO_OPTIONS, clusterRetryStrategy: () => null }) as unknown as IoRedis),
};

const IO_OPTIONS = { lazyConnect: true, enableOfflineQueue: false, enableReadyCheck: false, keyPrefix: '' };

/**
 * @throws {CacheOptionsError} for anything that is not such a client
 */
export function openBorrowed(client: object, terms: ConnectionTerms): { readonly open: Open; readonly split: boolean } {
  const kind = kindOf(client);
  const make: ClientMaker = (protocol, connectTimeout) => kind.copy(client as Borrowed, protocol, connectTimeout);
  return {
    split: kind.split,
    open: (onEnd, unwanted) => openSession(make, terms, onEnd, unwanted, kind.direct ? {} : { tracking: false }),
  };
}

/** What the application's client puts before every key. */
export function keyPrefixOf(client: object): string {
  return (client as Borrowed).options?.keyPrefix ?? '';
}

function kindOf(client: object): Kind {
  if ('callBuffer' in client && 'duplicate' in client) {
    return (client as Borrowed).isCluster === true ? IOREDIS_CLUSTER : IOREDIS;
  }
  if ('withTypeMapping' in client && 'duplicate' in client) {
    if ('nodeClient' in client) return CLUSTER;
    return 'getMasterNode' in client ? SENTINEL : SINGLE;
  }
  throw new CacheOptionsError(
    'BlossomCacheModule: client must be a client of @redis/client or redis, 5 or 6, or of ioredis',
  );
}

function adapted(copy: NodeRedisGroup, sendCommand: RedisClient['sendCommand']): RedisClient {
  return {
    sendCommand,
    connect: () => copy.connect(),
    on: (event, listener) => copy.on(event, listener),
    destroy: () => copy.destroy(),
  };
}

function ofIoRedis(copy: IoRedis): RedisClient {
  return {
    sendCommand: (command) => copy.callBuffer(...command),
    connect: () => copy.connect(),
    on: (event, listener) => copy.on(event, listener),
    destroy: () => {
      const connections = copy.nodes?.() ?? [copy];
      copy.disconnect();
      // That alone waits for a server that may be frozen, and commands wait with it.
      for (const { stream } of connections) stream?.destroy();
    },
  };
}

/** Of which the cluster has to find the server; undefined for a command that any of them answers. */
function keyOf([name, ...about]: Command): string | Buffer | undefined {
  if (name === 'EVALSHA' || name === 'EVAL') return about[2];
  return name === 'TIME' ? undefined : about[0];
}
