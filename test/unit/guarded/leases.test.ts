import { describe, expect, it } from 'vitest';
import type { LeaseBusy, LeasePurpose } from '../../../lib/stores/store.js';
import { draft, granted, openGuarded, turns, type GuardedRig } from './guarded-rig.js';

const count = { ttl: 60_000, grace: 0, tags: [] };

/** What this process does that the load of `k` with the tag `t` must not outlive; all of it fails. */
const CHANGES: [string, (rig: GuardedRig) => unknown][] = [
  ['a write', ({ space }) => space.write('k', draft(1))],
  ['a batch write', ({ space }) => space.writeMany(new Map([['k', draft(1)]]))],
  ['a remove', ({ space }) => space.remove('k')],
  ['a batch remove', ({ space }) => space.removeMany(['else', 'k'])],
  ['a touch', ({ space }) => space.touch('k', 1_000)],
  ['a clear', ({ space }) => space.clear()],
  ['an invalidation', ({ store }) => store.invalidateTags(['else', 't'])],
];

async function down(rig = openGuarded()): Promise<GuardedRig> {
  rig.faults.cut();
  await rig.hit('k');
  return rig;
}

describe('leaseFail: a lease in an outage', () => {
  it.each<LeasePurpose>(['load', 'refresh', 'write'])(
    'to %s holds until it ends, and stores nothing',
    async (purpose) => {
      const rig = await down();
      const lease = await granted(rig.space, 'k', ['t'], purpose);
      expect(await lease.holds(['late'])).toBe(true);
      expect(await lease.commit(draft('v', { tags: ['t', 'late'] }))).toBe(true);
      expect(await lease.holds()).toBe(false);
      expect(await lease.commit(draft('v'))).toBe(false);
      const released = await granted(rig.space, 'k', [], purpose);
      await released.release();
      expect(await released.holds()).toBe(false);
      rig.faults.heal();
      expect(await rig.otherHit('k')).toBe('-');
    },
  );

  it.each(CHANGES)('ends with %s', async (_, change) => {
    const rig = await down();
    const lease = await granted(rig.space, 'k', ['t']);
    await change(rig);
    expect(await lease.holds()).toBe(false);
    expect(await lease.commit(draft('v'))).toBe(false);
    const after = await granted(rig.space, 'k', ['t']);
    expect(await after.holds()).toBe(true);
  });

  it('ends with an invalidation of a tag that came late', async () => {
    const rig = await down();
    const lease = await granted(rig.space);
    await rig.store.invalidateTags(['late']);
    expect(await lease.holds()).toBe(true);
    expect(await lease.holds(['late'])).toBe(false);
    expect(await lease.commit(draft('v', { tags: ['late'] }))).toBe(false);
    const after = await granted(rig.space);
    expect(await after.holds(['late'])).toBe(true);
  });

  it('does not end with what concerns other entries', async () => {
    const rig = await down();
    const lease = await granted(rig.space, 'k', ['t']);
    await rig.space.remove('l');
    await rig.store.space('nsx').remove('k');
    await rig.store.space('nsx').clear();
    await rig.store.invalidateTags(['u']);
    await expect((async () => rig.space.add('k', draft(1)))()).rejects.toThrow('reached');
    await rig.hit('k');
    expect(await lease.holds()).toBe(true);
  });

  it('is joined for maxStaleness alone, and kept until it ends: others may be heard of by everybody but this process', async () => {
    const rig = await down(openGuarded({ maxStaleness: 700 }));
    const lease = await granted(rig.space, 'k', ['t']);
    rig.clock.advance(700);
    expect(await lease.holds()).toBe(true);
    rig.clock.advance(1);
    expect(await lease.holds()).toBe(false);
    const next = await rig.space.lease('k', ['t'], 'load');
    expect(next).toHaveProperty('freed');
    expect(await lease.commit(draft('v', { tags: ['t'] }))).toBe(true);
    await (next as LeaseBusy).freed;
    expect(await (await granted(rig.space, 'k', ['t'])).holds()).toBe(true);
  });

  it('does not outlive the outage: what others did meanwhile, nobody here knows', async () => {
    const rig = await down();
    const lease = await granted(rig.space);
    rig.faults.heal();
    rig.clock.advance(250);
    await turns();
    expect(rig.states).toEqual(['outage', 'recovery 0']);
    expect(await lease.holds()).toBe(false);
    await down(rig);
    expect(await lease.holds()).toBe(false);
    expect(await lease.commit(draft('v'))).toBe(false);
  });

  it('is had once: who comes second waits until it ends', async () => {
    const rig = await down();
    const first = await granted(rig.space);
    const second = await rig.space.lease('k', [], 'load');
    expect('freed' in second).toBe(true);
    await granted(rig.space, 'l');
    await first.commit(draft('v'));
    if ('freed' in second) await second.freed;
    const third = await granted(rig.space);
    await third.release();
    await granted(rig.space);
  });

  it('is taken over by a refresh and a write, whose successor takes over in turn', async () => {
    const rig = await down();
    const load = await granted(rig.space);
    const waits = await rig.space.lease('k', [], 'load');
    const refresh = await granted(rig.space, 'k', [], 'refresh');
    if ('freed' in waits) await waits.freed;
    const write = await granted(rig.space, 'k', [], 'write');
    const next = await granted(rig.space);
    expect([await load.holds(), await refresh.holds(), await write.holds()]).toEqual([false, false, false]);
    await load.release();
    expect(await next.holds()).toBe(true);
  });

  it('to write leaves a pending eviction: the value from before must not be served after it', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft('old'));
    rig.faults.fail('lease', 'remove');
    const lease = await granted(rig.space, 'k', [], 'write');
    expect(await lease.commit(draft('new'))).toBe(true);
    expect(rig.store.pendingEvictions).toBe(1);
    expect(await rig.hit('k')).toBe('-');
    rig.faults.heal();
    await rig.space.write('l', draft(1));
    expect(await rig.otherHit('k')).toBe('-');
  });

  it('to write removes the value from before where it can', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft('old'));
    rig.faults.fail('lease');
    const lease = await granted(rig.space, 'k', [], 'write');
    rig.faults.heal();
    await lease.commit(draft('new'));
    expect(await rig.otherHit('k')).toBe('-');
    expect(rig.store.pendingEvictions).toBe(0);
  });
});

