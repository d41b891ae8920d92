import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Child, killAll } from '../support/child-process.js';
import { eventually } from '../support/redis/eventually.js';
import { placeOf } from '../support/redis/places.js';
import { RedisServer } from '../support/redis/redis-server.js';

/** Callers in each process, and how often they come. */
const CALLERS = 200;
const ROUNDS = 15;
/** Milliseconds that a load takes, and in which those who wait for it have to hear that it is done. */
const LOAD = 20;
const WOKEN = 400;
const TYPICALLY_WOKEN = 100;
/** Milliseconds for which a lease outlives its holder. */
const LEASE = 1_000;

interface Got {
  readonly found: readonly string[];
  readonly loads: number;
  readonly loadedAt: number;
  readonly doneAt: number;
}

let server: RedisServer;
let children: readonly [Child, Child, Child];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());
afterEach(async () => {
  await killAll();
  await server.command('FLUSHALL');
  await server.command('ACL', 'SETUSER', 'default', '+@all');
});

async function start(near: boolean): Promise<void> {
  const settings = { place: placeOf(server), near, leaseTime: LEASE };
  const open = (): Promise<Child> => new Child('../../fleet/child/loading.mjs', settings).ready();
  children = await Promise.all([open(), open(), open()]);
}

function getAll(child: Child, key: string, value: string, ms = LOAD, callers = CALLERS): Promise<Got> {
  return child.ask<Got>('getAll', { key, callers, value, ms });
}

/** What another process does, whether the tag of the load is known late, and what is read afterwards. */
const FENCES: readonly (readonly [(by: Child, key: string) => Promise<unknown>, boolean, string | null])[] = [
  [(by, key) => by.ask('delete', { key }), false, null],
  [(by, key) => by.ask('set', { key, value: 'written' }), false, 'written'],
  [(by) => by.ask('clear'), false, null],
  [(by) => by.ask('invalidate', { tag: 't' }), false, null],
  [(by) => by.ask('invalidate', { tag: 't' }), true, null],
];

describe.each([
  ['redis', false, true],
  ['hybrid', true, true],
  ['hybrid, over a server that announces nothing', true, false],
])('three processes, %s', (_, near, tracked) => {
  beforeEach(async () => {
    if (!tracked) await server.command('ACL', 'SETUSER', 'default', '-client|tracking');
    await start(near);
  });

  it(`load once when each of them is asked ${CALLERS} times, and hear at once that it is done`, async () => {
    const waits: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const got = await Promise.all(children.map((child, i) => getAll(child, `k${round}`, `${i}`)));
      expect(got.reduce((sum, { loads }) => sum + loads, 0)).toBe(1);
      expect(new Set(got.flatMap(({ found }) => found)).size).toBe(1);
      const loaded = got.find(({ loads }) => loads === 1)!;
      for (const one of got) if (one !== loaded) waits.push(one.doneAt - loaded.loadedAt);
    }
    const sorted = waits.toSorted((a, b) => a - b);
    if (process.env['BLOSSOM_FIGURES']) console.log('woken after ms', sorted.map(Math.round).join(' '));
    expect(sorted.at(-1)).toBeLessThan(WOKEN);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(TYPICALLY_WOKEN);
  });
});

describe.each([
  ['redis', false],
  ['hybrid', true],
])('three processes, %s', (_, near) => {
  beforeEach(() => start(near));

  it('take over from one that is killed while it loads', async () => {
    const [holder, ...others] = children;
    getAll(holder, 'k', 'dead', 60_000, 1).catch(() => {});
    await holder.ask('loading');
    const waiting = others.map((child) => getAll(child, 'k', 'alive', LOAD, 5));
    await holder.kill();
    const began = performance.now();
    const got = await Promise.all(waiting);
    expect(performance.now() - began).toBeLessThan(LEASE + 1_000);
    expect(got.map(({ found }) => found)).toEqual([['alive'], ['alive']]);
    expect(got[0]!.loads + got[1]!.loads).toBe(1);
  });

  it('store nothing that another has fenced meanwhile: its caller alone is given it', async () => {
    const [a, b, c] = children;
    for (const [index, [change, late, left]] of FENCES.entries()) {
      const key = `k${index}`;
      await a.ask('begin', { key, value: 'loaded', late });
      await change(b, key);
      expect(await a.ask('finish')).toBe('loaded');
      for (const child of [a, b, c]) expect(await child.ask('get', { key })).toBe(left);
      expect(await a.ask('fenced')).toBe(index + 1);
    }
  });

  it('store nothing for one that was frozen until another had taken over', async () => {
    const [holder, other, third] = children;
    await holder.ask('begin', { key: 'k', value: 'frozen', late: false });
    holder.signal('SIGSTOP');
    expect((await getAll(other, 'k', 'new', LOAD, 1)).found).toEqual(['new']);
    holder.signal('SIGCONT');
    expect(await holder.ask('finish')).toBe('frozen');
    for (const child of [other, third]) expect(await child.ask('get', { key: 'k' })).toBe('new');
    await eventually('the one that was frozen reads it', async () => (await holder.ask('get', { key: 'k' })) === 'new');
  });
});
