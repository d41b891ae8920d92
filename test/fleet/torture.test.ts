import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { killAll } from '../support/child-process.js';
import { clusterPlace, placeOf } from '../support/redis/places.js';
import { RedisCluster } from '../support/redis/redis-cluster.js';
import { RedisProxy } from '../support/redis/redis-proxy.js';
import { RedisServer, stopServers } from '../support/redis/redis-server.js';
import { torture, type Disturbance, type Figures } from './torture.js';

/** Set by `torture.mjs`. */
const SECONDS = Number(process.env['BLOSSOM_SECONDS'] ?? 4);
const SEED = Number(process.env['BLOSSOM_SEED'] ?? 4_711);
const SHOWN = process.env['BLOSSOM_FIGURES'] !== undefined;
/** Milliseconds. */
const STALENESS = 1_000;
/** Of which one half is that of the clock, which is read now and then where nothing else is asked. */
const SCHEDULING = 100;
const TRAVEL = 100;
/** Milliseconds of the longest freeze. */
const FREEZE = 900;

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await killAll();
  await Promise.all(stops.splice(0).map((stop) => stop()));
  await stopServers();
});

function one<T>(among: readonly T[], rand: () => number): T {
  return among[Math.floor(rand() * among.length)]!;
}

function killClients(server: RedisServer): Promise<unknown> {
  return server.command('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => {});
}

/** What may happen between each of them and their server, and to the server. */
function disturbancesOf(server: RedisServer, proxies: readonly RedisProxy[]): Record<string, Disturbance> {
  const frozen = async (rand: () => number, proxy: RedisProxy, ...ways: ('toServer' | 'toClient')[]): Promise<void> => {
    proxy.freeze(ways);
    await sleep(rand() * FREEZE);
    proxy.thaw(ways);
  };
  return {
    cut: (rand) => one(proxies, rand).cut(),
    kill: async () => void (await killClients(server)),
    freeze: (rand) => frozen(rand, one(proxies, rand), 'toServer', 'toClient'),
    'freeze replies': (rand) => frozen(rand, one(proxies, rand), 'toClient'),
    'freeze commands': (rand) => frozen(rand, one(proxies, rand), 'toServer'),
    restart: () => server.restart(),
  };
}

function show(name: string, figures: Figures): void {
  if (SHOWN) console.log(name, JSON.stringify(figures));
}

describe(`a writer and two readers on three processes, for ${SECONDS} s`, { timeout: SECONDS * 1_000 + 60_000 }, () => {
  it.each([
    ['redis', false],
    ['hybrid', true],
  ])('%s: nothing that was evicted is read later than it may be', async (name, near) => {
    const [server, source] = await Promise.all([RedisServer.start(), RedisServer.start()]);
    const proxies = await Promise.all([0, 1, 2].map(() => RedisProxy.start(server.port)));
    stops.push(...proxies.map((proxy) => () => proxy.stop()));
    const figures = await torture({
      places: proxies.map(placeOf),
      source: source.port,
      near,
      ms: SECONDS * 1_000,
      seed: SEED,
      disturbances: disturbancesOf(server, proxies),
      every: SECONDS > 10 ? 1_500 : 400,
      bound: near ? TRAVEL : 0,
      lost: near ? STALENESS + SCHEDULING : 0,
    });
    show(name, figures);
    expect(figures.wrong).toEqual([]);
    expect(figures.violations).toBe(0);
    expect(figures.changes).toBeGreaterThan(SECONDS * 2);
    expect(figures.reads).toBeGreaterThan(SECONDS * 100);
  });
});

describe.skipIf(!SHOWN)('over a cluster (20 s for servers alone: by hand, with npm run fleet)', () => {
  it.each([
    ['redis', false],
    ['hybrid', true],
  ])('%s', { timeout: SECONDS * 1_000 + 90_000 }, async (name, near) => {
    const [cluster, source] = await Promise.all([RedisCluster.start(), RedisServer.start()]);
    stops.push(() => cluster.stop());
    let failedOver = false;
    const figures = await torture({
      places: [0, 1, 2].map(() => clusterPlace(cluster)),
      source: source.port,
      near,
      ms: Math.min(SECONDS, 20) * 1_000,
      seed: SEED,
      disturbances: {
        kill: async (rand) => void (await killClients(one(await cluster.masters(), rand))),
        freeze: async (rand) => {
          const node = one(await cluster.masters(), rand);
          node.freeze();
          await sleep((rand() * FREEZE) / 2);
          node.thaw();
        },
        failover: async (rand) => {
          if (!failedOver) await cluster.failover(Math.floor(rand() * 3));
          failedOver = true;
        },
      },
      every: 1_500,
      bound: TRAVEL,
      lost: STALENESS + SCHEDULING,
    });
    show(`cluster, ${name}`, figures);
    expect(figures.wrong).toEqual([]);
    expect(figures.violations).toBe(0);
    expect(failedOver).toBe(true);
  });
});
