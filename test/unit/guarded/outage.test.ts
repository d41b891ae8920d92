import { describe, expect, it } from 'vitest';
import { CacheBackendError } from '../../../lib/errors/cache.errors.js';
import type { CacheService } from '../../../lib/cache/cache.service.js';
import { CacheEvents } from '../../../lib/events/cache-events.js';
import { GuardedStore } from '../../../lib/stores/guarded/guarded.store.js';
import type { Store } from '../../../lib/stores/store.js';
import { FarBackend, Faults } from '../../support/far-store.js';
import { FakeClock } from '../../support/fake-clock.js';
import { openCache } from '../../support/open-cache.js';
import { tiered } from '../tiered/tiered-rig.js';
import { Gates, turns } from './guarded-rig.js';
import { lateAnswers } from './late.js';

interface World {
  readonly clock: FakeClock;
  readonly cache: CacheService;
  /** Of another process, whose link has no faults. */
  readonly other: CacheService;
  readonly faults: Faults;
  readonly gates: Gates;
  readonly guard: GuardedStore;
}

function open(near: boolean, hops: boolean, late = false): World {
  const clock = new FakeClock();
  const backend = new FarBackend(clock);
  const faults = new Faults();
  const gates = new Gates();
  const events = new CacheEvents(() => {});
  const link = { fault: faults.fault, ...(hops ? { hop: gates.hop } : {}) };
  const guard = new GuardedStore(
    lateAnswers(backend.connect(link), () => late),
    { onError: 'absorb' },
    events,
    clock,
  );
  const store: Store = near ? tiered(guard, clock).store : guard;
  const cache = openCache({ clock, store, events });
  const other = openCache({ clock, store: tiered(backend.connect(), clock).store });
  return { clock, cache, other, faults, gates, guard };
}

const TOPOLOGIES: [string, boolean, boolean, boolean][] = [
  ['guarded, at once', false, false, false],
  ['guarded, later', false, true, false],
  ['guarded, giving up', false, true, true],
  ['tiered over guarded, at once', true, false, false],
  ['tiered over guarded, later', true, true, false],
  ['tiered over guarded, giving up', true, true, true],
];

