import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../lib/stores/store.js';
import { heapInUse } from './collect.js';
import { draft, openMemory } from './memory-rig.js';

type Rig = ReturnType<typeof openMemory>;

const MB = 1_048_576;
const TAGS = 10_000;

/** A tag of its own, of about a kilobyte, so that ten thousand left behind are 10 MB. */
function tag(index: number): string {
  return Buffer.alloc(1_000, `${index} `).toString('latin1');
}

const PASSINGS: [string, (rig: Rig, index: number) => void][] = [
  ['removed', ({ space }, i) => (space.write('k', draft(i, { tags: [tag(i)] })), void space.remove('k'))],
  ['overwritten', ({ space }, i) => space.write('k', draft(i, { tags: [tag(i)] }))],
  ['evicted', ({ space }, i) => space.write(`${i}`, draft(i, { tags: [tag(i)] }))],
  ['expired', ({ space, clock }, i) => (space.write(`${i}`, draft(i, { ttl: 1, tags: [tag(i)] })), clock.advance(500))],
  [
    'invalidated',
    ({ space, store }, i) => (space.write('k', draft(i, { tags: [tag(i)] })), store.invalidateTags([tag(i)])),
  ],
  [
    'invalidated while an entry has other tags too',
    ({ space, store }, i) => (
      space.write(`${i}`, draft(i, { tags: [tag(i), 'other'] })),
      store.invalidateTags([tag(i)])
    ),
  ],
  ['cleared', ({ space }, i) => (space.write('k', draft(i, { tags: [tag(i)] })), space.clear())],
  ['never stored, only invalidated', ({ store }, i) => store.invalidateTags([tag(i)])],
  ['those of a lease that was committed', (rig, i) => void lease(rig, [tag(i)]).commit(draft(i, { tags: [tag(i)] }))],
  ['those of a lease that was released', (rig, i) => lease(rig, [tag(i)]).release()],
  [
    'those of a lease that was voided',
    (rig, i) => {
      const voided = lease(rig, [tag(i)]);
      rig.space.write('k', draft(i));
      voided.commit(draft(i));
    },
  ],
  [
    'invalidated while short leases are out',
    (rig, i) => {
      const open = lease(rig, []);
      rig.store.invalidateTags([tag(i)]);
      open.release();
    },
  ],
];

function lease({ space }: Rig, tags: readonly string[]): Lease {
  const granted = space.lease('k', tags, 'refresh');
  if (!('commit' in granted)) throw new Error('no lease');
  return granted;
}

describe('I13 the tag index does not grow with tags that come and go', () => {
  it.each(PASSINGS)('%s', async (_, pass) => {
    const rig = openMemory({ maxSize: 20 });
    for (let i = 0; i < 100; i += 1) pass(rig, i);
    const before = await heapInUse();
    for (let i = 100; i < TAGS; i += 1) pass(rig, i);
    rig.clock.advance(10_000);
    expect((await heapInUse()) - before).toBeLessThan(3 * MB);
    expect((await rig.store.measure()).size).toBeLessThanOrEqual(20);
  });

  it('a tag that is in use stays in use while its other entries go', () => {
    const { space, store, hits } = openMemory();
    space.write('a', draft(1, { tags: ['t'] }));
    for (let i = 0; i < 100; i += 1) {
      space.write('b', draft(i, { tags: ['t', 't'] }));
      space.remove('b');
    }
    store.invalidateTags(['t']);
    expect(hits('a')).toBe('');
  });

  it('a lease watches its tag though every entry with it has gone', () => {
    const rig = openMemory();
    rig.space.write('b', draft(1, { tags: ['t'] }));
    const watching = lease(rig, ['t']);
    rig.space.remove('b');
    rig.space.write('b', draft(2, { tags: ['t', 't'] }));
    rig.store.invalidateTags(['t']);
    expect(watching.holds()).toBe(false);
    expect(rig.hits('b')).toBe('');
  });
});

describe('invalidations that are remembered for late tags', () => {
  it('a lease that outlives more of them than are remembered refuses late tags rather than miss one', () => {
    const rig = openMemory();
    const long = lease(rig, ['own']);
    rig.store.invalidateTags(['late']);
    for (let i = 0; i < 25_000; i += 1) rig.store.invalidateTags([`t${i}`]);
    expect(long.holds(['late'])).toBe(false);
    expect(long.holds(['t0'])).toBe(false);
    expect(long.holds(['own'])).toBe(true);
    expect(long.commit(draft('v', { tags: ['own', 'late'] }))).toBe(false);
  });

  it('a lease that began after those that were forgotten stores late tags', () => {
    const rig = openMemory();
    const long = rig.space.lease('long', [], 'load');
    for (let i = 0; i < 25_000; i += 1) rig.store.invalidateTags([`t${i}`]);
    const young = lease(rig, []);
    rig.store.invalidateTags(['else']);
    expect(young.holds(['t0', 't24999', 'late'])).toBe(true);
    expect(young.holds(['else'])).toBe(false);
    expect(young.commit(draft('v', { tags: ['t0'] }))).toBe(true);
    expect('holds' in long && long.holds(['else'])).toBe(false);
  });

  it('one tag that is invalidated over and over costs no memory while a lease is out', () => {
    const rig = openMemory();
    const long = lease(rig, []);
    for (let i = 0; i < 50_000; i += 1) rig.store.invalidateTags(['again']);
    expect(long.holds(['late'])).toBe(true);
    expect(long.holds(['again'])).toBe(false);
  });
});
