import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../lib/stores/store.js';
import { attempt, draft, MISS, TTL, type StoreRig } from './rig.js';

const fresh = { ttl: TTL, grace: 0, tags: [] };

/** What a load cannot know of: its value must not be stored afterwards. */
const CHANGES: [string, (rig: StoreRig) => unknown][] = [
  ['a write', ({ other }) => other.space('ns').write('k', draft('theirs'))],
  ['a write with a ttl of 0', ({ other }) => other.space('ns').write('k', draft('theirs', { ttl: 0 }))],
  [
    'a batch write',
    ({ other }) =>
      other.space('ns').writeMany(
        new Map([
          ['else', draft(1)],
          ['k', draft('theirs')],
        ]),
      ),
  ],
  ['a swap', ({ other }) => other.space('ns').swap('k', draft('theirs'))],
  ['a remove', ({ other }) => other.space('ns').remove('k')],
  ['a batch remove', ({ other }) => other.space('ns').removeMany(['else', 'k'])],
  ['a take', ({ other }) => other.space('ns').take('k')],
  ['an increment', ({ other }) => other.space('ns').increment('k', 1, fresh)],
  ['a clear', ({ other }) => other.space('ns').clear()],
  ['an invalidation of its tag', ({ other }) => other.invalidateTags(['else', 't'])],
  ['an invalidation of its tag that allows stale', ({ other }) => other.invalidateTags(['else', 't'], true)],
];

/** What does not concern the load of `k`. */
const OTHERS: [string, (rig: StoreRig) => unknown][] = [
  ['a read', (rig) => rig.hit('k')],
  ['a batch read', ({ other, clock }) => other.space('ns').readMany(['k'], clock.now())],
  ['a write of another key', ({ other }) => other.space('ns').write('K', draft(1))],
  ['a remove of another key', ({ other }) => other.space('ns').removeMany(['K', ''])],
  ['a write of the key in another namespace', ({ other }) => other.space('else').write('k', draft(1))],
  ['a clear of another namespace', ({ other }) => other.space('nsk').clear()],
  ['an invalidation of another tag', ({ other }) => other.invalidateTags(['T', 'tt', ''])],
  ['an invalidation of another tag that allows stale', ({ other }) => other.invalidateTags(['T', 'tt', ''], true)],
  ['a question why it is not there', ({ other, clock }) => other.space('ns').absence('k', clock.now())],
  ['an invalidation of no tag', ({ other }) => other.invalidateTags([])],
  ['the end of the ttl of another entry', ({ clock }) => clock.advance(1_000)],
  ['a measurement', ({ store }) => store.measure()],
];

