import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/support/clock.js';
import { Child } from '../support/child-process.js';
import { audit } from './books.js';
import { databaseIn, draft, FaultRoom, knob, until } from './fault-room.js';

const OPERATIONS = knob('BLOSSOM_OPERATIONS', 50_000);
const SEED = knob('BLOSSOM_SEED', Date.now() % 1_000_000);

/** What a process says of its operations. */
interface Told {
  readonly sums: Readonly<Record<string, number>>;
  readonly won: Readonly<Record<string, number>>;
  readonly taken: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
  readonly unreadable: number;
  readonly setAside: number;
}

let room: FaultRoom;
let children: Child[];

beforeEach(async () => {
  room = new FaultRoom();
  children = [0, 1, 2].map((me) => new Child('mixing.mjs', { directory: room.directory, me, seed: SEED + me }));
  await Promise.all(children.map((child) => child.ready()));
});

afterEach(() => room.close());

function added(told: readonly Told[], what: 'sums' | 'won' | 'taken'): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { [what]: some } of told) {
    for (const [key, count] of Object.entries(some)) all[key] = (all[key] ?? 0) + count;
  }
  return all;
}

describe('three processes on one directory', () => {
  it(`lose nothing and read nothing wrong in ${OPERATIONS} mixed operations`, { timeout: OPERATIONS * 2 }, async () => {
    const began = performance.now();
    const told = await Promise.all(
      children.map((child) =>
        child.ask<Told>('run', { operations: Math.ceil(OPERATIONS / 3), bigOperations: OPERATIONS / 1_000 }),
      ),
    );
    const seconds = (performance.now() - began) / 1_000;
    if (process.env['BLOSSOM_FIGURES']) console.log(`${Math.round(OPERATIONS / seconds)} operations a second`);
    for (const { wrong, unreadable, setAside } of told) expect({ wrong, unreadable, setAside }).toEqual({ wrong: [], unreadable: 0, setAside: 0 }); // prettier-ignore

    const { store } = room.open();
    const shared = store.space('shared');
    const now = systemClock.now();
    const sums = added(told, 'sums');
    const counted = Object.keys(sums).map((key) => [key, shared.read(key, now)?.value]);
    expect(Object.fromEntries(counted)).toEqual(sums);
    expect(new Set(Object.values(added(told, 'won')))).toEqual(new Set([1]));
    expect(new Set(Object.values(added(told, 'taken')))).toEqual(new Set([1]));

    await Promise.all(children.map((child) => child.ask('close')));
    // Whatever sweeps what has expired sweeps all that nobody needs any more.
    await store.space('shared').write('expired', draft('at once', [], 0.01));
    await store.measure();
    await room.closeStores();
    expect(audit(databaseIn(room.directory))).toEqual([]);
  });

  it('leave no lease behind when they are killed, though nothing expires', { timeout: 20_000 }, async () => {
    const [a, b] = children as [Child, Child];
    await a.ask('holdLeases', { keys: 50, tag: 'held' });
    await b.ask('invalidate', { tag: 'held' });
    await a.kill();
    const { store } = room.open({ options: { leaseTime: 20 } });
    await until(
      async () => {
        await store.space('other').write('x', draft('kept for an hour'));
        await store.measure();
        return audit(databaseIn(room.directory)).length === 0;
      },
      'leases and invalidations are gone',
      5_000,
    );
  });

  it(
    'read nothing that another has evicted, from the moment on at which it was acknowledged',
    { timeout: 30_000 },
    async () => {
      const [a, b] = children as [Child, Child];
      const evict = {
        remove: () => a.ask('remove', { key: 'x' }),
        overwrite: () => a.ask('write', { key: 'x', value: 'new' }),
        invalidate: () => a.ask('invalidate', { tag: 't' }),
        clear: () => a.ask('clear'),
      };
      const seen: unknown[] = [];
      for (let round = 0; round < 400; round += 1) {
        const how = (['remove', 'overwrite', 'invalidate', 'clear'] as const)[round % 4]!;
        await a.ask('writeTagged', { key: 'x', value: round, tag: 't' });
        expect(await b.ask('read', { key: 'x' })).toBe(round);
        await evict[how]();
        const left = await b.ask('read', { key: 'x' });
        if (left !== (how === 'overwrite' ? 'new' : null)) seen.push({ how, round, left });
      }
      expect(seen).toEqual([]);
    },
  );
});
