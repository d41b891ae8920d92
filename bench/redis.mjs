// Caches on Redis, side by side, against the bare client: reads one after another and fifty at a time, writes, batches, and
// hits that are kept near. Values of 1 kB; every contender in every round, so that whatever else the machine does meets all.
// It starts a redis-server of its own.
import 'reflect-metadata';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import KeyvRedis from '@keyv/redis';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createClient } from '@redis/client';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { createCache as createCacheManager } from 'cache-manager';
import { Keyv } from 'keyv';
import { BlossomCacheModule, CacheService } from '../dist/index.js';
import { Redis } from 'ioredis';

const HOUR = 3_600_000;
const KEYS = 1_000;
const AT_ONCE = 50;
/** Milliseconds of each measurement. */
const SPAN = Number(process.env.SPAN ?? 400);
const ROUNDS = Number(process.env.REDIS_ROUNDS ?? 7);

const keys = Array.from({ length: KEYS }, (_, i) => `user:${i}`);
const value = { id: 1, name: 'Ada', tags: ['a', 'b'], text: 'x'.repeat(950) };

async function startRedis() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn(process.env.REDIS_SERVER ?? 'redis-server', args, { stdio: 'ignore' });
  return { port, stop: () => server.kill('SIGKILL') };
}

async function bare(port) {
  const client = createClient({ socket: { port }, commandOptions: { timeout: 0 } });
  for (;;) {
    try {
      await client.connect();
      break;
    } catch {
      // It is not up yet.
    }
  }
  const text = JSON.stringify(value);
  return {
    get: async (key) => JSON.parse(await client.get(`bare:${key}`)),
    set: (key) => client.set(`bare:${key}`, text, { PX: HOUR }),
    getMany: async (some) => (await client.mGet(some.map((key) => `bare:${key}`))).map((found) => JSON.parse(found)),
    close: () => client.destroy(),
  };
}

async function blossom(options, tags) {
  class App {}
  Module({ imports: [BlossomCacheModule.forRoot(options)] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const cache = app.get(CacheService);
  return {
    get: (key) => cache.get(key),
    set: (key) => cache.set(key, value, { tags }),
    getMany: (some) => cache.getMany(some),
    close: () => app.close(),
  };
}

function bento(layers) {
  const cache = new BentoCache({ default: 'redis', stores: { redis: layers } });
  return {
    get: (key) => cache.get({ key }),
    set: (key) => cache.set({ key, value, ttl: HOUR }),
    close: () => cache.disconnectAll(),
  };
}

async function contenders(port) {
  const manager = createCacheManager({ stores: [new Keyv({ store: new KeyvRedis(`redis://127.0.0.1:${port}`) })] });
  const connection = () => new Redis({ port });
  const place = { host: '127.0.0.1', port };
  return {
    'bare client, GET and JSON.parse': await bare(port),
    'blossom redis': await blossom({ backend: 'redis', ...place, prefix: 'far' }),
    'blossom redis, tagged': await blossom({ backend: 'redis', ...place, prefix: 'tagged' }, ['a', 'b']),
    'blossom redis, client of ioredis': await blossom({ backend: 'redis', client: connection(), prefix: 'io' }),
    'blossom hybrid': await blossom({ backend: 'hybrid', memory: { maxSize: 10_000 }, redis: place, prefix: 'near' }),
    'blossom memory': await blossom({ maxSize: 10_000 }),
    'cache-manager + @keyv/redis': {
      get: (key) => manager.get(key),
      set: (key) => manager.set(key, value, HOUR),
      getMany: (some) => manager.mget(some),
      close: () => manager.disconnect(),
    },
    'bentocache + redis': bento(bentostore().useL2Layer(redisDriver({ connection: connection() }))),
    'bentocache memory + redis + bus': bento(
      bentostore()
        .useL1Layer(memoryDriver({ maxItems: 10_000 }))
        .useL2Layer(redisDriver({ connection: connection() }))
        .useBus(redisBusDriver({ connection: { port } })),
    ),
  };
}

/** Operations per second, so many at a time, over keys in an order that jumps. */
async function rate(operation, atOnce) {
  const begin = performance.now();
  let done = 0;
  const work = async () => {
    while (performance.now() - begin < SPAN) {
      for (let i = 0; i < 10; i += 1) {
        done += 1;
        await operation(keys[(done * 7_919) % KEYS]);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return (done * 1_000) / (performance.now() - begin);
}

const hundred = keys.slice(0, 100);
const MEASURES = {
  'get/s': ({ get }) => rate(get, 1),
  'get/s, 50 at once': ({ get }) => rate(get, AT_ONCE),
  'set/s, 50 at once': ({ set }) => rate(set, AT_ONCE),
  'getMany of 100/s': ({ getMany }) => getMany && rate(() => getMany(hundred), 5),
};

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const redis = await startRedis();
const all = await contenders(redis.port);
for (const { set } of Object.values(all)) await Promise.all(keys.map((key) => set(key)));
for (const { get } of Object.values(all)) for (const key of keys) await get(key);
const rates = Object.fromEntries(Object.keys(all).map((name) => [name, {}]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [measure, run] of Object.entries(MEASURES)) {
    for (const [name, cache] of Object.entries(all)) {
      const measured = await run(cache);
      if (measured !== undefined) (rates[name][measure] ??= []).push(measured);
    }
    // What was written is near again before it is read.
    for (const key of keys) await all['blossom hybrid'].get(key);
  }
}
const [floor] = Object.keys(all);
console.log(`\nCaches on Redis: Node ${process.version}, ${KEYS} keys of 1 kB, median of ${ROUNDS} rounds\n`);
console.table(
  Object.fromEntries(
    Object.entries(rates).map(([name, measured]) => {
      const shown = Object.entries(measured).map(([measure, values]) => [measure, Math.round(median(values))]);
      const ratio = median(measured['get/s, 50 at once']) / median(rates[floor]['get/s, 50 at once']);
      return [name, { ...Object.fromEntries(shown), '50 at once: x bare client': +ratio.toFixed(2) }];
    }),
  ),
);
await Promise.allSettled(Object.values(all).map(({ close }) => close()));
redis.stop();
process.exit(0);