describe('a lease that the backend granted', () => {
  it('commitFail: the key is pending, and it counts as held', async () => {
    for (const fail of ['fail', 'failAfter'] as const) {
      const rig = openGuarded();
      const lease = await granted(rig.space, 'k', ['t']);
      rig.faults[fail]('commit');
      expect(await lease.commit(draft('v', { tags: ['t'] }))).toBe(true);
      expect(rig.store.pendingEvictions).toBe(1);
      expect(await rig.hit('k')).toBe('-');
      rig.faults.heal();
      expect(await lease.holds()).toBe(false);
      await rig.space.write('l', draft(1));
      expect(await rig.otherHit('k')).toBe('-');
      await granted(rig.other);
    }
  });

  it('commitFail: it does not count as held after a change, or with tags that came late', async () => {
    const rig = openGuarded();
    const changed = await granted(rig.space, 'a');
    const late = await granted(rig.space, 'b', ['t']);
    await rig.space.remove('a');
    rig.faults.fail('commit');
    expect(await changed.commit(draft('v'))).toBe(false);
    expect(await late.commit(draft('v', { tags: ['t', 'late'] }))).toBe(false);
  });

  it('is let go where what is pending could not be delivered before its commit', async () => {
    const rig = openGuarded();
    const lease = await granted(rig.space);
    rig.faults.fail('remove', 'removeMany');
    await rig.space.remove('l');
    expect(await lease.commit(draft('v'))).toBe(true);
    expect(rig.faults.asked).not.toContain('commit');
    await turns();
    await granted(rig.other);
    expect(rig.store.pendingEvictions).toBe(1);
  });

  it('to write makes its key pending where what is pending could not be delivered', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft('old'));
    const lease = await granted(rig.space, 'k', [], 'write');
    rig.faults.fail('remove', 'removeMany');
    await rig.space.remove('l');
    expect(await lease.commit(draft('new'))).toBe(true);
    expect(rig.store.pendingEvictions).toBe(2);
    expect(await rig.hit('k')).toBe('-');
  });

  it('releaseFail: it runs out by itself', async () => {
    const rig = openGuarded();
    const lease = await granted(rig.space);
    rig.faults.fail('release');
    await lease.release();
    await turns();
    await granted(rig.other);
    expect(rig.events.counts.error).toBe(1);
  });

  it('does not hold where the backend cannot say so, as others may have made changes', async () => {
    const rig = openGuarded();
    const lease = await granted(rig.space);
    rig.faults.fail('holds');
    expect(await lease.holds()).toBe(false);
    rig.faults.heal();
    expect(await lease.holds()).toBe(true);
    await rig.other.remove('k');
    expect(await lease.holds()).toBe(false);
  });

  it('does not hold after a change here that the backend has not heard of', async () => {
    const rig = openGuarded();
    const lease = await granted(rig.space);
    rig.faults.fail('remove');
    await rig.space.remove('k');
    expect(await lease.holds()).toBe(false);
    expect(rig.faults.asked).not.toContain('holds');
  });
});

it('ten thousand invalidations during a load are remembered, and beyond it no late tag is trusted', async () => {
  const rig = await down(openGuarded({ maxPending: 100_000 }));
  const lease = await granted(rig.space);
  await rig.store.invalidateTags(Array.from({ length: 10_000 }, (_, index) => `t${index}`));
  expect(await lease.holds(['fine'])).toBe(true);
  expect(await lease.holds(['t9999'])).toBe(false);
  await rig.store.invalidateTags(['one more']);
  expect(await lease.holds()).toBe(true);
  expect(await lease.holds(['fine'])).toBe(false);
  const next = await granted(rig.space, 'l');
  expect(await next.holds(['fine'])).toBe(true);
});

it('an operation of the backend that others see is not stopped by a count that is refused', async () => {
  const rig = openGuarded();
  await rig.space.write('k', draft('text'));
  const lease = await granted(rig.space, 'k', [], 'refresh');
  await expect((async () => rig.space.increment('k', 1, count))()).rejects.toMatchObject({ code: 'CACHE_TYPE' });
  expect(await lease.commit(draft('mine'))).toBe(true);
});
