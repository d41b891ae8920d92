// One of the caches that redis.mjs compares, in a process of its own as in an application: neither its code nor its garbage
// meets that of another. It measures what its parent asks for, one thing at a time.
import 'reflect-metadata';
import KeyvRedis from '@keyv/redis';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createClient } from '@redis/client';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { createCache as createCacheManager } from 'cache-manager';
import { Redis } from 'ioredis';
import { Keyv } from 'keyv';
import { BlossomCacheModule, CacheService } from '../dist/index.js';

const HOUR = 3_600_000;
const AT_ONCE = 50;
/** Milliseconds of each measurement, and of what is done before it to get going. */
const SPAN = Number(process.env.SPAN ?? 200);
const RUN_UP = SPAN / 10;

const port = Number(process.env.REDIS_PORT);
const keys = Array.from({ length: 1_000 }, (_, i) => `user:${i}`);
const hundred = keys.slice(0, 100);
const value = { id: 1, name: 'Ada', tags: ['a', 'b'], text: 'x'.repeat(950) };

async function bare() {
  const client = createClient({ socket: { port }, commandOptions: { timeout: 0 } });
  await client.connect();
  const text = JSON.stringify(value);
  return {
    get: async (key) => JSON.parse(await client.get(`bare:${key}`)),
    set: (key) => client.set(`bare:${key}`, text, { PX: HOUR }),
    getMany: async (some) => (await client.mGet(some.map((key) => `bare:${key}`))).map((found) => JSON.parse(found)),
  };
}

async function blossom(options, tags) {
  class App {}
  Module({ imports: [BlossomCacheModule.forRoot(options)] })(App);
  const cache = (await NestFactory.createApplicationContext(App, { logger: false })).get(CacheService);
  return {
    get: (key) => cache.get(key),
    set: (key) => cache.set(key, value, { tags }),
    getMany: (some) => cache.getMany(some),
  };
}

function bento(layers) {
  const cache = new BentoCache({ default: 'redis', stores: { redis: layers } });
  return { get: (key) => cache.get({ key }), set: (key) => cache.set({ key, value, ttl: HOUR }) };
}

function cacheManager() {
  const manager = createCacheManager({ stores: [new Keyv({ store: new KeyvRedis(`redis://127.0.0.1:${port}`) })] });
  return {
    get: (key) => manager.get(key),
    set: (key) => manager.set(key, value, HOUR),
    getMany: (some) => manager.mget(some),
  };
}

const place = { host: '127.0.0.1', port };
const connection = () => new Redis({ port });
const far = () => redisDriver({ connection: connection() });

/** The first is the floor. */
const CONTENDERS = {
  'bare client, GET and JSON.parse': bare,
  'blossom redis': () => blossom({ backend: 'redis', ...place, prefix: 'far' }),
  'blossom redis, tagged': () => blossom({ backend: 'redis', ...place, prefix: 'tagged' }, ['a', 'b']),
  'blossom redis, client of ioredis': () => blossom({ backend: 'redis', client: connection(), prefix: 'io' }),
  'blossom hybrid': () => blossom({ backend: 'hybrid', memory: { maxSize: 10_000 }, redis: place, prefix: 'near' }),
  'blossom memory': () => blossom({ maxSize: 10_000 }),
  'cache-manager + @keyv/redis': cacheManager,
  'bentocache + redis': () => bento(bentostore().useL2Layer(far())),
  'bentocache memory + redis + bus': () =>
    bento(
      bentostore()
        .useL1Layer(memoryDriver({ maxItems: 10_000 }))
        .useL2Layer(far())
        .useBus(redisBusDriver({ connection: { port } })),
    ),
};

const MEASURES = {
  'get/s': ({ get }) => rate(get, 1),
  'µs of CPU for a get': ({ get }) => cpuTime(get),
  'get/s, 50 at once': ({ get }) => rate(get, AT_ONCE),
  'set/s, 50 at once': async ({ get, set }) => {
    const measured = await rate(set, AT_ONCE);
    // What was written is near again before it is read.
    for (const key of keys) await get(key);
    return measured;
  },
  'getMany of 100/s': ({ getMany }) => (getMany === undefined ? null : rate(() => getMany(hundred), 5)),
};

/** Operations per second, so many at a time. */
async function rate(operation, atOnce) {
  await repeat(operation, atOnce, RUN_UP);
  return repeat(operation, atOnce, SPAN);
}

/** Microseconds for which this process works for one operation, one after another; the rest of the time it waits. */
async function cpuTime(operation) {
  await repeat(operation, 1, RUN_UP);
  const before = process.cpuUsage();
  const begin = performance.now();
  const each = await repeat(operation, 1, SPAN);
  const done = (each * (performance.now() - begin)) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return (user + system) / done;
}

/** Over keys in an order that jumps. */
async function repeat(operation, atOnce, span) {
  const begin = performance.now();
  let done = 0;
  const work = async () => {
    while (performance.now() - begin < span) {
      for (let i = 0; i < 10; i += 1) {
        done += 1;
        await operation(keys[(done * 7_919) % keys.length]);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return (done * 1_000) / (performance.now() - begin);
}

if (process.send === undefined) throw new Error('this is started by redis.mjs');
process.once('disconnect', () => process.exit());
if (process.env.CONTENDER === undefined) {
  process.send({ contenders: Object.keys(CONTENDERS), measures: Object.keys(MEASURES) });
} else {
  const contender = await CONTENDERS[process.env.CONTENDER]();
  // One by one: what V8 learns from a thousand that wait at once about how long they live would slow down all that follows.
  for (const key of keys) await contender.set(key);
  for (const key of keys) await contender.get(key);
  process.on('message', async (measure) => process.send(await MEASURES[measure](contender)));
  process.send('ready');
}
