import { describe, expect, it } from 'vitest';
import { CacheBackendError, CacheSerializationError, CacheTypeError } from '../../../lib/errors/cache.errors.js';
import { GuardedStore } from '../../../lib/stores/guarded/guarded.store.js';
import { FakeClock } from '../../support/fake-clock.js';
import { silentEvents } from '../tiered/tiered-rig.js';
import { CASES, counting, outcome } from './cases.js';
import { draft, granted, openGuarded, turns } from './guarded-rig.js';

const LINKS: [string, (() => Promise<void>) | undefined][] = [
  ['at once', undefined],
  ['later', async () => {}],
];

describe.each(LINKS)('a backend that fails, answering %s', (_, hop) => {
  it.each(CASES)('$name: the caller is spared it, or told', async ({ fails, run, answer, pending }) => {
    const rig = openGuarded({}, hop);
    await rig.other.write('k', draft(1, { tags: ['t'] }));
    rig.faults.fail(fails);
    expect(await outcome(() => run(rig))).toEqual(answer);
    expect(rig.store.pendingEvictions).toBe(pending);
    expect(rig.events.counts.error).toBe(1);
    expect(rig.states).toEqual(['outage']);
    rig.faults.heal();
    expect(await rig.hit('k')).toBe(pending > 0 ? '-' : 1);
    rig.faults.fail('removeMany', 'clear', 'invalidateTags');
    expect(await rig.hit('k')).toBe(pending > 0 ? '-' : 1);
  });

  it.each(CASES)('$name: it is delivered when the backend is back', async ({ fails, run, pending }) => {
    const rig = openGuarded({}, hop);
    await rig.other.write('k', draft(1, { tags: ['t'] }));
    rig.faults.fail(fails);
    await outcome(() => run(rig));
    rig.faults.heal();
    rig.clock.advance(250);
    await turns();
    expect(rig.store.pendingEvictions).toBe(0);
    expect(rig.states).toEqual(['outage', `recovery ${pending}`]);
    expect(await rig.otherHit('k')).toBe(pending > 0 ? '-' : 1);
    await rig.space.write('k', draft(3));
    expect(await rig.hit('k')).toBe(3);
  });

  it.each(CASES)('$name: what took effect before it failed is evicted too', async ({ fails, run, pending }) => {
    const rig = openGuarded({}, hop);
    await rig.other.write('k', draft(1, { tags: ['t'] }));
    rig.faults.failAfter(fails);
    await outcome(() => run(rig));
    rig.faults.heal();
    await rig.space.write('l', draft('else'));
    expect(await rig.otherHit('k')).toBe(pending > 0 ? '-' : 1);
  });

  it.each(CASES)("$name: with onError 'throw' the caller is told", async ({ fails, run, pending }) => {
    const rig = openGuarded({ onError: 'throw' }, hop);
    await rig.other.write('k', draft(1, { tags: ['t'] }));
    rig.faults.fail(fails);
    expect(await outcome(() => run(rig))).toBe('error');
    expect(rig.store.pendingEvictions).toBe(pending);
    expect(rig.events.counts.error).toBe(1);
  });

  it("with onError 'throw' a read is told, also of a key whose eviction is pending", async () => {
    const rig = openGuarded({ onError: 'throw' }, hop);
    await rig.other.write('k', draft(1));
    rig.faults.cut();
    await outcome(() => rig.space.remove('k'));
    const read = (): unknown => rig.space.read('k', rig.clock.now());
    const readMany = (): unknown => rig.space.readMany(['k'], rig.clock.now());
    expect([await outcome(read), await outcome(readMany)]).toEqual(['error', 'error']);
    rig.faults.heal();
    rig.faults.fail('removeMany');
    expect([await outcome(read), await outcome(readMany)]).toEqual([undefined, new Map()]);
  });

  it('vouchesFail: nothing is vouched for', async () => {
    const rig = openGuarded({}, hop);
    await rig.other.write('k', draft(1));
    const entry = (await rig.space.read('k', rig.clock.now()))!;
    expect(rig.space.vouches('k', entry, rig.clock.now())).toBe(true);
    rig.faults.fail('vouches');
    expect(rig.space.vouches('k', entry, rig.clock.now())).toBe(false);
    expect(rig.states).toEqual(['outage']);
  });

  it('measureFail: nothing is known, and nothing is out', async () => {
    const rig = openGuarded({ onError: 'throw' }, hop);
    rig.faults.fail('measure');
    expect(await rig.store.measure()).toEqual({ size: undefined, bytes: undefined, pendingEvictions: 0 });
    rig.faults.heal();
    expect(await rig.store.measure()).toEqual({ size: 0, bytes: undefined, pendingEvictions: 0 });
    expect(rig.events.counts.error).toBe(1);
    expect(rig.states).toEqual([]);
  });

  it('closeFail: it is closed', async () => {
    const rig = openGuarded({}, hop);
    rig.faults.fail('close');
    await rig.store.close();
    await rig.store.close();
    expect(rig.faults.asked).toEqual(['close']);
    expect(rig.clock.pending).toBe(0);
  });

  it("holdsFail and releaseFail: nobody is told, even with onError 'throw'", async () => {
    const rig = openGuarded({ onError: 'throw' }, hop);
    const lease = await granted(rig.space);
    rig.faults.fail('holds', 'release');
    expect(await lease.holds()).toBe(false);
    await lease.release();
    expect(rig.events.counts.error).toBe(2);
    expect(rig.store.pendingEvictions).toBe(0);
  });

  it("leaseFail: with onError 'throw' the caller is told", async () => {
    const rig = openGuarded({ onError: 'throw' }, hop);
    rig.faults.fail('lease');
    expect(await outcome(() => rig.space.lease('k', [], 'load'))).toBe('error');
  });

  it('an operation that cannot be preceded by what is pending fails, and is not asked for', async () => {
    const rig = openGuarded({}, hop);
    rig.faults.cut();
    await rig.space.remove('k');
    rig.faults.asked.length = 0;
    expect(await rig.space.remove('l')).toBe(false);
    await rig.space.write('m', draft(1));
    expect(await outcome(() => rig.space.increment('n', 1, counting))).toBe('error');
    expect(await outcome(() => rig.space.add('o', draft(1)))).toBe('error');
    expect(new Set(rig.faults.asked)).toEqual(new Set(['removeMany']));
    // What was never asked for has not happened: there is nothing to evict.
    expect(rig.store.pendingEvictions).toBe(3);
    expect(rig.events.counts.error).toBe(5);
  });

  it('any other error is not the backend’s, and is passed on', async () => {
    const rig = openGuarded({}, hop);
    await rig.space.write('k', draft('text'));
    expect(await outcome(() => rig.space.increment('k', 1, counting))).toBeInstanceOf(CacheTypeError);
    expect(await outcome(() => rig.space.write('k', draft({ f: () => {} })))).toBeInstanceOf(CacheSerializationError);
    expect(await rig.hit('k')).toBe('text');
    expect(rig.events.counts.error).toBe(0);
    expect(rig.states).toEqual([]);
  });
});

