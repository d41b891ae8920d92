import { expect, it } from 'vitest';
import type { Absence } from '../../../lib/stores/store.js';
import { draft, MISS, type StoreRig } from './rig.js';

const ABSENT: Absence = { reason: 'absent' };
const EXPIRED: Absence = { reason: 'expired' };
const INVALIDATED: Absence = { reason: 'invalidated', tag: 't' };

export function absenceContract(rig: StoreRig): void {
  /** What each handle says, one after the other. */
  const told = async (key = 'k'): Promise<Absence[]> => [await rig.absence(key), await rig.absence(key, rig.other)];
  const expectTold = async (...expected: Absence[]): Promise<void> => {
    const allowed = expected.flatMap((absence) => rig.told(absence));
    for (const absence of await told()) expect(allowed).toContainEqual(absence);
  };

  it('what was never stored is absent', async () => {
    await expectTold(ABSENT);
    await rig.space().write('else', draft('v', { tags: ['t'] }));
    await rig.store.invalidateTags(['t']);
    await rig.space('other').clear();
    await expectTold(ABSENT);
  });

  it('an entry past its ttl has expired, as long as its grace lasts', async () => {
    await rig.space().write('k', draft('v', { ttl: 1_000, grace: 5_000, tags: ['t'] }));
    rig.clock.advance(1_000);
    await expectTold(EXPIRED);
    rig.clock.advance(4_999);
    await expectTold(EXPIRED);
  });

  it('an entry past its grace has expired, or nothing is known of it', async () => {
    await rig.space().write('k', draft('v', { ttl: 1_000, grace: 5_000 }));
    rig.clock.advance(6_000);
    await expectTold(EXPIRED, ABSENT);
    await rig.hit('k');
    await expectTold(EXPIRED, ABSENT);
  });

  it('an invalidated entry names the tag', async () => {
    await rig.space().write('k', draft('v', { tags: ['a', 't', 'b'] }));
    await rig.store.invalidateTags(['else', 't']);
    await expectTold(INVALIDATED);
  });

  it('an invalidated entry names the tag while it may be served stale', async () => {
    await rig.space().write('k', draft('v', { ttl: 1_000, grace: 5_000, tags: ['a', 't'] }));
    await rig.store.invalidateTags(['t'], true);
    await expectTold(INVALIDATED);
    await rig.held('k');
    rig.clock.advance(5_999);
    await expectTold(INVALIDATED);
    rig.clock.advance(1);
    await expectTold(INVALIDATED, EXPIRED, ABSENT);
  });

  it('a cleared entry says so', async () => {
    await rig.space().write('k', draft('v', { tags: ['t'] }));
    await rig.space().clear();
    await expectTold({ reason: 'cleared' });
  });

  it('a removed entry says so where the store remembers, and nothing else', async () => {
    await rig.space().write('k', draft('v', { tags: ['t'] }));
    await rig.space().remove('k');
    await expectTold({ reason: 'removed' }, ABSENT);
    await rig.space().write('k', draft('v'));
    await rig.space().take('k');
    await expectTold({ reason: 'removed' }, ABSENT);
  });

  it('the newest reason counts', async () => {
    await rig.space().write('k', draft('v', { tags: ['t'] }));
    await rig.store.invalidateTags(['t']);
    await told();
    await rig.space().write('k', draft('v', { ttl: 1_000, grace: 5_000, tags: ['t'] }));
    rig.clock.advance(1_000);
    await expectTold(EXPIRED);
    await rig.space().write('k', draft('v', { ttl: 1_000, grace: 5_000, tags: ['t'] }));
    await rig.store.invalidateTags(['t']);
    await expectTold(INVALIDATED);
    await rig.space().write('k', draft('v', { ttl: 1_000 }));
    await rig.space().clear();
    await expectTold({ reason: 'cleared' });
  });

  it('to ask changes nothing, and is no event', async () => {
    await rig.space().writeMany(
      new Map([
        ['fresh', draft('fresh')],
        ['stale', draft('stale', { ttl: 1_000, grace: 5_000 })],
        ['soft', draft('soft', { tags: ['soft'] })],
        ['dead', draft('dead', { tags: ['dead'] })],
        ['ended', draft('ended', { ttl: 1_000 })],
      ]),
    );
    await rig.store.invalidateTags(['soft'], true);
    await rig.store.invalidateTags(['dead']);
    rig.clock.advance(1_000);
    await rig.store.measure();
    const lease = await rig.lease('loading');
    const counts = { ...rig.events.counts };
    for (const key of ['fresh', 'stale', 'soft', 'dead', 'ended', 'none', 'loading']) await told(key);
    expect({ ...rig.events.counts }).toEqual(counts);
    expect(await rig.hit('fresh')).toBe('fresh');
    expect(await rig.held('stale')).toBe('stale');
    expect(await rig.held('soft')).toBe('soft');
    for (const key of ['dead', 'ended', 'none', 'loading']) expect(await rig.held(key)).toBe(MISS);
    expect(await lease.commit(draft('loaded'))).toBe(true);
  });
}
