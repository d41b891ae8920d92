import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CacheBackendError } from '../../../lib/errors/cache.errors.js';
import { eventually } from '../../support/redis/eventually.js';
import { RedisProxy } from '../../support/redis/redis-proxy.js';
import { RedisServer } from '../../support/redis/redis-server.js';
import { BullRig, drained, Hold, type Node } from './bull-rig.js';

let server: RedisServer;
let rig: BullRig;
let unhandled: unknown[];
const note = (error: unknown): void => void unhandled.push(error);

beforeEach(async () => {
  unhandled = [];
  process.on('unhandledRejection', note);
  server = await RedisServer.start({ settings: ['appendonly yes', 'appendfsync always'] });
  rig = new BullRig(server);
});
afterEach(async () => {
  await rig.close();
  await server.stop();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

/** Milliseconds that a refusal took, and what it was. */
async function refusal(node: Node, key: string, value: unknown): Promise<{ ms: number; error: unknown }> {
  const begun = performance.now();
  const error = await node.accept(key, value).then(
    () => 'accepted',
    (error: unknown) => error,
  );
  return { ms: performance.now() - begun, error };
}

describe('Redis that is not there', () => {
  it('refuses writes in time, from the start and later; when it is back all goes on by itself', async () => {
    await server.kill();
    const node = await rig.node({ timeout: 1_000 });
    const { ms, error } = await refusal(node, 'k', 'never');
    expect(error).toBeInstanceOf(CacheBackendError);
    expect(error).toMatchObject({ timedOut: false });
    expect(ms).toBeLessThan(3_000);
    expect(await node.queue.measure()).toEqual({ depth: undefined, lag: undefined });
    await server.restart();
    await eventually('accepted', async () => (await refusal(node, 'k', 1)).error === 'accepted');
    await node.queue.flush();
    await server.kill();
    expect((await refusal(node, 'k', 'never')).error).toBeInstanceOf(CacheBackendError);
    await server.restart();
    await eventually('accepted', async () => (await refusal(node, 'k', 2)).error === 'accepted');
    await node.queue.flush();
    expect(node.values()).toEqual([1, 2]);
  });

  it('takes on what one process accepts for a key in that order when it is back', async () => {
    const node = await rig.node({ delivers: false, timeout: 10_000, merge: undefined });
    await server.kill();
    await eventually('noticed', () => node.errors.length > 0);
    const accepted: Promise<unknown>[] = [];
    for (let value = 0; value < 10; value += 1) {
      accepted.push(node.accept('k', value));
      await new Promise((resolve) => setTimeout(resolve, 7));
    }
    await server.restart();
    await Promise.all(accepted);
    const working = await rig.node({ merge: undefined });
    await drained(working);
    expect(working.values('k')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('loses nothing that was accepted, and the handler is not called again for what it did', async () => {
    const hold = new Hold();
    let called = false;
    const handle = (): Promise<void> => {
      called = true;
      return hold.free;
    };
    const node = await rig.node({ handle, lockDuration: 30_000, batchSize: 2, timeout: 1_000 });
    const other = await rig.node({ delivers: false });
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => node.accept(key, key)));
    await eventually('handed out', () => called);
    const { id } = await other.accept('e', 'e');
    await server.kill();
    hold.release();
    await eventually('delivered', () => node.batches.length > 0);
    const before = node.errors.length;
    await eventually('not written down', () => node.errors.slice(before).some((e) => e instanceof CacheBackendError));
    await server.restart();
    await drained(node);
    await eventually('told', () => other.settled.includes(id), 15_000);
    await eventually('told', () => node.settled.length === 4, 15_000);
    expect(node.values().toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

describe('Redis that does not answer', () => {
  it('refuses writes in time, and does not take them on when it answers again', async () => {
    const node = await rig.node({ timeout: 1_000, merge: undefined });
    await node.accept('k', 1);
    await node.queue.flush();
    server.freeze();
    const { ms, error } = await refusal(node, 'k', 'never');
    expect(error).toBeInstanceOf(CacheBackendError);
    expect(ms).toBeLessThan(3_000);
    server.thaw();
    await eventually('accepted', async () => (await refusal(node, 'k', 2)).error === 'accepted');
    await node.queue.flush();
    expect(node.values()).toEqual([1, 2]);
  });

  it('does not keep it from closing', async () => {
    const node = await rig.node({ timeout: 1_000 });
    await node.accept('k', 1);
    server.freeze();
    const begun = performance.now();
    await node.queue.close();
    expect(performance.now() - begun).toBeLessThan(6_000);
    server.thaw();
    await eventually('no connections', async () => (await clients()) === 1);
  });
});

describe('connections that are lost', () => {
  it('do not keep the news from who accepted a write', async () => {
    const proxy = await RedisProxy.start(server.port);
    const accepting = await rig.node({
      delivers: false,
      settings: { connection: { host: '127.0.0.1', port: proxy.port, retryStrategy: () => 50 } },
    });
    const write = await accepting.accept('k', 1);
    await proxy.stop();
    const working = await rig.node();
    await drained(working);
    expect(accepting.settled).toEqual([]);
    await proxy.accept();
    await eventually('told', () => accepting.settled.length > 0);
    expect(accepting.settled).toEqual([write.id]);
    await accepting.queue.close();
    await proxy.stop();
  });
});

describe('closing', () => {
  it('leaves no connection and nothing handed out: another process goes on at once', async () => {
    const hold = new Hold();
    let called = false;
    const handle = (): Promise<void> => {
      called = true;
      return hold.free;
    };
    const node = await rig.node({ handle, batchSize: 2, lockDuration: 30_000 });
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => node.accept(key, key)));
    await eventually('handed out', () => called);
    const closing = node.queue.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    hold.release();
    await closing;
    expect(node.batches).toHaveLength(1);
    await eventually('no connections', async () => (await clients()) === 1);
    await expect(node.accept('f', 'f')).rejects.toThrow(CacheBackendError);
    const other = await rig.node({ lockDuration: 30_000 });
    await drained(other);
    expect([...node.values(), ...other.values()].toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('gives back what waits for company', async () => {
    const node = await rig.node({ delay: 60_000, lockDuration: 30_000 });
    await node.accept('a', 1);
    await eventually('fetched', async () => Number(await server.command('LLEN', `bull:${rig.name}:active`)) === 1);
    await node.queue.close();
    expect(node.batches).toEqual([]);
    const other = await rig.node({ lockDuration: 30_000 });
    await drained(other);
    expect(other.values()).toEqual([1]);
  });

  it('ends whoever waits for room or for the flush', async () => {
    const hold = new Hold();
    const node = await rig.node({ handle: () => hold.free, maxPending: 1 });
    await node.accept('a', 1);
    const waiting = node.accept('b', 2).catch((error: unknown) => error);
    const flushed = node.queue.flush();
    await new Promise((resolve) => setTimeout(resolve, 150));
    const closing = node.queue.close();
    expect(await waiting).toBeInstanceOf(CacheBackendError);
    await flushed;
    hold.release();
    await closing;
  });

  it('works where Redis never was there', async () => {
    await server.kill();
    const node = await rig.node({ timeout: 100 });
    const begun = performance.now();
    await node.queue.close();
    expect(performance.now() - begun).toBeLessThan(3_000);
    await server.restart();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await clients()).toBe(1);
  });
});

/** How many connections the server has, the one that asks included. */
async function clients(): Promise<number> {
  return String(await server.command('CLIENT', 'LIST'))
    .trim()
    .split('\n').length;
}
