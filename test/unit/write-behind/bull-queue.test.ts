import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/redis/eventually.js';
import { RedisServer } from '../../support/redis/redis-server.js';
import { BullRig, drained, Hold, writeOf, type Node } from './bull-rig.js';

let server: RedisServer;
let rig: BullRig;

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  rig = new BullRig(server);
});
afterEach(() => rig.close());

const sum = (older: unknown, newer: unknown): number => (older as number) + (newer as number);

function bull(): Queue {
  return new Queue(rig.name, { connection: { host: server.host, port: server.port } });
}

describe('delivery', () => {
  it('hands over what was accepted, as it was, and tells who accepted it', async () => {
    const accepting = await rig.node({ delivers: false });
    const working = await rig.node();
    const write = { ...writeOf('u1', new Map([['n', 1n]])), expiresAt: 12.5, tags: ['a', 'b'] };
    await accepting.queue.accept(write);
    await eventually('settled', () => accepting.settled.length > 0);
    expect(working.batches).toEqual([[write]]);
    expect(accepting.settled).toEqual([write.id]);
    expect(accepting.batches).toEqual([]);
    expect(working.settled).toEqual([]);
  });

  it('calls with as many writes as allowed, and the rest with the next call', async () => {
    const hold = new Hold();
    const node = await rig.node({ handle: () => hold.free, batchSize: 4 });
    await Promise.all(Array.from({ length: 10 }, (_, i) => node.accept(`k${i}`, i)));
    hold.release();
    await drained(node);
    expect(node.values().toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(node.batches.every((batch) => batch.length <= 4)).toBe(true);
    expect(node.batches.length).toBeLessThanOrEqual(5);
  });

  it('waits for company, unless it is flushed', async () => {
    const node = await rig.node({ delay: 60_000 });
    await Promise.all([node.accept('a', 1), node.accept('b', 2)]);
    expect(node.batches).toEqual([]);
    await node.queue.flush();
    expect(node.values().toSorted()).toEqual([1, 2]);
    expect(node.settled).toHaveLength(2);
  });

  it('delivers by the delay', async () => {
    const node = await rig.node({ delay: 200 });
    const begun = performance.now();
    await node.accept('a', 1);
    await eventually('delivered', () => node.batches.length > 0);
    expect(performance.now() - begun).toBeGreaterThan(190);
  });
});

describe('writes of one key that wait together', () => {
  let hold: Hold;
  let node: Node;

  async function blocked(settings: object): Promise<Node> {
    hold = new Hold();
    node = await rig.node({ handle: () => hold.free, ...settings });
    await node.accept('k', 1);
    await eventually('handed out', async () => (await server.command('HGET', await record(), 'h')) === '1');
    return node;
  }

  async function record(): Promise<string> {
    const [key] = (await server.command('KEYS', `bull:${rig.name}:blossom:k:*`)) as string[];
    return key!;
  }

  it('become the newest one', async () => {
    await blocked({});
    for (const value of [2, 3, 4]) await node.accept('k', value);
    hold.release();
    await node.queue.flush();
    expect(node.values('k')).toEqual([1, 4]);
  });

  it('become what merge makes of them, with the id of the first and the age of the oldest', async () => {
    await blocked({ merge: sum });
    const [first, second] = [await node.accept('k', 2), await node.accept('k', 3)];
    expect(second).toMatchObject({ id: first.id, acceptedAt: first.acceptedAt, value: 5 });
    hold.release();
    await node.queue.flush();
    expect(node.values('k')).toEqual([1, 5]);
    expect(node.batches[1]![0]!.id).toBe(first.id);
    expect(node.settled).toHaveLength(2);
  });

  it('are all delivered, in order, where there is no merge', async () => {
    await blocked({ merge: undefined, batchSize: 3 });
    for (const value of [2, 3, 4, 5, 6]) await node.accept('k', value);
    hold.release();
    await node.queue.flush();
    expect(node.values('k')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(node.batches.length).toBeLessThan(6);
  });

  it('are not merged into one that has been handed out, not even while that is retried', async () => {
    let calls = 0;
    node = await rig.node({
      merge: sum,
      backoff: 200,
      handle: () => {
        if ((calls += 1) <= 2) throw new Error('down');
      },
    });
    const first = await node.accept('k', 1);
    await eventually('retried', () => node.retried.length > 0);
    const second = await node.accept('k', 10);
    expect(second.value).toBe(10);
    expect((await node.accept('k', 100)).value).toBe(110);
    await node.queue.flush();
    expect(node.batches.map(([write]) => [write!.id, write!.value])).toEqual([
      [first.id, 1],
      [second.id, 110],
    ]);
  });

  it('lose none of those that two processes accept at once', async () => {
    await blocked({ merge: sum });
    const other = await rig.node({ delivers: false, merge: sum });
    const accepted = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? node : other).accept('k', 1));
    await Promise.all(accepted);
    hold.release();
    await Promise.all([node.queue.flush(), other.queue.flush()]);
    expect(node.values('k')).toEqual([1, 60]);
    expect(other.settled).toHaveLength(1);
    expect(node.settled).toContain(other.settled[0]);
  });

  it('become the one that was accepted last, where a process accepts several at once', async () => {
    await blocked({});
    await Promise.all([2, 3, 4, 5].map((value) => node.accept('k', value)));
    hold.release();
    await node.queue.flush();
    expect(node.values('k')).toEqual([1, 5]);
  });

  it('are left as they are where the waiting one cannot be read', async () => {
    await blocked({ merge: sum });
    await node.accept('k', 2);
    const foreign = await rig.node({
      delivers: false,
      merge: sum,
      decode: () => {
        throw new Error('another key');
      },
    });
    await foreign.accept('k', 3);
    hold.release();
    await node.queue.flush();
    expect(node.values('k')).toEqual([1, 2, 3]);
  });
});

