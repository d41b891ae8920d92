import { describe, expect, it } from 'vitest';
import type { FarOperation } from '../../support/far-store.js';
import { draft, Gates, granted, openGuarded, turns, type GuardedRig } from './guarded-rig.js';

describe('what is pending', () => {
  it('goes before every change, lease and atomic operation', async () => {
    const count = { ttl: 60_000, grace: 0, tags: [] };
    const operations: [string, (rig: ReturnType<typeof openGuarded>) => unknown][] = [
      ['write', ({ space }) => space.write('a', draft(1))],
      ['writeMany', ({ space }) => space.writeMany(new Map([['a', draft(1)]]))],
      ['remove', ({ space }) => space.remove('a')],
      ['add', ({ space }) => space.add('a', draft(1))],
      ['swap', ({ space }) => space.swap('a', draft(1))],
      ['take', ({ space }) => space.take('a')],
      ['touch', ({ space }) => space.touch('a', 1_000)],
      ['increment', ({ space }) => space.increment('a', 1, count)],
      ['lease', ({ space }) => space.lease('a', [], 'load')],
      ['clear', ({ space }) => space.clear()],
      ['invalidateTags', ({ store }) => store.invalidateTags(['a'])],
    ];
    for (const [operation, run] of operations) {
      const rig = openGuarded();
      rig.faults.cut();
      await rig.space.remove('k');
      rig.faults.heal();
      rig.faults.asked.length = 0;
      await run(rig);
      expect(rig.faults.asked).toEqual(['removeMany', operation]);
    }
  });

  it('does not go before a read', async () => {
    const rig = openGuarded();
    rig.faults.cut();
    await rig.space.remove('k');
    rig.faults.heal();
    rig.faults.asked.length = 0;
    await rig.hit('k');
    await rig.hit('l');
    await rig.space.readMany(['k'], rig.clock.now());
    expect(rig.faults.asked).toEqual(['read']);
    expect(rig.store.pendingEvictions).toBe(1);
  });

  it('goes before a commit', async () => {
    const rig = openGuarded();
    const lease = await granted(rig.space);
    rig.faults.fail('remove');
    await rig.space.remove('l');
    rig.faults.asked.length = 0;
    expect(await lease.commit(draft('v'))).toBe(true);
    expect(rig.faults.asked).toEqual(['removeMany', 'commit']);
    expect(await rig.otherHit('k')).toBe('v');
  });

  it('is delivered once, for all who wait for it', async () => {
    const gates = new Gates();
    const rig = openGuarded({}, gates.hop);
    rig.faults.cut();
    await rig.space.remove('k');
    rig.faults.heal();
    rig.faults.asked.length = 0;
    gates.shut('removeMany →');
    const writes = Array.from({ length: 20 }, (_, index) => rig.space.write(`w${index}`, draft(index)));
    await turns();
    expect(rig.faults.asked).toEqual([]);
    await gates.open('removeMany →');
    await Promise.all(writes);
    expect(rig.faults.asked.filter((operation) => operation === 'removeMany')).toHaveLength(1);
    expect(rig.states).toEqual(['outage', 'recovery 1']);
  });

  it('and comes up while it is delivered is delivered after it', async () => {
    const gates = new Gates();
    const rig = openGuarded({}, gates.hop);
    await rig.other.write('late', draft('old'));
    gates.shut('remove →');
    const late = rig.space.remove('late');
    rig.faults.fail('write');
    await rig.space.write('k', draft(1));
    rig.faults.heal();
    gates.shut('removeMany ←');
    const next = rig.space.write('l', draft(1));
    await turns();
    rig.faults.fail('remove');
    await gates.open('remove →');
    expect(await late).toBe(false);
    rig.faults.heal();
    expect(rig.store.pendingEvictions).toBe(2);
    await gates.open('removeMany ←');
    await next;
    expect(rig.store.pendingEvictions).toBe(1);
    expect(await rig.hit('late')).toBe('-');
    await rig.space.write('m', draft(1));
    expect(rig.store.pendingEvictions).toBe(0);
    expect(await rig.otherHit('late')).toBe('-');
  });

  it.each([
    ['removeMany', (rig) => rig.space.remove('k')],
    ['clear', (rig) => rig.space.clear()],
    ['invalidateTags', (rig) => rig.store.invalidateTags(['t'])],
  ] as [FarOperation, (rig: GuardedRig) => unknown][])('is not served while it is on its way: %s', async (by, end) => {
    const gates = new Gates();
    const rig = openGuarded({}, gates.hop);
    await rig.other.write('k', draft('old', { tags: ['t'] }));
    const entry = (await rig.space.read('k', rig.clock.now()))!;
    rig.faults.cut();
    await end(rig);
    rig.faults.heal();
    gates.shut(`${by} →`);
    const next = rig.space.write('l', draft(1));
    await turns();
    expect(await rig.hit('k')).toBe('-');
    expect((await rig.space.readMany(['k'], rig.clock.now())).size).toBe(0);
    expect(rig.space.vouches('k', entry, rig.clock.now())).toBe(false);
    await gates.open(`${by} →`);
    await next;
    expect(await rig.otherHit('k')).toBe('-');
  });

  it('and was added while something else was delivered goes before the changes after it', async () => {
    const gates = new Gates();
    const rig = openGuarded({}, gates.hop);
    gates.shut('touch →');
    const touched = rig.space.touch('k', 1_000);
    rig.faults.fail('remove', 'touch');
    await rig.space.remove('l');
    gates.shut('removeMany →');
    const first = rig.space.clear();
    await gates.open('touch →');
    expect(await touched).toBe(false);
    const writes = ['k', 'm'].map((key) => rig.space.write(key, draft('new')));
    await gates.open('removeMany →');
    await Promise.all([first, ...writes]);
    expect(rig.store.pendingEvictions).toBe(0);
    expect([await rig.hit('k'), await rig.hit('m')]).toEqual(['new', 'new']);
    expect(rig.faults.asked.filter((operation) => operation === 'removeMany')).toHaveLength(2);
  });

  it('again, while it is delivered, stays pending: what failed may have come after the delivery', async () => {
    const gates = new Gates();
    const rig = openGuarded({}, gates.hop);
    gates.shut('touch →');
    const touched = rig.space.touch('k', 1_000);
    rig.faults.fail('remove');
    await rig.space.remove('k');
    gates.shut('removeMany ←');
    const next = rig.space.remove('l');
    await turns();
    await rig.other.write('k', draft('after the delivery'));
    rig.faults.fail('touch');
    await gates.open('touch →');
    expect(await touched).toBe(false);
    await gates.open('removeMany ←');
    await next;
    expect(await rig.hit('k')).toBe('-');
    rig.faults.heal();
    await rig.space.write('m', draft(1));
    expect(await rig.otherHit('k')).toBe('-');
  });

  it('that could be delivered in part is not delivered again', async () => {
    const rig = openGuarded();
    rig.faults.cut();
    await rig.store.invalidateTags(['t']);
    await rig.space.remove('k');
    await rig.store.space('b').clear();
    expect(rig.store.pendingEvictions).toBe(3);
    rig.faults.heal();
    rig.faults.fail('clear');
    await rig.space.write('l', draft(1));
    // The tag and the key are through; the write could not be made, so its key joins the clear.
    expect(rig.store.pendingEvictions).toBe(2);
    rig.faults.heal();
    rig.faults.asked.length = 0;
    await rig.space.write('l', draft(2));
    expect(rig.faults.asked.toSorted()).toEqual(['clear', 'removeMany', 'write']);
    expect(await rig.otherHit('l')).toBe(2);
  });

  it('goes in portions of a thousand', async () => {
    const rig = openGuarded();
    rig.faults.cut();
    const keys = Array.from({ length: 2_500 }, (_, index) => `k${index}`);
    await rig.space.removeMany(keys);
    await rig.store.invalidateTags(keys.slice(0, 1_001));
    expect(rig.store.pendingEvictions).toBe(3_501);
    rig.faults.heal();
    rig.faults.asked.length = 0;
    await rig.space.clear();
    expect(rig.faults.asked).toEqual([
      'invalidateTags',
      'invalidateTags',
      'removeMany',
      'removeMany',
      'removeMany',
      'clear',
    ]);
  });
});

