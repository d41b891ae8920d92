import { describe, expect, it } from 'vitest';
import { PendingEvictions } from '../../../lib/stores/guarded/pending-evictions.js';
import { asLease, draft, Gates, granted, openGuarded, turns, type GuardedRig } from './guarded-rig.js';

/** Everything the backend is told is lost, what it is asked is not. */
function cutChanges({ faults }: GuardedRig): void {
  faults.fail('write', 'remove', 'removeMany', 'clear', 'invalidateTags');
}

/** What ends the entry `k` of `ns`, which carries the tag `t`. */
const ENDS: [string, (rig: GuardedRig) => unknown][] = [
  ['key', ({ space }) => space.remove('k')],
  ['key that was set', ({ space }) => space.write('k', draft('new'))],
  ['tag', ({ store }) => store.invalidateTags(['else', 't'])],
  ['namespace', ({ space }) => space.clear()],
];

describe.each(ENDS)('a pending %s', (_, end) => {
  it('is a miss for read and readMany, and nobody vouches for it', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft('old', { tags: ['t'] }));
    const entry = (await rig.space.read('k', rig.clock.now()))!;
    cutChanges(rig);
    await end(rig);
    expect(await rig.hit('k')).toBe('-');
    expect(await rig.space.readMany(['k', 'k'], rig.clock.now())).toEqual(new Map());
    expect(rig.space.vouches('k', entry, rig.clock.now())).toBe(false);
    expect(await rig.otherHit('k')).toBe('old');
  });

  it('does not end other entries', async () => {
    const rig = openGuarded();
    await rig.other.write('l', draft('else', { tags: ['u'] }));
    await rig.backend.connect().space('nsx').write('k', draft('else'));
    cutChanges(rig);
    await end(rig);
    expect(await rig.store.space('nsx').read('k', rig.clock.now())).toMatchObject({ value: 'else' });
    if (end !== ENDS[3]![1]) expect(await rig.hit('l')).toBe('else');
  });

  it('is a miss for a read that was asked before it', async () => {
    const gates = new Gates();
    const rig = openGuarded({}, gates.hop);
    await rig.other.write('k', draft('old', { tags: ['t'] }));
    gates.shut('read ←');
    gates.shut('readMany ←');
    const one = rig.space.read('k', rig.clock.now());
    const many = rig.space.readMany(['k', 'l'], rig.clock.now());
    await turns();
    cutChanges(rig);
    await end(rig);
    await gates.open('read ←');
    await gates.open('readMany ←');
    expect(await one).toBeUndefined();
    expect((await many).has('k')).toBe(false);
  });

  it('is not what a lease, swap or take that was asked before it answers', async () => {
    const gates = new Gates();
    const rig = openGuarded({}, gates.hop);
    const old = draft('old', { tags: ['t'] });
    for (const operation of ['lease', 'take', 'swap']) {
      const again = openGuarded({}, gates.hop);
      await again.other.write('k', old);
      gates.shut(`${operation} ←`);
      const { space } = again;
      const asked = { lease: () => space.lease('k', [], 'load'), take: () => space.take('k'), swap: () => space.swap('k', old) }[operation]!(); // prettier-ignore
      await turns();
      cutChanges(again);
      await end(again);
      await gates.open(`${operation} ←`);
      const answer = await asked;
      if (operation === 'lease') expect(await asLease(answer as never).commit(old)).toBe(true);
      else expect(answer).toBeUndefined();
      expect(await again.hit('k')).toBe('-');
    }
    await rig.store.close();
  });

  it('is delivered before the next change, which then counts', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft('old', { tags: ['t'] }));
    cutChanges(rig);
    await end(rig);
    rig.faults.heal();
    await rig.space.write('k', draft('new', { tags: ['t'] }));
    expect(await rig.hit('k')).toBe('new');
    expect(await rig.otherHit('k')).toBe('new');
  });

  it('is delivered before the next lease, whose value counts', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft('old', { tags: ['t'] }));
    cutChanges(rig);
    await end(rig);
    rig.faults.heal();
    const lease = await granted(rig.space, 'k', ['t']);
    expect(await lease.commit(draft('new', { tags: ['t'] }))).toBe(true);
    expect(await rig.otherHit('k')).toBe('new');
  });

  it('fences a load that began before it, though the backend knows nothing of it', async () => {
    const rig = openGuarded();
    const lease = await granted(rig.space, 'k', ['t']);
    cutChanges(rig);
    await end(rig);
    expect(await lease.holds()).toBe(false);
    rig.faults.heal();
    expect(await lease.commit(draft('old', { tags: ['t'] }))).toBe(false);
    expect(await rig.otherHit('k')).toBe('-');
  });
});

