import { describe, expect, it } from 'vitest';
import { CacheBackendError } from '../../../lib/errors/cache.errors.js';
import type { FarStore, Lease } from '../../../lib/stores/store.js';
import { FakeClock } from '../../../lib/testing/time/fake-clock.js';
import { LEASE_OPERATIONS, SPACE_OPERATIONS, STORE_OPERATIONS } from '../../../lib/testing/faults/far-operations.js';
import { Faults } from '../../../lib/testing/faults/faults.js';
import { FarBackend } from '../../support/far-store.js';

const DRAFT = { value: 1, ttl: 60_000, grace: 0, tags: [] };

interface Rig {
  readonly clock: FakeClock;
  readonly faults: Faults;
  readonly inner: FarStore;
  readonly store: FarStore;
}

function rig(seed = 1): Rig {
  const clock = new FakeClock();
  const faults = new Faults({ clock, seed });
  const inner = new FarBackend(clock).connect();
  return { clock, faults, inner, store: faults.wrap(inner) };
}

/** What a call comes to, whether it throws or rejects. */
async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error instanceof CacheBackendError ? (error.timedOut ? 'timed out' : 'failed') : error;
  }
}

describe('Faults', () => {
  it('change nothing without rules, and answer at once what is answered at once', () => {
    const { store, clock } = rig();
    const space = store.space('n');
    expect(space.write('k', DRAFT)).toBeUndefined();
    expect(space.read('k', clock.now())).toMatchObject({ value: 1 });
    expect(space.remove('k')).toBe(true);
    expect(store.shared).toBe(true);
  });

  it('stand before every operation of a store', () => {
    const { store, inner } = rig();
    const lease = store.space('n').lease('k', [], 'load');
    expect(Object.keys(lease).toSorted()).toEqual([...LEASE_OPERATIONS].toSorted());
    const names = Object.keys(inner.space('n'));
    expect(names.filter((name) => ![...SPACE_OPERATIONS, 'vouches'].includes(name))).toEqual([]);
    expect(
      Object.keys(inner).filter((name) => ![...STORE_OPERATIONS, 'space', 'shared', 'reclaims'].includes(name)),
    ).toEqual([]);
  });

  it('strike by number: the third read fails, and no other', async () => {
    const { store, faults, clock } = rig();
    faults.add({ on: 'read', nth: 3, fault: { kind: 'throw' } });
    const space = store.space('n');
    await space.write('k', DRAFT);
    const reads = [1, 2, 3, 4].map(() => outcome(() => space.read('k', clock.now())));
    expect(await Promise.all(reads)).toMatchObject([{ value: 1 }, { value: 1 }, 'failed', { value: 1 }]);
  });

  it('strike as often as they are asked to, and by the rule that is oldest', async () => {
    const { store, faults } = rig();
    faults.add({ on: ['remove'], times: 1, fault: { kind: 'throw', timedOut: true } });
    faults.add({ nth: [2, 3], fault: { kind: 'throw' } });
    const remove = (): Promise<unknown> => outcome(() => store.space('n').remove('k'));
    expect([await remove(), await remove(), await remove(), await remove()]).toEqual([
      'timed out',
      'failed',
      'failed',
      false,
    ]);
  });

  it('strike with a probability, the same for the same seed', async () => {
    const strikes = async (seed: number): Promise<readonly unknown[]> => {
      const { store, faults } = rig(seed);
      faults.add({ probability: 0.3, fault: { kind: 'throw' } });
      return Promise.all(Array.from({ length: 200 }, () => outcome(() => store.space('n').remove('k'))));
    };
    const struck = (await strikes(5)).filter((answer) => answer === 'failed').length;
    expect(struck).toBeGreaterThan(30);
    expect(struck).toBeLessThan(90);
    expect(await strikes(5)).toEqual(await strikes(5));
    expect(await strikes(5)).not.toEqual(await strikes(6));
  });

  it('throw before or after the operation took effect', async () => {
    const { store, inner, faults, clock } = rig();
    const stored = (key: string): unknown => inner.space('n').read(key, clock.now());
    faults.add({ nth: 1, fault: { kind: 'throw' } });
    faults.add({ nth: 2, fault: { kind: 'throw', after: true } });
    expect(await outcome(() => store.space('n').write('before', DRAFT))).toBe('failed');
    expect(await outcome(() => store.space('n').write('after', DRAFT))).toBe('failed');
    expect(stored('before')).toBeUndefined();
    expect(stored('after')).toMatchObject({ value: 1 });
  });

  it('delay by their clock', async () => {
    const { store, inner, faults, clock } = rig();
    faults.add({ on: 'write', fault: { kind: 'delay', ms: [100, 200] } });
    const writing = Promise.resolve(store.space('n').write('k', DRAFT));
    await clock.pass(99);
    expect(inner.space('n').read('k', clock.now())).toBeUndefined();
    await clock.pass(101);
    await writing;
    expect(inner.space('n').read('k', clock.now())).toMatchObject({ value: 1 });
  });

  it('hang for as long as they are told, or until they are healed', async () => {
    const { store, faults, clock } = rig();
    faults.add({ nth: 1, fault: { kind: 'hang', ms: 500 } });
    faults.add({ fault: { kind: 'hang' } });
    const ends: string[] = [];
    const ask = (): Promise<void> =>
      outcome(() => store.space('n').remove('k')).then((end) => void ends.push(`${end}`));
    const all = [ask(), ask()];
    await clock.pass(500);
    expect(ends).toEqual(['timed out']);
    await clock.pass(3_600_000);
    expect([ends.length, faults.hanging]).toEqual([1, 1]);
    faults.heal();
    await Promise.all(all);
    expect([ends, faults.hanging]).toEqual([['timed out', 'timed out'], 0]);
    expect(await outcome(() => store.space('n').remove('k'))).toBe(false);
  });

  it('garble what is read, and lose the answer of anything else', async () => {
    const { store, inner, faults, clock } = rig();
    await store.space('n').write('k', DRAFT);
    faults.add({ fault: { kind: 'garble' } });
    const space = store.space('n');
    expect(await space.read('k', clock.now())).toBeUndefined();
    expect(await space.readMany(['k'], clock.now())).toEqual(new Map());
    expect(await outcome(() => space.remove('k'))).toBe('failed');
    expect(inner.space('n').read('k', clock.now())).toBeUndefined();
  });

  it('forget: what is read is not there, and what is changed is gone', async () => {
    const { store, inner, faults, clock } = rig();
    const space = store.space('n');
    const keys = ['write', 'many', 'add', 'swap', 'remove', 'several', 'take', 'count', 'touch', 'load', 'read'];
    for (const key of keys) await inner.space('n').write(key, DRAFT);
    const entry = (await space.read('read', clock.now()))!;
    faults.add({ fault: { kind: 'forget' } });
    expect(space.vouches('read', entry, clock.now())).toBe(false);
    expect(await space.read('read', clock.now())).toBeUndefined();
    expect(await space.readMany(keys, clock.now())).toEqual(new Map());
    expect(await space.absence('read', clock.now())).toEqual({ reason: 'absent' });
    await space.write('write', DRAFT);
    await space.writeMany(new Map([['many', DRAFT]]));
    expect([await space.add('add', DRAFT), await space.swap('swap', DRAFT), await space.take('take')]).toEqual([
      true,
      undefined,
      undefined,
    ]);
    expect([await space.remove('remove'), await space.removeMany(['several']), await space.touch('touch', 1)]).toEqual([
      false,
      [],
      false,
    ]);
    expect(await space.increment('count', 3, DRAFT)).toBe(3);
    const lease = (await space.lease('load', [], 'load')) as Lease;
    expect([await lease.commit(DRAFT), await lease.holds()]).toEqual([true, false]);
    faults.heal();
    expect([...(await space.readMany(keys, clock.now())).keys()]).toEqual(['read']);
    expect(await space.lease('load', [], 'load')).toHaveProperty('commit');
  });

  it('forget nothing that voids a lease', async () => {
    const { store, faults } = rig();
    faults.add({ fault: { kind: 'forget' } });
    const lease = (await store.space('n').lease('k', ['t'], 'load')) as Lease;
    await store.invalidateTags(['t']);
    expect(await lease.commit({ ...DRAFT, tags: ['t'] })).toBe(false);
    expect(await store.space('n').lease('k', [], 'load')).toHaveProperty('commit');
  });

  it('say of what is known without waiting that it is not known', async () => {
    const { store, faults, clock } = rig();
    const space = store.space('n');
    await space.write('k', DRAFT);
    const entry = (await space.read('k', clock.now()))!;
    expect(space.vouches('k', entry, clock.now())).toBe(true);
    faults.add({ on: 'vouches', nth: 1, fault: { kind: 'garble' } });
    faults.add({ on: 'vouches', nth: 2, fault: { kind: 'throw' } });
    expect(space.vouches('k', entry, clock.now())).toBe(false);
    expect(() => space.vouches('k', entry, clock.now())).toThrow(CacheBackendError);
    expect(space.vouches('k', entry, clock.now())).toBe(true);
  });

  it.each([
    ['lease', { kind: 'garble' }],
    ['commit', { kind: 'throw' }],
    ['release', { kind: 'throw' }],
    ['release', { kind: 'hang', ms: 10 }],
  ] as const)('leave no lease behind when a %s is lost (%o)', async (operation, fault) => {
    const { store, faults, clock } = rig();
    const space = store.space('n');
    faults.add({ on: operation, times: 1, fault });
    const lost = outcome(async () => {
      const lease = (await space.lease('k', [], 'load')) as Lease;
      await (operation === 'commit' ? lease.commit(DRAFT) : lease.release());
    });
    await clock.pass(10);
    expect(await lost).toBe(fault.kind === 'hang' ? 'timed out' : 'failed');
    expect(await space.lease('k', [], 'load')).toHaveProperty('commit');
  });

  it('record what was asked for, of whom, and what became of it', async () => {
    const { store, faults, clock } = rig();
    faults.add({ on: 'commit', fault: { kind: 'throw' } });
    const lease = (await store.space('n').lease('k', [], 'load')) as Lease;
    await outcome(() => lease.commit(DRAFT));
    await store.invalidateTags(['t']);
    const at = clock.now();
    expect(faults.asked).toEqual([
      { operation: 'lease', namespace: 'n', key: 'k', at, fault: undefined },
      { operation: 'commit', namespace: 'n', key: 'k', at, fault: 'throw' },
      { operation: 'invalidateTags', namespace: undefined, key: undefined, at, fault: undefined },
    ]);
    faults.forget();
    expect(faults.asked).toEqual([]);
  });

  it('can be cut off, and a rule taken back', async () => {
    const { store, faults } = rig();
    const remove = (): Promise<unknown> => outcome(() => store.space('n').remove('k'));
    faults.cut();
    expect(await remove()).toBe('failed');
    faults.heal();
    expect(await remove()).toBe(false);
    faults.add({ fault: { kind: 'throw' } })();
    expect(await remove()).toBe(false);
  });

  it.each<[string, object]>([
    ['a probability', { probability: 2, fault: { kind: 'throw' } }],
    ["no operation 'delete'", { on: 'delete', fault: { kind: 'throw' } }],
    ["no operation 'commt'", { on: ['lease', 'commt'], fault: { kind: 'throw' } }],
    ['nth', { nth: 0, fault: { kind: 'throw' } }],
    ['nth', { nth: [1, 2.5], fault: { kind: 'throw' } }],
    ['times', { times: -1, fault: { kind: 'throw' } }],
    ['a fault', { fault: { kind: 'crash' } }],
    ['a fault', {}],
    ['ms', { fault: { kind: 'delay' } }],
    ['ms', { fault: { kind: 'delay', ms: [5, 1] } }],
    ['ms', { fault: { kind: 'hang', ms: -1 } }],
  ])('names what is wrong with a rule: %s', (what, rule) => {
    const { faults } = rig();
    const add = (): unknown => faults.add(rule as never);
    expect(add).toThrow(RangeError);
    expect(add).toThrow(what);
  });
});
