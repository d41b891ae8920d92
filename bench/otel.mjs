// What watching costs a hit in memory: one cache with OpenTelemetry's real SDK behind metrics and spans, one with none, side by side
// in every round. The last line is a load of nothing, with a span that is recorded and without.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { BlossomCacheModule, CacheService } from '../dist/index.js';
import { BlossomCacheOtelModule } from '../dist/otel/index.js';

const KEYS = 1_000;
const ROUNDS = Number(process.env.ROUNDS ?? 21);
const HITS = Number(process.env.OPERATIONS ?? 200_000);
const LOADS = HITS / 20;

class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}
const nobody = { export: (_spans, done) => done({ code: 0 }), shutdown: async () => {} };
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(nobody)] }));
const reader = new Reader();
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

const keys = Array.from({ length: KEYS }, (_, i) => `user:${i}`);

async function open(imports) {
  class App {}
  Module({ imports: [BlossomCacheModule.forRoot({ maxSize: 100_000, monitor: imports.length > 0 }), ...imports] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const cache = app.get(CacheService);
  for (const key of keys) await cache.set(key, { key });
  return { app, cache };
}

async function round(count, call) {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < count; i += 1) await call(i);
  return Number(process.hrtime.bigint() - begin) / count;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const load = async () => 1;

const off = await open([]);
const on = await open([BlossomCacheOtelModule.forRoot()]);
const measured = [];
for (const [what, { cache }] of Object.entries({ off, on })) {
  measured.push(
    { name: `get, a hit, ${what}`, count: HITS, call: (i) => cache.get(keys[i % KEYS]), times: [] },
    { name: `getOrSet, a hit, ${what}`, count: HITS, call: (i) => cache.getOrSet(keys[i % KEYS], load), times: [] },
    { name: `getOrSet, a load, ${what}`, count: LOADS, call: () => cache.getOrSet('k', load, { ttl: 0 }), times: [] },
  );
}
const pairs = measured.slice(0, measured.length / 2).map((off, i) => [off, measured[i + measured.length / 2]]);
// Hits by themselves: what loads leave behind is collected at some time.
for (const pair of pairs) {
  for (const { count, call } of pair) await round(count, call);
  for (let i = 0; i < ROUNDS; i += 1) {
    // Who goes first changes from round to round.
    for (const one of i % 2 === 0 ? pair : pair.toReversed()) one.times.push(await round(one.count, one.call));
    await reader.collect();
  }
}
const table = pairs.map(([off, on]) => {
  const [without, watched] = [median(off.times), median(on.times)];
  const row = { 'off, ns': Math.round(without), 'on, ns': Math.round(watched), ratio: +(watched / without).toFixed(2) };
  return [off.name.replace(', off', ''), row];
});
console.log(`Node ${process.version}, ${ROUNDS} rounds of ${HITS} hits and ${LOADS} loads, median\n`);
console.table(Object.fromEntries(table));
await Promise.all([off.app.close(), on.app.close()]);