it('a late tag that is pending fences a load that began before it', async () => {
  const rig = openGuarded();
  const lease = await granted(rig.space);
  cutChanges(rig);
  await rig.store.invalidateTags(['late']);
  expect(await lease.holds()).toBe(true);
  expect(await lease.holds(['late'])).toBe(false);
  rig.faults.heal();
  expect(await lease.commit(draft('old', { tags: ['late'] }))).toBe(false);
});

describe('a full queue', () => {
  it('becomes one clear of the namespace with most keys', async () => {
    const rig = openGuarded({ maxPending: 3 });
    const few = rig.store.space('few');
    for (const key of ['a', 'b', 'c', 'd', 'e']) await rig.other.write(key, draft(key));
    await rig.backend.connect().space('few').write('y', draft('y'));
    cutChanges(rig);
    await few.remove('x');
    await rig.space.removeMany(['a', 'b']);
    expect(rig.store.pendingEvictions).toBe(3);
    await rig.space.remove('c');
    expect(rig.store.pendingEvictions).toBe(2);
    expect(await rig.hit('e')).toBe('-');
    expect(await few.read('y', rig.clock.now())).toMatchObject({ value: 'y' });
    await rig.space.remove('d');
    expect(rig.store.pendingEvictions).toBe(2);
    rig.faults.heal();
    await few.write('z', draft('z'));
    expect(await rig.otherHit('e')).toBe('-');
    expect(rig.states).toEqual(['outage', 'recovery 2']);
  });

  it('of tags becomes a clear of every namespace there is, and of those that are used later', async () => {
    const rig = openGuarded({ maxPending: 3 });
    const elsewhere = rig.backend.connect().space('later');
    await elsewhere.write('k', draft('old', { tags: ['t0'] }));
    await rig.other.write('k', draft('old', { tags: ['t0'] }));
    cutChanges(rig);
    for (let i = 0; i < 5; i += 1) await rig.store.invalidateTags([`t${i}`]);
    expect(rig.store.pendingEvictions).toBe(2);
    expect(await rig.hit('k')).toBe('-');
    rig.faults.heal();
    await rig.space.write('l', draft('new'));
    expect(rig.store.pendingEvictions).toBe(0);
    expect(await rig.otherHit('k')).toBe('-');
    const later = rig.store.space('later');
    expect(await later.read('k', rig.clock.now())).toBeUndefined();
    await later.write('l', draft('new'));
    expect(await elsewhere.read('k', rig.clock.now())).toBeUndefined();
    expect(await later.read('l', rig.clock.now())).toMatchObject({ value: 'new' });
    expect(rig.store.pendingEvictions).toBe(0);
  });

  it('never holds more than its bound, whatever was on its way meanwhile', () => {
    let forgotten = 0;
    const pending = new PendingEvictions(10, () => (forgotten += 1));
    pending.buryKeys('a', ['1', '2', '3', '4', '5', '6', '7', '8']);
    pending.buryTags(['1', '2', '3', '4', '5', '6', '7', '8']);
    pending.send();
    pending.buryKeys('a', ['9', '10', '11']);
    pending.buryTags(['9', '10', '11']);
    pending.settle();
    expect(pending.count).toBe(1);
    expect(forgotten).toBe(1);
    expect(pending.hides('a', 'any')).toBe(true);
  });
});