it('the outage says why, and the errors are the backend’s', async () => {
  const rig = openGuarded();
  const reasons: string[] = [];
  const errors: unknown[] = [];
  rig.events.on('outage', ({ reason }) => reasons.push(reason));
  rig.events.on('error', ({ error }) => errors.push(error));
  rig.faults.cut();
  await rig.space.read('secret', 0);
  await rig.space.write('secret', draft(1));
  expect(reasons).toEqual(['the backend cannot be reached']);
  expect(errors.every((error) => error instanceof CacheBackendError)).toBe(true);
  expect(errors).toHaveLength(2);
});

it('a healthy backend is asked for nothing more than what its user asks for', async () => {
  const rig = openGuarded();
  const { space, faults } = rig;
  await space.write('k', draft(1));
  await rig.hit('k');
  await space.remove('k');
  const lease = await granted(space);
  await lease.holds();
  await lease.commit(draft(2));
  await rig.store.close();
  expect(faults.asked).toEqual(['write', 'read', 'remove', 'lease', 'holds', 'commit', 'close']);
});

it('says what the backend says about being shared', () => {
  const clock = new FakeClock();
  for (const shared of [true, false]) {
    const inner = { ...openGuarded().backend.connect(), shared };
    expect(new GuardedStore(inner, { onError: 'absorb' }, silentEvents(), clock).shared).toBe(shared);
  }
});