export function voidContract(rig: StoreRig): void {
  describe.each(['load', 'ahead', 'refresh', 'write'] as const)('a lease to %s', (purpose) => {
    it.each(CHANGES)('on an absent key is voided by %s', async (_, change) => {
      const lease = await rig.lease('k', ['t'], purpose);
      await change(rig);
      const after = await rig.held('k');
      expect(await lease.holds()).toBe(false);
      expect(await lease.commit(draft('mine', { tags: ['t'] }))).toBe(false);
      expect(await rig.held('k')).toBe(after);
    });

    it.each(CHANGES)('on a present key is voided by %s', async (_, change) => {
      await rig.space().write('k', draft(1, { ttl: 1_000, grace: TTL, tags: ['t'] }));
      // There is nothing to load while an entry is fresh.
      if (purpose === 'load') rig.clock.advance(1_000);
      const lease = await rig.lease('k', ['t'], purpose);
      await change(rig);
      const after = await rig.held('k');
      expect(await lease.holds()).toBe(false);
      expect(await lease.commit(draft('mine', { tags: ['t'] }))).toBe(false);
      expect(await rig.held('k')).toBe(after);
    });

    it.each(OTHERS)('is not voided by %s', async (_, other) => {
      await rig.space().write('else', draft('v', { ttl: 1_000 }));
      const lease = await rig.lease('k', ['t'], purpose);
      await other(rig);
      expect(await lease.holds()).toBe(true);
      expect(await lease.commit(draft('mine', { tags: ['t'] }))).toBe(true);
      expect(await rig.hit('k')).toBe('mine');
    });
  });

  it('an add that stores voids the lease, one that finds an entry does not', async () => {
    const first = await rig.lease('k');
    expect(await rig.space().add('k', draft('added'))).toBe(true);
    expect(await first.commit(draft('mine'))).toBe(false);
    const second = await rig.lease('k', [], 'refresh');
    expect(await rig.space().add('k', draft('again'))).toBe(false);
    expect(await second.holds()).toBe(true);
    expect(await second.commit(draft('mine'))).toBe(true);
    expect(await rig.hit('k')).toBe('mine');
  });

  it('a touch of an entry voids the lease, one that finds none does not', async () => {
    const first = await rig.lease('k');
    expect(await rig.space().touch('k', 1_000)).toBe(false);
    expect(await first.commit(draft('mine'))).toBe(true);
    const second = await rig.lease('k', [], 'refresh');
    expect(await rig.space().touch('k', 1_000)).toBe(true);
    expect(await second.holds()).toBe(false);
    expect(await second.commit(draft('other'))).toBe(false);
    expect(await rig.hit('k')).toBe('mine');
  });

  it('an increment that is refused does not void the lease', async () => {
    await rig.space().write('k', draft('text'));
    const lease = await rig.lease('k', [], 'refresh');
    await expect(attempt(() => rig.space().increment('k', 1, fresh))).rejects.toThrow();
    expect(await lease.commit(draft('mine'))).toBe(true);
  });

  it('a change that was undone again still voids the lease', async () => {
    const lease = await rig.lease('k');
    await rig.space().write('k', draft('theirs'));
    await rig.space().remove('k');
    expect(await lease.commit(draft('mine'))).toBe(false);
    expect(await rig.held('k')).toBe(MISS);
  });

  it('clear voids every lease of its namespace and none of another', async () => {
    const mine = await Promise.all(['a', 'b', 'c'].map((key) => rig.lease(key)));
    const other = (await rig.space('nsx').lease('a', [], 'load')) as Lease;
    await rig.space().clear();
    for (const lease of mine) expect(await lease.commit(draft('v'))).toBe(false);
    expect(await rig.hits(['a', 'b', 'c'])).toEqual([]);
    expect(await other.commit(draft('v'))).toBe(true);
  });

  it('an invalidation voids the leases with the tag in every namespace', async () => {
    const leases: Lease[] = [];
    for (const name of ['', 'one', 'two']) {
      leases.push((await rig.space(name).lease('k', ['a', 't'], 'load')) as Lease);
    }
    await rig.store.invalidateTags(['t']);
    for (const lease of leases) expect(await lease.commit(draft('v'))).toBe(false);
  });

  it('a lease that is taken after an invalidation holds, though one from before it is still out', async () => {
    const before = await rig.lease('one', ['t']);
    await rig.store.invalidateTags(['t']);
    const after = await rig.lease('two', ['t']);
    expect(await before.holds()).toBe(false);
    expect(await after.holds()).toBe(true);
    expect(await after.commit(draft('v', { tags: ['t'] }))).toBe(true);
    expect(await before.commit(draft('v', { tags: ['t'] }))).toBe(false);
    expect(await rig.hits(['one', 'two'])).toEqual(['two']);
  });

  it('a tag of the lease counts though the draft does not carry it', async () => {
    const lease = await rig.lease('k', ['t']);
    await rig.store.invalidateTags(['t']);
    expect(await lease.commit(draft('v'))).toBe(false);
    expect(await rig.held('k')).toBe(MISS);
  });

  it('late tags that were not invalidated are no obstacle, and the entry carries them', async () => {
    await rig.store.invalidateTags(['late']);
    const lease = await rig.lease('k', ['t']);
    expect(await lease.holds(['late', 'later'])).toBe(true);
    expect(await lease.commit(draft('v', { tags: ['t', 'late', 'later'] }))).toBe(true);
    expect(await rig.hit('k')).toBe('v');
    await rig.store.invalidateTags(['later']);
    expect(await rig.hit('k')).toBe(MISS);
  });

  it.each([
    ['which an entry carries', true, false],
    ['which nobody has used before', false, false],
    ['which an entry carries that may be served stale', true, true],
    ['which nobody has used before, so that nothing is stale', false, true],
  ])('a late tag, %s, that was invalidated since the lease began fences its value', async (_, used, allowStale) => {
    if (used) await rig.space().write('else', draft('v', { tags: ['late'] }));
    const lease = await rig.lease('k', ['t']);
    await rig.other.invalidateTags(['late'], allowStale);
    expect(await lease.holds(['late'])).toBe(false);
    expect(await lease.holds(['fine', 'late'])).toBe(false);
    expect(await lease.commit(draft('v', { tags: ['t', 'late'] }))).toBe(false);
    expect(await rig.held('k')).toBe(MISS);
  });

  it('a late tag that was invalidated and used again since the lease began fences its value', async () => {
    const lease = await rig.lease('k');
    await rig.store.invalidateTags(['late']);
    await rig.space().write('else', draft('v', { tags: ['late'] }));
    await (await rig.lease('third', ['late'])).commit(draft('v', { tags: ['late'] }));
    expect(await lease.commit(draft('mine', { tags: ['late'] }))).toBe(false);
    expect(await rig.hits(['k', 'else', 'third'])).toEqual(['else', 'third']);
  });

  it('a late tag is remembered for the oldest lease, though younger ones have ended', async () => {
    const oldest = await rig.lease('oldest');
    await rig.store.invalidateTags(['late']);
    for (const key of ['a', 'b', 'c']) await (await rig.lease(key)).commit(draft('v', { tags: ['late'] }));
    const young = await rig.lease('young');
    await (await rig.lease('d')).release();
    expect(await oldest.commit(draft('v', { tags: ['late'] }))).toBe(false);
    expect(await young.commit(draft('v', { tags: ['late'] }))).toBe(true);
  });

  it('an invalidated tag that the value turns out not to carry is no obstacle', async () => {
    const lease = await rig.lease('k');
    await rig.store.invalidateTags(['late']);
    expect(await lease.holds()).toBe(true);
    expect(await lease.commit(draft('v'))).toBe(true);
    expect(await rig.hit('k')).toBe('v');
  });
}
