import { afterEach, describe, expect, it } from 'vitest';
import { BlossomCacheModule, CacheService, type BlossomCacheOptions } from '../../../lib/index.js';
import { BlossomCacheOtelModule, type OtelOptions } from '../../../lib/otel/index.js';
import { FakeClock, Faults } from '../../../lib/testing/index.js';
import { RedisServer, stopServers } from '../../support/redis/redis-server.js';
import { boot, refusal } from '../module/module-rig.js';
import { collect } from './otel-rig.js';

afterEach(() => stopServers());

async function measured(options: BlossomCacheOptions = {}, otel: OtelOptions = {}) {
  const { app } = await boot([BlossomCacheModule.forRoot(options), BlossomCacheOtelModule.forRoot(otel)]);
  return { app, cache: app.get(CacheService) };
}

/** Values by name and labels, without the cache's name. */
async function values(): Promise<Record<string, unknown>> {
  const { points } = await collect();
  return Object.fromEntries(
    points.map(({ name, value, attributes }) => {
      const labels = Object.keys(attributes).filter((label) => label !== 'blossom.cache.name');
      return [[name.replace('blossom.cache.', ''), ...labels.map((label) => attributes[label])].join(' '), value];
    }),
  );
}

describe('metrics', () => {
  it('say what the statistics say', async () => {
    const clock = new FakeClock();
    const { cache } = await measured({ maxSize: 2, clock });
    await cache.setMany({ a: 1, b: 2, c: 3 });
    await cache.get('c');
    await cache.get('nobody');
    await cache.getOrSet('d', async () => void clock.advance(1_500));
    await cache.getOrSet('e', () => Promise.reject(new Error('no'))).catch(() => {});
    await cache.delete('d');
    expect(await values()).toEqual({
      'requests hit': 1,
      'requests miss': 3,
      stale_hits: 0,
      sets: 4,
      deletes: 1,
      'loads success': 1,
      'loads failure': 1,
      'load.time': 1.5,
      errors: 0,
      outages: 0,
      'backend.down': 0,
      'evictions memory size': 2,
      'evictions memory bytes': 0,
      'expirations memory': 0,
      'entries memory': 1,
      pending_evictions: 0,
    });
  });

  it('have units, and labels of a number that is known', async () => {
    const { port } = await RedisServer.start();
    const { cache } = await measured({
      backend: 'hybrid',
      memory: { maxSizeMb: 1 },
      redis: { host: '127.0.0.1', port },
    });
    await cache.namespace('secret namespace').set('secret key', 'secret value', { tags: ['secret tag'] });
    const { points, units } = await collect();
    expect(units).toEqual({
      'blossom.cache.requests': '{request}',
      'blossom.cache.stale_hits': '{request}',
      'blossom.cache.sets': '{entry}',
      'blossom.cache.deletes': '{entry}',
      'blossom.cache.loads': '{load}',
      'blossom.cache.load.time': 's',
      'blossom.cache.errors': '{error}',
      'blossom.cache.outages': '{outage}',
      'blossom.cache.backend.down': '1',
      'blossom.cache.tier.requests': '{request}',
      'blossom.cache.evictions': '{entry}',
      'blossom.cache.expirations': '{entry}',
      'blossom.cache.entries': '{entry}',
      'blossom.cache.size': 'By',
      'blossom.cache.pending_evictions': '{eviction}',
    });
    const labels = new Set(points.flatMap(({ attributes }) => Object.keys(attributes)));
    expect([...labels].toSorted()).toEqual([
      'blossom.cache.eviction.cause',
      'blossom.cache.load.outcome',
      'blossom.cache.name',
      'blossom.cache.result',
      'blossom.cache.tier',
    ]);
    expect(JSON.stringify(points)).not.toContain('secret');
  });

  it('of a hybrid tell its tiers apart', async () => {
    const { port } = await RedisServer.start();
    const { cache } = await measured({ backend: 'hybrid', memory: {}, redis: { host: '127.0.0.1', port } });
    await cache.get('k');
    await cache.set('k', 'v');
    for (let i = 0; i < 3; i += 1) await cache.get('k');
    const { tiers } = await cache.getStats();
    const told = await values();
    expect(told).toMatchObject({ 'requests hit': 3, 'requests miss': 1, 'entries memory': 1 });
    for (const tier of ['memory', 'redis']) {
      expect(told[`tier.requests ${tier} hit`]).toBe(tiers![tier]!.hits);
      expect(told[`tier.requests ${tier} miss`]).toBe(tiers![tier]!.misses);
    }
    expect(told).not.toHaveProperty('entries redis');
  });

  it('never get less, though the statistics are reset', async () => {
    const { cache } = await measured({ maxSize: 1 });
    await cache.setMany({ a: 1, b: 2 });
    await cache.get('b');
    await cache.getOrSet('c', () => 1);
    const before = await values();
    cache.resetStats();
    expect(await values()).toEqual(before);
    await cache.get('c');
    expect(await values()).toEqual({ ...before, 'requests hit': 2 });
  });

  it('say that the backend is down, and add no errors of their own to it', async () => {
    const faults = new Faults();
    const { cache } = await measured({ faults });
    faults.cut();
    await cache.get('k');
    const told = await values();
    expect(told).toMatchObject({ errors: 1, outages: 1, 'backend.down': 1 });
    expect(told).not.toHaveProperty('entries memory');
    expect(await values()).toEqual(told);
  });

  it('cost nothing until somebody collects them', async () => {
    const faults = new Faults();
    const { cache } = await measured({ faults });
    await cache.get('k');
    expect(faults.asked.map(({ operation }) => operation)).toEqual(['read']);
    await collect();
    expect(faults.asked.map(({ operation }) => operation)).toEqual(['read', 'measure']);
  });

  it('are told once more after the application has ended, and then no more', async () => {
    const { app, cache } = await measured();
    await cache.set('k', 1);
    await app.close();
    expect(await values()).toMatchObject({ sets: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    cache.resetStats();
    expect(await values()).toMatchObject({ sets: 1 });
  });

  it('are of no cache that is off, and none when they are not wanted', async () => {
    await measured({ enabled: false });
    expect(await values()).toEqual({});
    await measured({ name: 'other' } as BlossomCacheOptions, { metrics: false }).catch(() => {});
    expect(await values()).toEqual({});
  });
});

describe('BlossomCacheOtelModule refuses', () => {
  it.each([
    [{ metrics: 'yes' }, 'BlossomCacheOtelModule: metrics must be true or false'],
    [{ meterProvider: {} }, 'BlossomCacheOtelModule: meterProvider must be an object with getMeter()'],
    [{ tracerProvider: null }, 'BlossomCacheOtelModule: tracerProvider must be an object with getTracer()'],
    [null, 'BlossomCacheOtelModule: options must be an object such as { traces: false }'],
  ])('%o', (options, message) => {
    expect(() => BlossomCacheOtelModule.forRoot(options as never)).toThrow(message);
  });

  it('options that there are not', () => {
    expect(() => BlossomCacheOtelModule.forRoot({ metric: true } as never)).toThrow(/unknown option 'metric'/);
  });

  it('an application without a cache', async () => {
    const error = await refusal(boot([BlossomCacheOtelModule.forRoot()]));
    expect(error.message).toBe('BlossomCacheOtelModule: there is no cache: import BlossomCacheModule.forRoot()');
  });
});