describe('in the background', () => {
  it.each([
    ['at once', undefined],
    ['later', async () => {}],
  ])('it is tried after 250 ms, then twice as late each time, up to 2 s, answering %s', async (_, hop) => {
    const rig = openGuarded({}, hop);
    rig.faults.cut();
    await rig.space.remove('k');
    const start = rig.clock.now();
    const tried: number[] = [];
    for (let ms = 0; ms < 20_000; ms += 50) {
      const before = rig.faults.asked.length;
      rig.clock.advance(50);
      await turns();
      if (rig.faults.asked.length > before) tried.push(rig.clock.now() - start);
    }
    expect(tried).toEqual([250, 750, ...Array.from({ length: 10 }, (_, index) => 1_750 + index * 2_000)]);
    expect(rig.clock.pending).toBe(1);
    rig.faults.heal();
    rig.clock.advance(2_000);
    await turns();
    expect(rig.states).toEqual(['outage', 'recovery 1']);
    expect(rig.clock.pending).toBe(0);
  });

  it('it begins with 250 ms again after a recovery', async () => {
    const rig = openGuarded();
    rig.faults.cut();
    await rig.space.remove('k');
    rig.clock.advance(4_000);
    await turns();
    rig.clock.advance(4_000);
    await turns();
    rig.faults.heal();
    rig.clock.advance(5_000);
    await turns();
    rig.faults.cut();
    await rig.space.remove('k');
    rig.faults.heal();
    rig.clock.advance(250);
    await turns();
    expect(rig.store.pendingEvictions).toBe(0);
  });

  it('what cannot be read is tried until it can', async () => {
    const rig = openGuarded();
    rig.faults.cut();
    await rig.hit('k');
    await rig.space.lease('k', [], 'load');
    rig.clock.advance(250);
    await turns();
    expect(rig.states).toEqual(['outage']);
    rig.faults.heal();
    rig.clock.advance(500);
    await turns();
    expect(rig.states).toEqual(['outage', 'recovery 0']);
    expect(await rig.backend.store.measure()).toMatchObject({ size: 0 });
  });
});

describe('close', () => {
  it('delivers what is pending, if it can', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft('old'));
    rig.faults.cut();
    await rig.space.remove('k');
    rig.faults.heal();
    await rig.store.close();
    expect(await rig.otherHit('k')).toBe('-');
    expect(rig.clock.pending).toBe(0);
  });

  it('is done though it cannot', async () => {
    const rig = openGuarded();
    rig.faults.cut();
    await rig.space.remove('k');
    await rig.store.close();
    expect(rig.faults.asked.at(-1)).toBe('close');
    expect(rig.clock.pending).toBe(0);
  });

  it('does not wait for long, and not twice', async () => {
    const gates = new Gates();
    const rig = openGuarded({}, gates.hop);
    rig.faults.cut();
    await rig.space.remove('k');
    gates.shut('removeMany →');
    const closed = [rig.store.close(), rig.store.close()];
    await turns();
    expect(rig.faults.asked).not.toContain('close');
    rig.clock.advance(1_000);
    await Promise.all(closed);
    expect(rig.faults.asked.filter((operation) => operation === 'close')).toHaveLength(1);
    expect(rig.clock.pending).toBe(0);
    await gates.open('removeMany →');
    expect(rig.clock.pending).toBe(0);
  });
});
