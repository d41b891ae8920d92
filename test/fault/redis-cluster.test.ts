import { setImmediate as turn } from 'node:timers/promises';
import { Cluster as IoCluster } from 'ioredis';
import { createCluster } from '@redis/client';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/redis/eventually.js';
import { RedisCluster } from '../support/redis/redis-cluster.js';
import type { RedisServer } from '../support/redis/redis-server.js';
import { BOUND, RedisApp, TIMEOUT, afterwards, slowest } from './redis-app.js';
import { LINGERING, RedisChild } from './redis-child.js';

/** Milliseconds in which a cache works again, once the cluster does. */
const SOON = 4_000;
const KEYS = Array.from({ length: 60 }, (_, i) => `k${i}`);

let cluster: RedisCluster;

// The servers are stopped after each test.
async function start(): Promise<void> {
  cluster = await RedisCluster.start();
}

afterEach(() => cluster.stop());

function optionsOf(near: boolean, timeout = TIMEOUT): Parameters<typeof RedisApp.boot>[0] {
  const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
  const redis = { cluster: { nodes }, commandTimeout: `${timeout}ms` as const };
  return near ? { backend: 'hybrid', redis } : { backend: 'redis', ...redis };
}

/** Where an entry of the default namespace lies. */
function nameOf(key: string): string {
  return `blossom:-:-:e:-:${key}`;
}

/** Some of the keys that lie on this master. */
async function keysOn(master: RedisServer): Promise<string[]> {
  const owners = await Promise.all(KEYS.map((key) => cluster.nodeFor(nameOf(key))));
  return KEYS.filter((_, index) => owners[index] === master);
}

describe('a cluster', () => {
  it('whose master is killed: others go on, and its slots are back when its replica has taken over', async () => {
    await start();
    const app = await RedisApp.boot(optionsOf(false));
    await app.cache.setMany(KEYS.map((key) => [key, 'old'] as const));
    const stamp = await cluster.nodeFor('blossom:-:-:n:-');
    const dying = (await cluster.masters()).find((master) => master !== stamp);
    const lost = await keysOn(dying!);
    const others = KEYS.filter((key) => !lost.includes(key));
    await cluster.nodes[0]!.command('WAIT', '1', '500');
    await dying!.kill();
    const reads = KEYS.map((key) => () => app.cache.get(key));
    expect(await slowest(reads)).toBeLessThan(BOUND);
    const found = await app.cache.getMany(others);
    expect(found.size).toBe(others.length);
    expect(await slowest(lost.map((key) => () => app.cache.delete(key)))).toBeLessThan(BOUND);
    await eventually('all slots are served', async () => {
      await app.cache.set(lost[0]!, 'new');
      return (await app.cache.get(lost[0]!)) === 'new';
    });
    await eventually('it says so', () => app.changes.at(-1) === 'recovery', SOON);
    expect((await app.cache.getStats()).pendingEvictions).toBe(0);
    for (const key of lost.slice(1)) expect(await app.cache.get(key)).toBeUndefined();
    for (const key of others) expect([undefined, 'old']).toContain(await app.cache.get(key));
    for (const key of KEYS) await app.cache.set(key, 'after');
    expect((await app.cache.getMany(KEYS)).size).toBe(KEYS.length);
  });

  it('whose master is frozen: nobody waits longer than commandTimeout, whatever client is in use', async () => {
    await start();
    const [node] = cluster.nodes;
    const url = `redis://${node!.host}:${node!.port}`;
    const own = createCluster({ rootNodes: [{ url }] });
    own.on('error', () => {});
    await own.connect();
    afterwards(() => own.destroy());
    const io = new IoCluster([{ host: node!.host, port: node!.port }]);
    io.on('error', () => {});
    await io.ping();
    afterwards(() => io.disconnect());
    const timeout = { commandTimeout: `${TIMEOUT}ms` } as const;
    const apps = [
      await RedisApp.boot(optionsOf(true)),
      await RedisApp.boot({ backend: 'redis', client: own, ...timeout }),
      await RedisApp.boot({ backend: 'redis', client: io, ...timeout }),
    ];
    const masters = await cluster.masters();
    const stamp = await cluster.nodeFor('blossom:-:-:n:-');
    const frozen = masters.find((master) => master !== stamp)!;
    const slow = await keysOn(frozen);
    const others = KEYS.filter((key) => !slow.includes(key));
    for (const { cache } of apps) await cache.setMany(KEYS.map((key) => [key, 'old'] as const));
    for (const { cache } of apps) expect((await cache.getMany(KEYS)).size).toBe(KEYS.length);
    frozen.freeze();
    for (const { cache } of apps) {
      // Answers of other servers say nothing of this one.
      const use = { over: false };
      const busy = others.slice(0, 5).map(async (key) => {
        for (; !use.over; await turn()) await cache.get(key);
      });
      expect(
        await slowest(slow.map((key, i) => () => (i % 2 === 0 ? cache.get(key) : cache.delete(key)))),
      ).toBeLessThan(BOUND);
      use.over = true;
      await Promise.all(busy);
    }
    frozen.thaw();
    for (const app of apps) {
      await eventually('it is back', () => app.changes.at(-1) === 'recovery');
      await app.cache.set(slow[0]!, 'new');
      expect(await app.cache.get(slow[0]!)).toBe('new');
    }
  });

  it('that is reorganised while it is in use: no call fails, and memory serves nothing old', async () => {
    await start();
    const [app, other] = [await RedisApp.boot(optionsOf(true, 1_000)), await RedisApp.boot(optionsOf(true, 1_000))];
    const masters = await cluster.masters();
    const key = 'moving';
    const slot = await cluster.slotOf(nameOf(key));
    const from = await cluster.nodeFor(slot);
    const to = masters.find((master) => master !== from)!;
    let written = 0;
    const write = async (): Promise<void> => {
      await app.cache.set(key, (written += 1));
      expect(await app.cache.get(key)).toBe(written);
      // Others are told, or told that they are not told any more.
      await eventually('the other sees it', async () => (await other.cache.get(key)) === written, 1_500);
    };
    const use = async (): Promise<void> => {
      await write();
      await app.cache.increment('counter');
      expect(await app.cache.getOrSet(`loaded ${written}`, () => 'v')).toBe('v');
      expect(await app.cache.getMany([key, `loaded ${written}`])).toHaveProperty('size', 2);
    };
    await use();
    await cluster.beginMove(slot, to);
    await use();
    await cluster.moveKeys();
    await use();
    expect(await app.cache.delete(key)).toBe(true);
    expect(await other.cache.get(key)).toBeUndefined();
    await use();
    await cluster.finishMove();
    await use();
    await cluster.failover(masters.indexOf(to));
    await eventually('it is used again', async () => {
      await use();
      return true;
    });
    expect((await app.cache.getStats()).pendingEvictions).toBe(0);
  });

  it('is closed: at once after the boot, and by a process that ends then', async () => {
    await start();
    const children = ['', "await cache.getOrSet('k', () => 'v');"].map(
      (first) => new RedisChild(optionsOf(true), first),
    );
    await Promise.all(children.map((child) => child.ready()));
    for (const exit of await Promise.all(children.map((child) => child.close()))) {
      expect(exit.code).toBe(0);
      expect(exit.lingering).toBeLessThan(LINGERING);
    }
    const app = await RedisApp.boot(optionsOf(false));
    await app.close();
    await eventually('no connection is left', async () => {
      const lists = await Promise.all(cluster.nodes.map((node) => node.command('CLIENT', 'LIST', 'TYPE', 'NORMAL')));
      return lists.every((list) => String(list).trim().split('\n').length === 1);
    });
  });
});
