import type { Provider } from '@nestjs/common';
import { afterAll, beforeAll } from 'vitest';
import { BlossomCacheModule, CacheService, type BlossomCacheOptions } from '../../../lib/index.js';
import { RedisConnection } from '../../support/redis/redis-connection.js';
import { RedisServer, type RedisServerOptions } from '../../support/redis/redis-server.js';
import { boot, type Booted } from '../module/module-rig.js';

export interface OpenedCache extends Booted {
  readonly cache: CacheService;
}

let prefixes = 0;

/** A server for all tests of a file, or of a `describe`. */
export function useRedis(options: RedisServerOptions = {}): () => RedisServer {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start(options);
  });
  afterAll(() => server.stop());
  return () => server;
}

/** A prefix that nobody has used. */
export function freshPrefix(): string {
  return `app${(prefixes += 1)}`;
}

/** An application with one cache, closed after the test. */
export async function open(options: BlossomCacheOptions, providers: Provider[] = []): Promise<OpenedCache> {
  const booted = await boot([BlossomCacheModule.forRoot(options)], providers);
  return { ...booted, cache: booted.app.get(CacheService) };
}

/** The options of a cache on a server, with memory over it or without. */
export function redisOptions(backend: 'redis' | 'hybrid', url: string, more: object = {}): BlossomCacheOptions {
  const tier = { url, commandTimeout: '5s' } as const;
  return backend === 'redis' ? { backend, ...tier, ...more } : { backend, memory: {}, redis: tier, ...more };
}

/** Everything that a server keeps: names, and what is stored under them. */
export async function contentsOf(server: RedisServer): Promise<{ names: string[]; bytes: Buffer }> {
  const names = (await server.command('KEYS', '*')) as string[];
  const parts = await Promise.all(names.map((name) => stored(server, name)));
  return { names, bytes: Buffer.concat(parts) };
}

/** A name, and what a text or a list has under it. */
async function stored(server: RedisServer, name: string): Promise<Buffer> {
  const connection = await RedisConnection.open(server);
  try {
    const type = await connection.command('TYPE', name);
    const reply = await connection.commandForBytes(...(type === 'list' ? ['LRANGE', name, '0', '-1'] : ['GET', name]));
    return Buffer.concat([Buffer.from(name), ...([reply].flat() as Buffer[])]);
  } finally {
    connection.close();
  }
}
