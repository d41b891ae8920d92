import { createRequire } from 'node:module';
import { CacheOptionsError } from '../../../errors/cache.errors.js';
import { oneConnection, type ClientMaker, type ClientOptions, type RedisClient } from './redis-client.js';

type CreateClient = (options: object) => RedisClient;

/** The packages that have it, in the order in which they are tried. */
const PACKAGES = ['@redis/client', 'redis'] as const;

/**
 * What makes clients, from whichever package is installed.
 * @throws {CacheOptionsError} where none is: it says what to install.
 */
export function loadCreateClient(): CreateClient {
  for (const name of PACKAGES) {
    const found = load(name);
    if (found?.createClient !== undefined) return found.createClient;
  }
  throw new CacheOptionsError("backend 'redis' needs a client: install @redis/client@^6 (or redis@^6)");
}

/** @param options asked for at each connection: where a server is may change. */
export function clientMaker(create: CreateClient, { socket, ...options }: ClientOptions): ClientMaker {
  return (protocol, connectTimeout) =>
    create({ ...options, ...oneConnection(protocol), socket: { ...socket, connectTimeout, reconnectStrategy: false } });
}

function load(name: string): { readonly createClient?: CreateClient } | undefined {
  try {
    return createRequire(import.meta.url)(name) as { createClient?: CreateClient };
  } catch {
    return undefined;
  }
}
