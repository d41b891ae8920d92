import type { INestApplicationContext, LoggerService } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, expect } from 'vitest';
import { BlossomCacheModule, cacheToken, type BlossomCacheOptions, type CacheService } from '../../lib/index.js';
import { RedisConnection, type RedisAddress } from '../support/redis/redis-connection.js';
import { stopServers } from '../support/redis/redis-server.js';

/** Milliseconds for which an operation waits for its server. */
export const TIMEOUT = 200;
/** Milliseconds after which every call has to be answered, on a machine that has other things to do. */
export const BOUND = TIMEOUT + 150;
/** Milliseconds of a call that asks nobody. */
export const AT_ONCE = 50;

const closing: (() => unknown)[] = [];
const unhandled: unknown[] = [];
const noteUnhandled = (error: unknown): void => void unhandled.push(error);

beforeEach(() => {
  process.on('unhandledRejection', noteUnhandled).on('uncaughtException', noteUnhandled);
});

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await stopServers();
  process.off('unhandledRejection', noteUnhandled).off('uncaughtException', noteUnhandled);
  expect(unhandled.splice(0)).toEqual([]);
});

/** To be done when the test is over; what was said last comes first, and servers are stopped after all of it. */
export function afterwards(close: () => unknown): void {
  closing.push(close);
}

/** What all applications have said: the log is one for a process. */
const said: string[] = [];
let booted = 0;

/** An application with one cache. It is closed after the test, which fails where it leaves an error unhandled. */
export class RedisApp {
  /** What has happened, in order: `outage` and `recovery`. */
  readonly changes: string[] = [];

  private constructor(
    readonly app: INestApplicationContext,
    readonly cache: CacheService,
    private readonly name: string,
  ) {
    cache.events.on('outage', () => this.changes.push('outage'));
    cache.events.on('recovery', () => this.changes.push('recovery'));
  }

  static async boot(options: BlossomCacheOptions): Promise<RedisApp> {
    const name = `app ${(booted += 1)}`;
    class Root {}
    Module({ imports: [BlossomCacheModule.forRoot({ ...options, name })] })(Root);
    const app = await NestFactory.createApplicationContext(Root, { logger: LOGGER, abortOnError: false });
    afterwards(() => app.close());
    return new RedisApp(app, app.get(cacheToken(name)), name);
  }

  /** Over one server; memory in front of it if `near`. */
  static on({ port }: { readonly port: number }, near = false, more: object = {}): Promise<RedisApp> {
    const redis = { host: '127.0.0.1', port, commandTimeout: `${TIMEOUT}ms` as const, ...more };
    return RedisApp.boot(near ? { backend: 'hybrid', memory: {}, redis } : { backend: 'redis', ...redis });
  }

  /** What its log says, warnings with `WARN` in front. */
  get log(): readonly string[] {
    return said.filter((line) => line.includes(`cache '${this.name}'`));
  }

  /** What its log says of the backend's state. */
  get told(): readonly string[] {
    return this.log.filter((line) => / backend (fails|works)/.test(line));
  }

  close(): Promise<void> {
    return this.app.close();
  }
}

/** The time that the slowest of these calls took, in milliseconds, all of them made at once. */
export async function slowest(calls: readonly (() => unknown)[]): Promise<number> {
  const times = await Promise.all(
    calls.map(async (call) => {
      const began = performance.now();
      await call();
      return performance.now() - began;
    }),
  );
  return Math.max(...times);
}

/** A connection of the test's own; it is closed when the test is over. */
export async function connectTo(address: RedisAddress): Promise<RedisConnection> {
  const connection = await RedisConnection.open(address);
  afterwards(() => connection.close());
  return connection;
}

/** Keys of a server by their end: those of the cache are prefixed. */
export async function keyOnServer(connection: RedisConnection, end: string): Promise<string> {
  const keys = (await connection.command('KEYS', `blossom:*${end}`)) as string[];
  expect(keys).toHaveLength(1);
  return keys[0]!;
}

const LOGGER: LoggerService = {
  log: (line: unknown) => said.push(String(line)),
  warn: (line: unknown) => said.push(`WARN ${String(line)}`),
  error: () => {},
};
