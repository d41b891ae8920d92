// One node of a fleet: does by chance what users of a cache do, and keeps a journal of it that survives `kill -9`.
import 'reflect-metadata';
import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { serve, settings } from '../../../fault/child/serve.mjs';

const lib = process.env.BLOSSOM_LIB;
const { BlossomCacheModule, CacheBackendError, CacheService, CacheTimeoutError } = await import(`${lib}index.js`);
const { Random, Recorder } = await import(`${lib}testing/index.js`);

const { name, seed, options, journal, pause } = settings;
const random = new Random(seed);
/** Calls that are under way at once at most. */
const AT_ONCE = 8;
/** Milliseconds after which nothing is added to the record of something that is over. */
const SETTLED = 2_000;
/** Milliseconds for which one counter is in use. */
const COUNTED = 2_000;
/** Milliseconds between two looks at what has changed. */
const LOOK = 20;
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const TAGS = ['x', 'y', 'z'];
const TTLS = ['200ms', '700ms', '2s', '20s'];
const TERMS = [
  { grace: 0 },
  { grace: 0 },
  { grace: 0, forceFresh: true },
  { grace: '5s', graceBackoff: '50ms' },
  { grace: '5s', graceBackoff: '50ms', softTimeout: '5ms' },
  { grace: '5s', graceBackoff: '50ms', softTimeout: '5ms', hardTimeout: '15ms' },
  { grace: 0, hardTimeout: '15ms' },
  { grace: '1s', graceBackoff: '50ms', refreshAhead: 0.3 },
];

class Root {}
Module({ imports: [BlossomCacheModule.forRoot(options)] })(Root);
const app = await NestFactory.createApplicationContext(Root, { logger: false });
const recorder = new Recorder(undefined, look);
const cache = recorder.watch(name, app.get(CacheService));
const counters = cache.namespace('counters');

const file = openSync(journal, 'a');
const open = new Map();
let seen = 0;
/** Milliseconds for which this process was kept from running. */
let stall = 0;

function note(some) {
  const { history } = recorder;
  for (; seen < history.length; seen += 1) some.add(seen);
  let lines = '';
  for (const index of some) {
    const json = JSON.stringify(history[index]);
    if (open.get(index) !== json) lines += `${JSON.stringify({ index, record: history[index] })}\n`;
    open.set(index, json);
  }
  if (lines !== '') writeSync(file, lines);
}

/** Everything that may have changed since. */
function look() {
  const now = Number(process.hrtime.bigint()) / 1e6;
  note(new Set(open.keys()));
  const { history } = recorder;
  for (const index of open.keys()) {
    const { end, acknowledged } = history[index];
    if (end !== null && acknowledged !== null && now - end > SETTLED) open.delete(index);
  }
}

/** What has just begun is in the journal before anybody else can hear of it. */
function noted(operation) {
  note(new Set());
  return operation;
}

function tags() {
  return TAGS.filter(() => random.chance(0.25));
}

async function load(context, late) {
  note(new Set());
  await sleep(random.integer(0, 30));
  if (random.chance(0.15)) throw new Error('the source failed');
  if (context.hasStale && random.chance(0.1)) return context.notModified();
  if (random.chance(0.05)) context.skip();
  context.setTags(late);
  return 'loaded';
}

const DEEDS = {
  getOrSet: () => {
    const late = tags();
    const terms = { ...random.pick(TERMS), ttl: random.pick(TTLS), tags: tags() };
    return cache.getOrSet(random.pick(KEYS), (context) => load(context, late), terms);
  },
  get: () => cache.get(random.pick(KEYS)),
  set: () => cache.set(random.pick(KEYS), 'set', { ttl: random.pick(TTLS), grace: 0, tags: tags() }),
  delete: () => cache.delete(random.pick(KEYS)),
  take: () => cache.take(random.pick(KEYS)),
  touch: () => cache.touch(random.pick(KEYS), random.pick(TTLS)),
  invalidate: () => cache.invalidateTags([random.pick(TAGS)]),
  invalidateStale: () => cache.invalidateTags([random.pick(TAGS)], { allowStale: true }),
  clear: () => cache.clear(),
  // Each for a while: sums are compared with all those of their key.
  increment: () =>
    counters.increment(`count ${Math.floor(Date.now() / COUNTED)}`, random.integer(1, 3), { ttl: Infinity }),
};
const WEIGHTS = {
  getOrSet: 60, get: 30, set: 4, delete: 4, take: 2, touch: 2, invalidate: 3, invalidateStale: 2, clear: 0.5, increment: 4,
}; // prettier-ignore

const state = { running: true };
const unexpected = [];

async function play() {
  while (state.running) {
    await sleep(random.integer(0, pause));
    const deed = random.weighted(WEIGHTS);
    try {
      await noted(DEEDS[deed]());
    } catch (error) {
      const expected = error instanceof CacheBackendError || error instanceof CacheTimeoutError;
      if (!expected && error.message !== 'the source failed') unexpected.push(`${name} ${deed}: ${error.stack}`);
    }
  }
}

process.on('unhandledRejection', (error) => unexpected.push(`${name} unhandled: ${error.stack}`));
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  const late = now - last - LOOK;
  last = now;
  if (late > stall) {
    stall = late;
    writeSync(file, `${JSON.stringify({ stall })}\n`);
  }
  look();
}, LOOK);
const players = Array.from({ length: AT_ONCE }, play);

serve({
  stop: async () => {
    state.running = false;
    await Promise.all(players);
    await sleep(100);
    look();
    return { unexpected };
  },
});
