import { expect, it } from 'vitest';
import type { Lease, LeaseNeedless, LeasePurpose } from '../../../lib/stores/store.js';
import { concurrently, draft, MISS, TTL, type StoreRig } from './rig.js';

const PURPOSES: LeasePurpose[] = ['load', 'ahead', 'refresh', 'write'];
/** What others wait for. */
const WAITED_FOR: LeasePurpose[] = ['load', 'ahead', 'refresh'];

/** Whether `promise` is settled once everything that is due has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

export function leaseContract(rig: StoreRig): void {
  it.each(PURPOSES)('a lease to %s holds, and its commit stores the draft', async (purpose) => {
    const lease = await rig.lease('k', ['t'], purpose);
    expect(await lease.holds()).toBe(true);
    expect(await rig.held('k')).toBe(MISS);
    expect(await lease.commit(draft('v', { ttl: 1_000, tags: ['t'] }))).toBe(true);
    expect(await rig.hit('k')).toBe('v');
    rig.clock.advance(999);
    expect(await rig.hit('k')).toBe('v');
    await rig.store.invalidateTags(['t']);
    expect(await rig.hit('k')).toBe(MISS);
  });

  it.each(PURPOSES)('a lease to %s leaves the entry that is there until its commit replaces it', async (purpose) => {
    await rig.space().write('k', draft('old', { ttl: 1_000, grace: TTL, tags: ['old'] }));
    // There is nothing to load while an entry is fresh.
    if (purpose === 'load') rig.clock.advance(1_000);
    const lease = await rig.lease('k', [], purpose);
    expect(await rig.held('k')).toBe('old');
    expect(await lease.commit(draft('new'))).toBe(true);
    await rig.store.invalidateTags(['old']);
    expect(await rig.hit('k')).toBe('new');
  });

  it.each(PURPOSES)('release ends a lease to %s and stores nothing', async (purpose) => {
    const lease = await rig.lease('k', [], purpose);
    await lease.release();
    expect(await lease.commit(draft('new'))).toBe(false);
    expect(await rig.held('k')).toBe(MISS);
    await rig.lease('k', [], 'load');
  });

  it('a lease commits once', async () => {
    const lease = await rig.lease('k');
    expect(await lease.commit(draft('first'))).toBe(true);
    expect(await lease.commit(draft('second'))).toBe(false);
    await lease.release();
    expect(await rig.hit('k')).toBe('first');
  });

  it('a commit with a ttl of 0 ends the lease and stores nothing', async () => {
    const lease = await rig.lease('k');
    await lease.commit(draft('v', { ttl: 0 }));
    expect(await rig.held('k')).toBe(MISS);
    await (await rig.lease('k')).release();
  });

  it.each([['text'], [undefined], [null], [0]])(
    'there is nothing to load while %j is stored and fresh',
    async (value) => {
      await rig.space().write('k', draft(value, { ttl: 1_000, tags: ['t'] }));
      const answer = await rig.space().lease('k', [], 'load');
      expect(answer).toMatchObject({ entry: { value, tags: ['t'] } });
      expect((answer as LeaseNeedless).entry.expiresAt - rig.clock.now()).toBe(1_000);
    },
  );

  it('there is something to load when the entry has expired, was removed, invalidated or cleared', async () => {
    for (const end of [
      () => rig.clock.advance(1_000),
      () => rig.space().remove('k'),
      () => rig.store.invalidateTags(['t']),
      () => rig.space().clear(),
    ]) {
      await rig.space().write('k', draft('v', { ttl: 1_000, grace: TTL, tags: ['t'] }));
      await end();
      await (await rig.lease('k', ['t'])).release();
    }
  });

  it('a load that is told of a fresh entry takes no lease: whoever refreshes keeps it', async () => {
    await rig.space().write('k', draft('old'));
    const refresh = await rig.lease('k', [], 'refresh');
    expect(await rig.space().lease('k', [], 'load')).toMatchObject({ entry: { value: 'old' } });
    expect(await refresh.holds()).toBe(true);
    expect(await refresh.commit(draft('new'))).toBe(true);
    expect(await rig.space().lease('k', [], 'load')).toMatchObject({ entry: { value: 'new' } });
  });

  it('while a load holds the lease, another load of the key is busy, through any handle', async () => {
    const lease = await rig.lease('k');
    await rig.busy('k');
    await rig.busy('k', rig.other);
    expect(await lease.holds()).toBe(true);
    expect(await lease.commit(draft('v'))).toBe(true);
  });

  it.each(WAITED_FOR)('while somebody holds a lease to %s, a load and a load ahead are busy', async (purpose) => {
    const lease = await rig.lease('k', [], purpose);
    for (const from of [rig.store, rig.other]) {
      await rig.busy('k', from, 'load');
      await rig.busy('k', from, 'ahead');
    }
    expect(await lease.holds()).toBe(true);
    expect(await lease.commit(draft('v'))).toBe(true);
  });

  it.each([
    ['fresh', 999],
    ['past its ttl, within its grace', 1_000],
    ['past its grace', 1_000 + TTL],
  ])('a load ahead is granted where the entry is %s, and leaves it as it is, for every handle', async (_, age) => {
    await rig.space().write('k', draft('old', { ttl: 1_000, grace: TTL, tags: ['t'] }));
    rig.clock.advance(age);
    const before = await rig.held('k');
    const lease = await rig.lease('k', ['t'], 'ahead');
    for (const from of [rig.store, rig.other]) {
      const entry = await from.space('ns').read('k', rig.clock.now());
      expect(entry === undefined ? MISS : entry.value).toBe(before);
      if (entry !== undefined) expect(entry.expiresAt - rig.clock.now()).toBe(1_000 - age);
    }
    await rig.busy('k', rig.other, 'ahead');
    expect(await lease.commit(draft('new', { tags: ['t'] }))).toBe(true);
    expect((await rig.other.space('ns').read('k', rig.clock.now()))?.value).toBe('new');
  });

  it('a load ahead that is given up leaves the entry fresh until its end', async () => {
    await rig.space().write('k', draft('old', { ttl: 1_000, tags: ['t'] }));
    await (await rig.lease('k', [], 'ahead')).release();
    rig.clock.advance(999);
    expect(await rig.hit('k')).toBe('old');
    rig.clock.advance(1);
    expect(await rig.hit('k')).toBe(MISS);
  });

  it('a load that comes during a load ahead gets the entry as long as it is fresh, and waits after that', async () => {
    await rig.space().write('k', draft('old', { ttl: 1_000, grace: TTL }));
    const ahead = await rig.lease('k', [], 'ahead');
    expect(await rig.other.space('ns').lease('k', [], 'load')).toMatchObject({ entry: { value: 'old' } });
    rig.clock.advance(1_000);
    const { freed } = await rig.busy('k', rig.other);
    expect(await isSettled(freed)).toBe(false);
    expect(await ahead.commit(draft('new'))).toBe(true);
    await freed;
    expect(await rig.hit('k')).toBe('new');
  });

  it('of many who load ahead at the same time one gets the lease', async () => {
    await rig.space().write('k', draft('old'));
    const asked = await concurrently(50, (index) =>
      (index % 2 === 0 ? rig.store : rig.other).space('ns').lease('k', [], 'ahead'),
    );
    const granted = asked.filter((lease) => 'commit' in lease);
    expect(granted).toHaveLength(1);
    expect(asked.filter((lease) => 'freed' in lease)).toHaveLength(49);
    expect(await rig.hit('k')).toBe('old');
    expect(await granted[0]!.commit(draft('new'))).toBe(true);
    expect(await rig.hit('k')).toBe('new');
  });

  it('leases on other keys and in other namespaces are not busy', async () => {
    const lease = await rig.lease('k');
    const others = [await rig.space().lease('K', [], 'load'), await rig.space('else').lease('k', [], 'load')];
    for (const other of others) expect('commit' in other).toBe(true);
    expect(await Promise.all(others.map((other) => (other as Lease).commit(draft('other'))))).toEqual([true, true]);
    expect(await rig.held('k')).toBe(MISS);
    expect(await lease.commit(draft('v'))).toBe(true);
    expect(await rig.hit('k', 'else')).toBe('other');
  });

  it('of many concurrent loads one gets the lease', async () => {
    const asked = await concurrently(50, (index) =>
      (index % 2 === 0 ? rig.store : rig.other).space('ns').lease('k', [], 'load'),
    );
    const granted = asked.filter((lease) => 'commit' in lease);
    expect(granted).toHaveLength(1);
    expect(await granted[0]!.commit(draft('v'))).toBe(true);
  });

  it('who is busy is freed by a commit, and finds the value', async () => {
    const lease = await rig.lease('k');
    const waiters = [await rig.busy('k'), await rig.busy('k'), await rig.busy('k', rig.other)];
    expect(await isSettled(Promise.race(waiters.map(({ freed }) => freed)))).toBe(false);
    await lease.commit(draft('v'));
    await Promise.all(waiters.map(({ freed }) => freed));
    expect(await rig.hit('k')).toBe('v');
  });

  it('who is busy is freed by a release, and gets the lease', async () => {
    const lease = await rig.lease('k');
    const { freed } = await rig.busy('k');
    expect(await isSettled(freed)).toBe(false);
    await lease.release();
    await freed;
    expect(await (await rig.lease('k')).commit(draft('v'))).toBe(true);
  });

  it('who is busy is freed by a write, a remove and a clear', async () => {
    for (const change of [
      () => rig.space().remove('k'),
      () => rig.space().clear(),
      () => rig.space().write('k', draft('v')),
    ]) {
      const lease = await rig.lease('k');
      const { freed } = await rig.busy('k');
      await change();
      await freed;
      await lease.release();
    }
  });

  it('who is busy is freed at the latest when a holder whose tag was invalidated is done', async () => {
    const lease = await rig.lease('k', ['t']);
    const { freed } = await rig.busy('k');
    await rig.store.invalidateTags(['t']);
    expect(await lease.commit(draft('v', { tags: ['t'] }))).toBe(false);
    await freed;
    expect(await rig.held('k')).toBe(MISS);
  });

  it('a load never waits for a lease that was voided', async () => {
    for (const change of [
      () => rig.space().write('k', draft('v', { ttl: 0 })),
      () => rig.space().remove('k'),
      () => rig.space().clear(),
      () => rig.store.invalidateTags(['t']),
    ]) {
      const old = await rig.lease('k', ['t']);
      await change();
      const lease = await rig.lease('k', ['t']);
      expect(await old.commit(draft('old', { tags: ['t'] }))).toBe(false);
      expect(await lease.holds()).toBe(true);
      expect(await lease.commit(draft('new', { tags: ['t'] }))).toBe(true);
      expect((await rig.space().take('k'))?.value).toBe('new');
    }
  });

  it.each<[LeasePurpose, LeasePurpose]>([
    ['load', 'refresh'],
    ['load', 'write'],
    ['ahead', 'refresh'],
    ['ahead', 'write'],
    ['refresh', 'refresh'],
    ['refresh', 'write'],
    ['write', 'load'],
    ['write', 'ahead'],
    ['write', 'refresh'],
    ['write', 'write'],
  ])('the lease of a %s is taken over by a %s', async (first, second) => {
    const old = await rig.lease('k', [], first);
    const taken = await rig.lease('k', [], second, rig.other);
    expect(await old.holds()).toBe(false);
    expect(await taken.holds()).toBe(true);
    expect(await old.commit(draft('old'))).toBe(false);
    expect(await rig.held('k')).toBe(MISS);
    expect(await taken.holds()).toBe(true);
    expect(await taken.commit(draft('new'))).toBe(true);
    expect(await rig.hit('k')).toBe('new');
  });

  it('what is left of a lease that was taken over does not end its successor', async () => {
    const old = await rig.lease('k');
    const taken = await rig.lease('k', [], 'refresh');
    await old.release();
    expect(await taken.holds()).toBe(true);
    await rig.busy('k');
    expect(await taken.commit(draft('v'))).toBe(true);
  });

  it('who waited for a lease that is taken over is freed', async () => {
    await rig.lease('k');
    const { freed } = await rig.busy('k');
    const taken = await rig.lease('k', [], 'refresh');
    await freed;
    expect(await taken.commit(draft('v'))).toBe(true);
  });

  it('five hundred leases, one after another, leave nothing behind that is busy', async () => {
    for (let round = 0; round < 500; round += 1) {
      const lease = await rig.lease(`k${round % 7}`, [`t${round}`], 'refresh');
      if (round % 2 === 0) await lease.release();
      else expect(await lease.commit(draft(round))).toBe(true);
    }
  });

  it.each(PURPOSES)('a lease to %s that yields holds and commits as before, however often it does', async (purpose) => {
    const lease = await rig.lease('k', ['t'], purpose);
    await lease.yield();
    await lease.yield();
    expect(await lease.holds()).toBe(true);
    expect(await lease.commit(draft('v', { tags: ['t'] }))).toBe(true);
    expect(await rig.hit('k')).toBe('v');
    await lease.yield();
    expect(await rig.hit('k')).toBe('v');
    await rig.store.invalidateTags(['t']);
    expect(await rig.hit('k')).toBe(MISS);
  });

  it.each(WAITED_FOR)('who is busy is freed when a lease to %s yields, and takes it over', async (purpose) => {
    const old = await rig.lease('k', [], purpose);
    const waiters = [await rig.busy('k'), await rig.busy('k', rig.other)];
    expect(await isSettled(Promise.race(waiters.map(({ freed }) => freed)))).toBe(false);
    await old.yield();
    await Promise.all(waiters.map(({ freed }) => freed));
    const taken = await rig.lease('k', [], 'load', rig.other);
    expect(await old.holds()).toBe(false);
    expect(await taken.holds()).toBe(true);
    expect(await old.commit(draft('old'))).toBe(false);
    expect(await rig.held('k')).toBe(MISS);
    await rig.busy('k');
    expect(await taken.commit(draft('new'))).toBe(true);
    expect(await rig.hit('k')).toBe('new');
  });

  it.each(PURPOSES)('a lease that has yielded is taken over by who asks to %s', async (purpose) => {
    const old = await rig.lease('k', [], 'load');
    await old.yield();
    const taken = await rig.lease('k', [], purpose, rig.other);
    expect(await old.holds()).toBe(false);
    expect(await old.commit(draft('old'))).toBe(false);
    expect(await taken.commit(draft('new'))).toBe(true);
    expect(await rig.hit('k')).toBe('new');
  });

  it('a lease that has yielded leaves the entry that is there, and is not taken over while that is fresh', async () => {
    await rig.space().write('k', draft('old', { ttl: 1_000, grace: TTL }));
    const lease = await rig.lease('k', [], 'ahead');
    await lease.yield();
    expect(await rig.hit('k')).toBe('old');
    expect(await rig.other.space('ns').lease('k', [], 'load')).toMatchObject({ entry: { value: 'old' } });
    rig.clock.advance(1_000);
    expect(await rig.held('k')).toBe('old');
    expect(await lease.commit(draft('new'))).toBe(true);
    expect(await rig.hit('k')).toBe('new');
  });

  it('a lease that has yielded is voided like any other', async () => {
    for (const change of [
      () => rig.other.space('ns').remove('k'),
      () => rig.other.space('ns').write('k', draft('theirs')),
      () => rig.other.space('ns').clear(),
      () => rig.other.invalidateTags(['t']),
    ]) {
      const lease = await rig.lease('k', ['t'], 'refresh');
      await lease.yield();
      await change();
      expect(await lease.holds()).toBe(false);
      expect(await lease.commit(draft('mine', { tags: ['t'] }))).toBe(false);
    }
  });

  it('who yields what it has lost takes nothing from its successor', async () => {
    const old = await rig.lease('k');
    const taken = await rig.lease('k', [], 'refresh');
    await old.yield();
    await rig.busy('k');
    expect(await taken.holds()).toBe(true);
    expect(await taken.commit(draft('v'))).toBe(true);
    const released = await rig.lease('l');
    await released.release();
    const next = await rig.lease('l');
    await released.yield();
    await rig.busy('l');
    expect(await next.commit(draft('v'))).toBe(true);
  });

  it('who took over what yielded is waited for again', async () => {
    const old = await rig.lease('k');
    await old.yield();
    const taken = await rig.lease('k');
    const { freed } = await rig.busy('k', rig.other);
    await old.release();
    expect(await isSettled(freed)).toBe(false);
    await taken.release();
    await freed;
  });
}
