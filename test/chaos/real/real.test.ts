import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { BlossomCacheOptions } from '../../../lib/index.js';
import { Random } from '../../../lib/testing/random.js';
import { killAll } from '../../support/child-process.js';
import { RedisProxy } from '../../support/redis/redis-proxy.js';
import { RedisServer, stopServers } from '../../support/redis/redis-server.js';
import { RealFleet, type Disturbance } from './fleet.js';

/** Set by `run.mjs`. */
const SECONDS = Number(process.env['BLOSSOM_CHAOS_MINUTES'] ?? 0) * 60 || 5;
const SEED = Number(process.env['BLOSSOM_CHAOS_SEED'] ?? 4_711);
const SHOWN = process.env['BLOSSOM_FIGURES'] !== undefined;
/** Milliseconds. */
const EVERY = SECONDS > 30 ? 1_500 : 600;
const FREEZE = 1_200;

const stops: (() => unknown)[] = [];

afterEach(async () => {
  await killAll();
  await Promise.all(stops.splice(0).map((stop) => stop()));
  await stopServers();
});

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'chaos-'));
  stops.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What can be done to processes, whatever their backend. */
const TO_NODES: Readonly<Record<string, Disturbance>> = {
  'kill -9': { do: (fleet) => fleet.killOne() },
  freeze: { do: (fleet) => fleet.freezeOne(FREEZE) },
};

function toRedis(server: RedisServer, proxies: readonly RedisProxy[]): Readonly<Record<string, Disturbance>> {
  return {
    ...TO_NODES,
    cut: { do: async ({ random }) => random.pick(proxies).cut() },
    'kill connections': { do: () => server.command('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => {}) },
    'freeze network': {
      do: async ({ random }) => {
        const proxy = random.pick(proxies);
        const ways = random.pick([['toServer', 'toClient'], ['toServer'], ['toClient']] as const);
        proxy.freeze([...ways]);
        await sleep(random.integer(1, FREEZE));
        proxy.thaw([...ways]);
      },
    },
    'freeze server': {
      do: async ({ random }) => {
        server.freeze();
        await sleep(random.integer(1, FREEZE));
        server.thaw();
      },
    },
    'restart empty': { loses: true, do: () => server.restart() },
  };
}

async function story(backend: string): Promise<ConstructorParameters<typeof RealFleet>[0]> {
  const about = { random: new Random(SEED), ms: SECONDS * 1_000, every: EVERY, directory: directory() };
  if (backend.endsWith('files')) {
    const cacheDir = directory();
    const options: BlossomCacheOptions =
      backend === 'files' ? { backend: 'file', cacheDir } : { backend: 'hybrid', file: { cacheDir } };
    return { ...about, nodes: [options, options, options], disturbances: TO_NODES, maxStaleness: 150, lost: 150 };
  }
  const server = await RedisServer.start();
  const proxies = await Promise.all([0, 1, 2].map(() => RedisProxy.start(server.port)));
  stops.push(...proxies.map((proxy) => () => proxy.stop()));
  const nodes = proxies.map(({ port }): BlossomCacheOptions => {
    const redis = { host: '127.0.0.1', port };
    return backend === 'redis' ? { backend: 'redis', ...redis } : { backend: 'hybrid', redis };
  });
  const maxStaleness = backend === 'redis' ? 0 : 1_150;
  return { ...about, nodes, disturbances: toRedis(server, proxies), maxStaleness, lost: 1_150 };
}

describe(`three processes that are killed and frozen, for ${SECONDS} s`, { timeout: SECONDS * 1_000 + 120_000 }, () => {
  it.each(['redis', 'memory over redis', 'files', 'memory over files'])(
    '%s: no guarantee is broken',
    async (backend) => {
      const outcome = await new RealFleet(await story(backend)).run();
      if (SHOWN) console.log(backend, JSON.stringify({ ...outcome, wrong: outcome.wrong.length }));
      expect(outcome.wrong.slice(0, 10)).toEqual([]);
      expect(outcome.records).toBeGreaterThan(SECONDS * 100);
    },
  );
});