describe.each(TOPOLOGIES)('a cache whose backend is down (%s)', (_, near, hops, late) => {
  it('works: everything is a miss, and nothing throws but what has to be exact', async () => {
    const { cache, faults } = open(near, hops, late);
    await cache.set('k', 'old');
    faults.cut();
    expect(await cache.get('k')).toBeUndefined();
    await cache.set('k', 'new');
    expect(await cache.getMany(['k', 'l'])).toEqual(new Map());
    await cache.setMany({ a: 1, b: 2 });
    expect(await cache.delete('k')).toBe(false);
    expect(await cache.deleteMany(['a', 'b'])).toBe(0);
    expect(await cache.touch('k', '1h')).toBe(false);
    expect(await cache.exists('k')).toBe(false);
    await cache.clear();
    await cache.invalidateTags(['t']);
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded');
    expect(await cache.getOrSetMany(['a', 'b'], () => ({ a: 1, b: 2 }))).toEqual(new Map([['a', 1], ['b', 2]])); // prettier-ignore
    expect(await cache.write('k', () => 'put', {}, { operation: 'put', strict: false })).toBe('put');
    for (const run of [
      () => cache.increment('n'),
      () => cache.add('a', 1),
      () => cache.take('a'),
      () => cache.getSet('a', 1),
    ]) {
      await expect(run()).rejects.toBeInstanceOf(CacheBackendError);
    }
    expect(await cache.getStats()).toMatchObject({ size: undefined, loads: 3 });
    expect((await cache.getStats()).errors).toBeGreaterThan(10);
  });

  it('loads once for fifty callers, before and after a deletion', async () => {
    const { cache, faults } = open(near, hops, late);
    faults.cut();
    let loads = 0;
    const crowd = (tags: string[]): Promise<number[]> =>
      Promise.all(
        Array.from(
          { length: 50 },
          () =>
          cache.getOrSet('k', async () => {
            const number = (loads += 1);
            await turns();
            return number;
          }, { tags }), // prettier-ignore
        ),
      );
    expect(new Set(await crowd(['t']))).toEqual(new Set([1]));
    expect(new Set(await crowd(['t']))).toEqual(new Set([2]));
    const before = crowd(['t']);
    await turns();
    await cache.invalidateTags(['t']);
    const after = crowd(['t']);
    // Those who joined the load that was overtaken may be given the one after it.
    expect((await before)[0]).toBe(3);
    expect(Math.max(...(await before))).toBeLessThanOrEqual(4);
    expect(new Set(await after)).toEqual(new Set([4]));
    expect(loads).toBe(4);
  });

  it('loads once for fifty callers whose tags come late', async () => {
    const { cache, faults } = open(near, hops, late);
    faults.cut();
    let loads = 0;
    const values = await Promise.all(
      Array.from({ length: 50 }, () =>
        cache.getOrSet('k', async (context) => {
          loads += 1;
          await turns();
          context.setTags(['late']);
          return loads;
        }),
      ),
    );
    expect(new Set(values)).toEqual(new Set([1]));
  });

  it('a load that began before a deletion in the outage is given to nobody who came after it', async () => {
    const { cache, faults, clock } = open(near, hops, late);
    faults.cut();
    let finish!: (value: string) => void;
    const first = cache.getOrSet('k', () => new Promise<string>((resolve) => (finish = resolve)));
    await turns();
    await cache.delete('k');
    expect(await cache.getOrSet('k', () => 'new')).toBe('new');
    finish('old');
    expect(await first).toBe('old');
    faults.heal();
    clock.advance(late ? 250 : 0);
    await turns();
    expect(await cache.getOrSet('k', () => 'newest')).toBe('newest');
    expect(await cache.get('k')).toBe('newest');
  });

  it.each([
    ['delete', (cache: CacheService) => cache.delete('k')],
    ['set', (cache: CacheService) => cache.set('k', 'new')],
    ['invalidateTags', (cache: CacheService) => cache.invalidateTags(['t'])],
    ['clear', (cache: CacheService) => cache.clear()],
    ['put', (cache: CacheService) => cache.write('k', () => 'new', {}, { operation: 'put', strict: false })],
  ])('%s during the outage: a miss here at once, and everywhere when it is over', async (__, end) => {
    const { cache, other, faults, clock, guard } = open(near, hops, late);
    await cache.set('k', 'old', { tags: ['t'] });
    expect([await cache.get('k'), await other.get('k')]).toEqual(['old', 'old']);
    faults.cut();
    await end(cache);
    faults.heal();
    faults.fail('removeMany', 'clear', 'invalidateTags');
    expect(await cache.get('k')).toBeUndefined();
    expect(await other.get('k')).toBe('old');
    faults.heal();
    clock.advance(250);
    await turns();
    expect(guard.pendingEvictions).toBe(0);
    expect(await cache.get('k')).toBeUndefined();
    expect(await other.get('k')).toBeUndefined();
    expect(await other.getOrSet('k', () => 'newest')).toBe('newest');
    expect(await cache.get('k')).toBe('newest');
  });

  it('what its process set is a hit again when the backend is back', async () => {
    const { cache, other, faults, clock } = open(near, hops, late);
    await cache.set('k', 'v');
    expect(await cache.get('k')).toBe('v');
    faults.cut();
    expect(await cache.get('k')).toBeUndefined();
    faults.heal();
    clock.advance(late ? 250 : 0);
    await turns();
    expect(await cache.get('k')).toBe('v');
    await other.set('k', 'w');
    expect(await cache.get('k')).toBe('w');
  });

  it('the error of a loader is what its callers get', async () => {
    const { cache, faults } = open(near, hops, late);
    faults.cut();
    const broken = new Error('mine');
    const calls = Array.from({ length: 3 }, () => cache.getOrSet('k', () => Promise.reject(broken)));
    for (const call of await Promise.allSettled(calls)) expect(call).toMatchObject({ reason: broken });
    const { cache: other, faults: later } = open(near, hops, late);
    const call = other.getOrSet('k', async () => {
      later.cut();
      throw broken;
    });
    await expect(call).rejects.toBe(broken);
  });
});

it('a load that the backend lost sight of is stored by nobody, and counts for those who waited', async () => {
  const { cache, other, faults } = open(true, true);
  let finish!: (value: string) => void;
  const loading = cache.getOrSet('k', () => new Promise<string>((resolve) => (finish = resolve)));
  await turns();
  const waiting = cache.getOrSet('k', () => 'second');
  await turns();
  faults.cut('after');
  finish('first');
  expect([await loading, await waiting]).toEqual(['first', 'first']);
  faults.heal();
  expect(await cache.get('k')).toBeUndefined();
  await cache.set('l', 1);
  expect(await other.get('k')).toBeUndefined();
});

it('whoever joins a load after another process made a change gets no older value, though the link is cut', async () => {
  const { cache, other, faults } = open(true, true);
  let finish!: (value: string) => void;
  const loading = cache.getOrSet('k', () => new Promise<string>((resolve) => (finish = resolve)));
  await turns();
  await other.delete('k');
  faults.cut();
  const joining = cache.getOrSet('k', () => 'new');
  await turns();
  finish('old');
  expect(await loading).toBe('old');
  expect(await joining).toBe('new');
});