describe('failures', () => {
  it('are repeated with a back-off that doubles, and no write overtakes another of its key', async () => {
    const calls: { at: number; values: unknown[] }[] = [];
    const node = await rig.node({
      merge: undefined,
      backoff: 100,
      handle: (writes) => {
        calls.push({ at: performance.now(), values: writes.map(({ value }) => value) });
        if (calls.length <= 3) throw new Error('down');
      },
    });
    await node.accept('k', 1);
    await eventually('retried', () => node.retried.length === 1);
    await node.accept('k', 2);
    await node.queue.flush();
    expect(calls.map(({ values }) => values)).toEqual([[1], [1], [1], [1], [2]]);
    const pauses = calls.slice(1, 4).map(({ at }, i) => at - calls[i]!.at);
    for (const [i, least] of [100, 200, 400].entries()) expect(pauses[i]).toBeGreaterThanOrEqual(least - 5);
    expect(node.retried).toEqual(Array.from({ length: 3 }, () => ({ writes: 1, error: expect.any(Error) })));
  });

  it('end with the dead letter, after as many calls as are allowed, and what waited behind goes on', async () => {
    let calls = 0;
    const node = await rig.node({
      attempts: 3,
      merge: undefined,
      handle: ([write]) => {
        if (write!.value !== 'poison') return;
        calls += 1;
        throw new Error('secret-value');
      },
    });
    const poison = await node.accept('k', 'poison');
    await eventually('retried', () => node.retried.length > 0);
    await node.accept('k', 'good');
    await node.queue.flush();
    expect(calls).toBe(3);
    expect(node.buried).toEqual([{ writes: [poison], error: new Error('secret-value') }]);
    expect(node.values('k')).toEqual(['good']);
    expect(node.settled).toContain(poison.id);
    const queue = bull();
    const failed = await queue.getFailed();
    await queue.close();
    expect(failed.map(({ data }) => data.writes)).toEqual([[{ id: poison.id, value: expect.any(String) }]]);
    expect(JSON.stringify(failed.map((job) => job.asJSON()))).not.toContain('secret-value');
  });

  it('give up no write for what another one of its batch did', async () => {
    const hold = new Hold();
    const node = await rig.node({
      attempts: 3,
      handle: async (writes) => {
        await hold.free;
        if (writes.some(({ value }) => value === 'poison')) throw new Error('down');
      },
    });
    await Promise.all(['a', 'poison', 'b', 'c'].map((value) => node.accept(value, value)));
    hold.release();
    await node.queue.flush();
    expect(node.buried.flatMap(({ writes }) => writes.map(({ value }) => value))).toEqual(['poison']);
    expect(node.values().toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('bury what cannot be read, without its value', async () => {
    const node = await rig.node({
      attempts: 2,
      decode: () => {
        throw new Error('another key');
      },
    });
    const { id } = await node.accept('k', 1);
    await node.queue.flush();
    expect(node.buried).toMatchObject([{ writes: [{ id, key: 'k', value: undefined }] }]);
    expect(node.batches).toEqual([]);
  });
});

describe('what is damaged in Redis', () => {
  it('is buried, and what waits behind it goes on', async () => {
    const accepting = await rig.node({ delivers: false, merge: undefined });
    const { id } = await accepting.accept('k', 1);
    await accepting.accept('k', 2);
    const [list] = (await server.command('KEYS', `bull:${rig.name}:blossom:w:*`)) as string[];
    await server.command('LSET', list!, '0', `${id}\ntoken\n{"key`);
    const node = await rig.node({ attempts: 1, merge: undefined, batchSize: 1 });
    await drained(node);
    expect(node.buried).toMatchObject([{ writes: [{ id, value: undefined }] }]);
    expect(node.values()).toEqual([2]);
  });
});

describe('how much waits', () => {
  it('is measured, those being delivered included', async () => {
    const hold = new Hold();
    const node = await rig.node({ handle: () => hold.free, now: () => Date.now() + 5_000 });
    expect(await node.queue.measure()).toEqual({ depth: 0, lag: 0 });
    await Promise.all([node.accept('a', 1), node.accept('b', 2)]);
    const { depth, lag } = await node.queue.measure();
    expect(depth).toBe(2);
    expect(lag).toBeGreaterThanOrEqual(5_000);
    expect(lag).toBeLessThan(10_000);
    hold.release();
    await drained(node);
  });

  it('makes the next one wait where it is as much as allowed; a merged one needs no room', async () => {
    const hold = new Hold();
    const node = await rig.node({ handle: () => hold.free, maxPending: 2, batchSize: 1 });
    await node.accept('a', 1);
    await node.accept('b', 2);
    await node.accept('b', 3);
    let through = false;
    const third = node.accept('c', 4).then(() => (through = true));
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(through).toBe(false);
    hold.release();
    await third;
    await drained(node);
    expect(node.values()).toEqual([1, 3, 4]);
  });
});

describe('two namespaces', () => {
  it('have lanes of their own: what has the same key is not merged', async () => {
    const node = await rig.node({ delay: 50, merge: (older, newer) => (older as number) + (newer as number) });
    await Promise.all([
      node.queue.accept(writeOf('k', 1)),
      node.queue.accept({ ...writeOf('k', 2), namespace: 'other' }),
    ]);
    await drained(node);
    expect(node.values('k').toSorted()).toEqual([1, 2]);
  });
});

describe('what is left behind', () => {
  it('is delivered after the next start', async () => {
    const before = await rig.node({ delivers: false });
    await before.accept('k', 'old');
    await before.queue.close();
    const after = await rig.node();
    await drained(after);
    expect(after.values('k')).toEqual(['old']);
  });

  it('is delivered though BullMQ has forgotten its jobs', async () => {
    const before = await rig.node({ delivers: false });
    await Promise.all([before.accept('a', 1), before.accept('b', 2)]);
    const queue = bull();
    await queue.obliterate({ force: true });
    await queue.close();
    const after = await rig.node();
    await drained(after);
    expect(after.values().toSorted()).toEqual([1, 2]);
  });

  it('is delivered though who accepted it died before BullMQ was told', async () => {
    const node = await rig.node({ delivers: false });
    await node.accept('a', 1);
    const queue = bull();
    const [job] = await queue.getJobs();
    await server.command('ZADD', `bull:${rig.name}:blossom:unsaid`, '0', job!.id!);
    await job!.remove();
    await queue.close();
    const working = await rig.node({ started: true });
    await eventually('delivered', () => working.values().length === 1, 15_000);
  });
});
