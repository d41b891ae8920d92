// A cache in files at a million entries of 1 kB: reads, writes, opening after a close and after kill -9; and the delay of
// the event loop while three processes write 100 kB values as fast as they can.
import 'reflect-metadata';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BlossomCacheModule, CacheService } from '../dist/index.js';

const ENTRIES = Number(process.env.ENTRIES ?? 1_000_000);
const SECONDS = Number(process.env.SECONDS ?? 10);
const value = { text: 'x'.repeat(1_000) };
const large = { text: 'y'.repeat(100_000) };

async function open(cacheDir) {
  class App {}
  Module({ imports: [BlossomCacheModule.forRoot({ backend: 'file', cacheDir, maxSizeMb: 8_192, ttl: '7d' })] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  return { app, cache: app.get(CacheService) };
}

async function timed(label, times, work) {
  const begin = performance.now();
  await work();
  const took = performance.now() - begin;
  console.log(`${label}: ${times === 1 ? `${took.toFixed(1)} ms` : `${Math.round((times * 1_000) / took)}/s`}`);
}

function batch(from, step) {
  return Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${((from + i) * step) % ENTRIES}`, value]));
}

async function million(cacheDir) {
  let { app, cache } = await open(cacheDir);
  await timed('setMany of new keys', ENTRIES, async () => {
    for (let i = 0; i < ENTRIES; i += 1_000) await cache.setMany(batch(i, 1));
  });
  await timed('get', 100_000, async () => {
    for (let i = 0; i < 100_000; i += 1) await cache.get(`k${(i * 7_919) % ENTRIES}`);
  });
  await timed('setMany of keys that are there', 50_000, async () => {
    for (let i = 0; i < 50_000; i += 1_000) await cache.setMany(batch(i, 104_729));
  });
  await timed('getStats', 1, () => cache.getStats());
  await timed('close', 1, () => app.close());
  await timed('open and get, after a close', 1, async () => {
    ({ app, cache } = await open(cacheDir));
    await cache.get('k1');
  });
  await app.close();
  const writer = fork(fileURLToPath(import.meta.url), ['write', cacheDir, '1']);
  await once(writer, 'message');
  writer.kill('SIGKILL');
  await once(writer, 'exit');
  await timed('open, get and set, after kill -9', 1, async () => {
    ({ app, cache } = await open(cacheDir));
    await cache.get('k1');
    await cache.set('k1', value);
  });
  await app.close();
}

/** Writes until it is killed or for so many seconds; tells the delays of its event loop. */
async function write(cacheDir, seconds) {
  const { app, cache } = await open(cacheDir);
  await cache.set('warm', large);
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const end = performance.now() + seconds * 1_000;
  let writes = 0;
  const work = async (lane) => {
    for (; performance.now() < end; writes += 1) {
      await cache.set(`${process.pid}:${lane}:${writes % 50}`, seconds > 1 ? large : value);
      if (seconds === 1 && writes === 2_000) process.send({});
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, lane) => work(lane)));
  delays.disable();
  const ms = (nanoseconds) => +(nanoseconds / 1e6).toFixed(1);
  const [p99, p999, max] = [delays.percentile(99), delays.percentile(99.9), delays.max].map(ms);
  if (seconds > 1) process.send({ 'writes/s': Math.round(writes / seconds), p99, 'p99.9': p999, max });
  await app.close();
  process.disconnect();
}

async function threeWriters(cacheDir) {
  const writers = [1, 2, 3].map(() => fork(fileURLToPath(import.meta.url), ['write', cacheDir, String(SECONDS)]));
  const told = await Promise.all(writers.map(async (writer) => (await once(writer, 'message'))[0]));
  console.log('\nThree processes writing 100 kB values, 8 at a time each; delays of their event loops in ms\n');
  console.table(told);
}

const [, , command, directory, seconds] = process.argv;
if (command === 'write') await write(directory, Number(seconds));
else {
  const made = mkdtempSync(join(tmpdir(), 'bench-scale-'));
  console.log(`Node ${process.version}, ${ENTRIES} entries of 1 kB\n`);
  await million(join(made, 'million'));
  await threeWriters(join(made, 'writers'));
  rmSync(made, { recursive: true, force: true });
}
