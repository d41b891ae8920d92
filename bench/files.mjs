// Caches in files, side by side: reads one after another and fifty at a time, writes of keys that are there and of new ones
// fifty at a time, of values of 1 kB.
import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BentoCache, bentostore } from 'bentocache';
import { fileDriver } from 'bentocache/drivers/file';
import cacache from 'cacache';
import fsHash from 'cache-manager-fs-hash';
import { Keyv } from 'keyv';
import { KeyvFile } from 'keyv-file';
import { BlossomCacheModule, CacheService } from '../dist/index.js';

const HOUR = 3_600_000;
const KEYS = 1_000;
const AT_ONCE = 50;
/** Milliseconds of each measurement. */
const SPAN = Number(process.env.SPAN ?? 400);
const ROUNDS = Number(process.env.FILE_ROUNDS ?? 5);

const keys = Array.from({ length: KEYS }, (_, i) => `user:${i}`);
const value = { id: 1, name: 'Ada', tags: ['a', 'b'], text: 'x'.repeat(950) };

async function blossom(options) {
  class App {}
  Module({ imports: [BlossomCacheModule.forRoot(options)] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const cache = app.get(CacheService);
  return { get: (key) => cache.get(key), set: (key) => cache.set(key, value), close: () => app.close() };
}

async function contenders(directory) {
  const bento = new BentoCache({
    default: 'file',
    stores: { file: bentostore().useL2Layer(fileDriver({ directory: join(directory, 'bento') })) },
  });
  const hash = new fsHash.DiskStore({ path: join(directory, 'hash'), ttl: HOUR });
  const keyv = new Keyv({ store: new KeyvFile({ filename: join(directory, 'keyv', 'all.json') }), ttl: HOUR });
  const store = join(directory, 'cacache');
  return {
    'blossom file': await blossom({ backend: 'file', cacheDir: join(directory, 'blossom') }),
    'blossom hybrid': await blossom({
      backend: 'hybrid',
      memory: { maxSize: 10_000 },
      file: { cacheDir: join(directory, 'hybrid') },
    }),
    bentocache: {
      get: (key) => bento.get({ key }),
      set: (key) => bento.set({ key, value, ttl: HOUR }),
      close: () => bento.disconnectAll(),
    },
    cacache: {
      get: async (key) => JSON.parse((await cacache.get(store, key)).data),
      set: (key) => cacache.put(store, key, JSON.stringify(value)),
      close: async () => {},
    },
    'cache-manager-fs-hash': {
      get: (key) => hash.get(key),
      set: (key) => hash.set(key, value, HOUR),
      close: async () => {},
    },
    'keyv-file (all in memory)': {
      get: (key) => keyv.get(key),
      set: (key) => keyv.set(key, value),
      close: () => keyv.disconnect(),
    },
  };
}

/** Operations per second, so many at a time, over keys in an order that jumps. */
async function rate(operation, atOnce) {
  const begin = performance.now();
  let done = 0;
  const work = async () => {
    while (performance.now() - begin < SPAN) {
      done += 1;
      await operation(keys[(done * 7_919) % KEYS]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return (done * 1_000) / (performance.now() - begin);
}

let fresh = 0;

const MEASURES = {
  'get/s': ({ get }) => rate(get, 1),
  'get/s, 50 at once': ({ get }) => rate(get, AT_ONCE),
  'set/s, 50 at once': ({ set }) => rate(set, AT_ONCE),
  'set/s of new keys': ({ set }) => rate((key) => set(`${key}-${(fresh += 1)}`), AT_ONCE),
};

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const directory = mkdtempSync(join(tmpdir(), 'bench-files-'));
const all = await contenders(directory);
for (const { set } of Object.values(all)) await Promise.all(keys.map((key) => set(key)));
const rates = Object.fromEntries(Object.keys(all).map((name) => [name, {}]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [measure, run] of Object.entries(MEASURES)) {
    for (const [name, cache] of Object.entries(all)) (rates[name][measure] ??= []).push(await run(cache));
  }
}
console.log(`\nCaches in files: Node ${process.version}, ${KEYS} keys of 1 kB, median of ${ROUNDS} rounds\n`);
console.table(
  Object.fromEntries(
    Object.entries(rates).map(([name, measured]) => [
      name,
      Object.fromEntries(Object.entries(measured).map(([measure, values]) => [measure, Math.round(median(values))])),
    ]),
  ),
);
for (const { close } of Object.values(all)) await close();
rmSync(directory, { recursive: true, force: true });
