import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Inject, Module, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { afterEach, describe, expect, it } from 'vitest';
import { BlossomCacheHealthIndicator, type CacheHealthOptions } from '../../../lib/health/index.js';
import { BlossomCacheModule, CacheService, type BlossomCacheOptions } from '../../../lib/index.js';
import { FakeClock, Faults } from '../../../lib/testing/index.js';
import { eventually } from '../../support/redis/eventually.js';
import { RedisServer, stopServers } from '../../support/redis/redis-server.js';

/** Milliseconds for which an operation waits for its server, and in which a check over HTTP is answered. */
const TIMEOUT = 200;
const BOUND = TIMEOUT + 800;

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await stopServers();
});

interface Report {
  readonly httpStatus: number;
  readonly ms: number;
  readonly status: string;
  readonly details: Record<string, Record<string, unknown>>;
}

/** An application that tells over HTTP how its cache is. */
async function site(...caches: BlossomCacheOptions[]) {
  @Controller()
  class HealthController {
    constructor(
      @Inject(HealthCheckService) private readonly health: HealthCheckService,
      @Inject(BlossomCacheHealthIndicator) private readonly indicator: BlossomCacheHealthIndicator,
    ) {}

    @Get('health')
    check(@Query() options: CacheHealthOptions) {
      return this.health.check([() => this.indicator.isHealthy('cache', options)]);
    }
  }
  class Root {}
  Module({
    imports: [TerminusModule.forRoot({ logger: false }), ...caches.map((cache) => BlossomCacheModule.forRoot(cache))],
    controllers: [HealthController],
    providers: [BlossomCacheHealthIndicator],
  })(Root);
  const app = await NestFactory.create(Root, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  closing.push(() => app.close());
  const { port } = app.getHttpServer().address() as AddressInfo;
  const check = async (options: CacheHealthOptions = {}): Promise<Report> => {
    const began = performance.now();
    const answer = await fetch(
      `http://127.0.0.1:${port}/health?${new URLSearchParams(Object.entries(options)).toString()}`,
    );
    const report = (await answer.json()) as Report;
    return { ...report, httpStatus: answer.status, ms: performance.now() - began };
  };
  return { app, check, cache: caches[0]?.name === undefined ? app.get(CacheService) : undefined };
}

const over = ({ port }: RedisServer) => ({ host: '127.0.0.1', port, commandTimeout: `${TIMEOUT}ms` as const });
const ALL_WELL = { httpStatus: 200, status: 'ok', details: { cache: { status: 'up' } } };

describe('the health of a cache over a real server, asked over HTTP', () => {
  it.each([
    ['redis', 'nothing is cached', 'down'],
    ['hybrid', 'memory alone works', 'degraded'],
  ] as const)('%s, which is frozen: answers in time, and is up again by itself', async (backend, words, state) => {
    const server = await RedisServer.start();
    const redis = over(server);
    const { check, cache } = await site(backend === 'redis' ? { backend, ...redis } : { backend, memory: {}, redis });
    await cache!.set('k', 'v');
    expect(await check()).toMatchObject(ALL_WELL);

    server.freeze();
    const frozen = await check();
    expect(frozen).toMatchObject({ httpStatus: 200, status: 'ok' });
    expect(frozen.details['cache']).toEqual({
      status: 'up',
      degraded: true,
      reason: expect.stringMatching(new RegExp(`^${words}: .+`)),
      pendingEvictions: 0,
    });
    expect(frozen.ms).toBeLessThan(BOUND);
    await cache!.delete('k');
    const answers = await Promise.all(Array.from({ length: 20 }, () => check({ downWhen: 'degraded' })));
    for (const { httpStatus, status, details, ms } of answers) {
      expect([httpStatus, status, details['cache']!['status']]).toEqual([503, 'error', 'down']);
      expect(details['cache']!['pendingEvictions']).toBe(1);
      expect(ms).toBeLessThan(BOUND);
    }
    expect((await check({ downWhen: 'down' })).httpStatus).toBe(state === 'down' ? 503 : 200);

    server.thaw();
    await eventually('it is well', async () => (await check()).details['cache']!['degraded'] === undefined);
    expect(await check()).toMatchObject(ALL_WELL);
  });

  it('which is killed, and comes back', async () => {
    const server = await RedisServer.start();
    const { check } = await site({ backend: 'redis', ...over(server) });
    expect(await check()).toMatchObject(ALL_WELL);
    await server.kill();
    const killed = await check({ downWhen: 'down' });
    expect(killed).toMatchObject({ httpStatus: 503, details: { cache: { status: 'down', degraded: true } } });
    expect(killed.ms).toBeLessThan(BOUND);
    await server.restart();
    await eventually('it is well', async () => (await check({ downWhen: 'down' })).httpStatus === 200);
  });

  it('which is not there when the application starts: nobody else has asked it', async () => {
    const server = await RedisServer.start();
    await server.kill();
    const { check } = await site({ backend: 'redis', ...over(server) });
    expect((await check()).details['cache']).toMatchObject({ status: 'up', degraded: true });
  });

  it('which reads and does not store', async () => {
    const server = await RedisServer.start();
    const { check } = await site({ backend: 'redis', ...over(server) });
    expect(await check()).toMatchObject(ALL_WELL);
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', '3');
    expect((await check()).details['cache']).toMatchObject({ degraded: true });
  });
});

describe('the health of a cache', () => {
  it('is up in memory, in files and when it is off', async () => {
    const cacheDir = mkdtempSync(join(tmpdir(), 'blossom-health-'));
    closing.push(() => rmSync(cacheDir, { recursive: true }));
    const { check } = await site({}, { name: 'files', backend: 'file', cacheDir }, { name: 'off', enabled: false });
    for (const cache of [undefined, 'files', 'off']) {
      expect(await check(cache === undefined ? {} : { cache })).toMatchObject(ALL_WELL);
    }
  });

  it('is known in time where the backend says nothing at all', async () => {
    const faults = new Faults();
    const { check, app } = await site({ faults });
    faults.cut({ kind: 'hang' });
    const began = performance.now();
    expect(await app.get(CacheService).health()).toEqual({
      status: 'down',
      reason: 'no answer within 500 ms',
      pendingEvictions: 0,
    });
    expect(performance.now() - began).toBeLessThan(500 + 800);
    expect((await check({ downWhen: 'down' })).httpStatus).toBe(503);
    faults.heal();
    await eventually('it is well', async () => (await check()).details['cache']!['degraded'] === undefined);
  });

  it('asks the backend once for all who want to know', async () => {
    const faults = new Faults();
    const { app } = await site({ faults });
    const cache = app.get(CacheService);
    await Promise.all(Array.from({ length: 10 }, () => cache.health()));
    expect(faults.asked.map(({ operation }) => operation).toSorted()).toEqual(['lease', 'read', 'release']);
    expect(await cache.getStats()).toMatchObject({ hits: 0, misses: 0, sets: 0, errors: 0, size: 0 });
  });

  it('of which only a check finds out that it is bad, becomes good without another one', async () => {
    const [clock, faults] = [new FakeClock(), new Faults()];
    const { app } = await site({ clock, faults });
    const states: string[] = [];
    const cache = app.get(CacheService);
    for (const state of ['outage', 'recovery'] as const) cache.events.on(state, () => states.push(state));
    faults.cut();
    expect((await cache.health()).status).toBe('down');
    faults.heal();
    await clock.pass(1_000);
    expect(states).toEqual(['outage', 'recovery']);
  });

  it('of a cache that there is not is an error that says so', async () => {
    const { app } = await site({ name: 'users' });
    const indicator = app.get(BlossomCacheHealthIndicator);
    await expect(indicator.isHealthy('c')).rejects.toThrow(
      /there is no such cache: import BlossomCacheModule.forRoot\(\)/,
    );
    await expect(indicator.isHealthy('c', { cache: 'user' })).rejects.toThrow(/forRoot\(\{ name: 'user' \}\)/);
    await expect(indicator.isHealthy('c', { downWhen: 'always' as 'never' })).rejects.toThrow(
      /one of never, down, degraded/,
    );
  });
});
