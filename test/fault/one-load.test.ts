import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Child } from '../support/child-process.js';
import { FaultRoom, until } from './fault-room.js';

/** Milliseconds for which a lease outlives its holder. */
const LEASE = 600;

let room: FaultRoom;
let children: Child[];

interface Loaded {
  readonly found: readonly string[];
  readonly loads: number;
}

beforeEach(async () => {
  room = new FaultRoom();
  const settings = { directory: room.directory, options: { leaseTime: LEASE } };
  children = [0, 1, 2].map(() => new Child('loading.mjs', settings));
  await Promise.all(children.map((child) => child.ready()));
});

afterEach(() => room.close());

function get(child: Child, value: string, ms: number, keys: readonly string[] = ['k']): Promise<Loaded> {
  return child.ask<Loaded>('getAll', { keys, value, ms });
}

describe('three processes that ask for the same', () => {
  it('load each key once together', async () => {
    const keys = Array.from({ length: 300 }, (_, i) => `k${i}`);
    const all = await Promise.all(children.map((child, i) => get(child, `${i}`, 50, keys)));
    expect(all.reduce((sum, { loads }) => sum + loads, 0)).toBe(keys.length);
    expect(all[1]!.found).toEqual(all[0]!.found);
    expect(all[2]!.found).toEqual(all[0]!.found);
  });

  it('wait for a load that takes longer than a lease, which its holder renews', async () => {
    const all = await Promise.all(children.map((child, i) => get(child, `${i}`, LEASE * 3)));
    expect(all.reduce((sum, { loads }) => sum + loads, 0)).toBe(1);
    expect(new Set(all.map(({ found }) => found[0])).size).toBe(1);
  });

  it('take over from one that is killed while it loads', async () => {
    const [holder, ...others] = children as [Child, Child, Child];
    get(holder, 'dead', 60_000).catch(() => {});
    await holder.ask('loading');
    const waiting = others.map((child) => get(child, 'alive', 20));
    await holder.kill();
    const began = performance.now();
    const all = await Promise.all(waiting);
    expect(performance.now() - began).toBeLessThan(LEASE + 1_000);
    expect(all.map(({ found }) => found[0])).toEqual(['alive k', 'alive k']);
    expect(all[0]!.loads + all[1]!.loads).toBe(1);
  });

  it('take over from one that is frozen, whose value is not stored when it goes on', async () => {
    const [holder, other, third] = children as [Child, Child, Child];
    const frozen = get(holder, 'frozen', 100);
    await holder.ask('loading');
    holder.signal('SIGSTOP');
    expect((await get(other, 'new', 20)).found).toEqual(['new k']);
    holder.signal('SIGCONT');
    expect((await frozen).found).toHaveLength(1);
    await until(async () => (await holder.ask('fenced')) === 1, 'the value of the frozen one was fenced');
    expect(await third.ask('get', { key: 'k' })).toBe('new k');
    expect(await holder.ask('get', { key: 'k' })).toBe('new k');
  });

  it('store nothing that was being loaded when another deleted it', async () => {
    const [holder, other, third] = children as [Child, Child, Child];
    const old = get(holder, 'old', 200);
    await holder.ask('loading');
    await other.ask('delete', { key: 'k' });
    expect((await old).found).toEqual(['old k']);
    expect(await third.ask('get', { key: 'k' })).toBeNull();
  });
});
