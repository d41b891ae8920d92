import { describe, expect, it } from 'vitest';
import { CacheBackendError } from '../../../lib/errors/cache.errors.js';
import type { OperationKind } from '../../../lib/stores/guarded/backend-health.js';
import type { FarOperation } from '../../support/far-store.js';
import { CASES, counting, outcome } from './cases.js';
import { asLease, draft, Gates, granted, openGuarded, turns, type GuardedRig } from './guarded-rig.js';

const LINKS: [string, (() => Promise<void>) | undefined][] = [
  ['at once', undefined],
  ['later', async () => {}],
];
const KINDS: readonly OperationKind[] = ['read', 'store', 'evict'];

/** Operations that get no answer in time, from now on. */
function silence({ faults, answers }: GuardedRig, ...operations: FarOperation[]): void {
  answers.late = true;
  if (operations.length === 0) faults.cut();
  else faults.fail(...operations);
}

/** One operation of this kind is given up, or fails at once; nothing is pending because of it. */
async function stall(rig: GuardedRig, kind: OperationKind, late = true): Promise<void> {
  const lease = kind === 'evict' ? await granted(rig.space, 'stalled') : undefined;
  silence(rig);
  rig.answers.late = late;
  if (kind === 'read') await outcome(() => rig.space.read('stalled', rig.clock.now()));
  else if (kind === 'store') await outcome(() => rig.space.lease('stalled', [], 'refresh'));
  else await lease!.release();
  rig.faults.heal();
  rig.faults.asked.length = 0;
}

async function retried(rig: GuardedRig, ms = 250): Promise<void> {
  rig.clock.advance(ms);
  await turns();
}

describe.each(LINKS)('a backend that got no answer to us in time, answering %s', (_, hop) => {
  it.each(CASES)('$name: is not asked again', async ({ kind, run, answer, pending }) => {
    const rig = openGuarded({}, hop);
    await rig.other.write('k', draft(1, { tags: ['t'] }));
    await stall(rig, kind);
    expect(await outcome(() => run(rig))).toEqual(answer);
    expect(rig.faults.asked).toEqual([]);
    expect(rig.events.counts.error).toBe(2);
    // What was never asked for has not happened: where the caller is told so, there is nothing to evict.
    expect(rig.store.pendingEvictions).toBe(answer === 'error' ? 0 : pending);
    expect(await rig.otherHit('k')).toBe(1);
    if (kind !== 'read') expect(await rig.hit('k')).toBe(answer === 'error' ? 1 : '-');
  });

  it.each(CASES)('$name: is asked again after a background attempt', async ({ kind, fails, run, answer, pending }) => {
    const rig = openGuarded({}, hop);
    await rig.other.write('k', draft(1, { tags: ['t'] }));
    await stall(rig, kind);
    await outcome(() => run(rig));
    await retried(rig);
    const delivered = answer === 'error' ? 0 : pending;
    expect(rig.states).toEqual(['outage', `recovery ${delivered}`]);
    expect(await rig.otherHit('k')).toBe(delivered > 0 ? '-' : 1);
    rig.faults.asked.length = 0;
    await outcome(() => run(rig));
    expect(rig.faults.asked).toEqual([fails]);
  });

  it.each(CASES)("$name: with onError 'throw' the caller is told at once", async ({ kind, run, answer, pending }) => {
    const rig = openGuarded({ onError: 'throw' }, hop);
    await stall(rig, kind);
    const error = await (async () => run(rig))().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CacheBackendError);
    expect(error).toMatchObject({
      message: 'the backend has not answered in time, and is being asked again in the background',
      timedOut: false,
    });
    expect(rig.faults.asked).toEqual([]);
    expect(rig.store.pendingEvictions).toBe(answer === 'error' ? 0 : pending);
  });

  it.each(KINDS)('is asked for other things: %s', async (kind) => {
    const rig = openGuarded({}, hop);
    await rig.other.write('k', draft(1));
    await stall(rig, kind);
    const others: [OperationKind, FarOperation, () => unknown][] = [
      ['read', 'read', () => rig.hit('k')],
      ['store', 'add', () => rig.space.add('k', draft(2))],
      ['evict', 'take', () => rig.space.take('k')],
    ];
    for (const [, , run] of others) await outcome(run);
    expect(rig.faults.asked).toEqual(others.filter(([other]) => other !== kind).map(([, operation]) => operation));
  });

  it.each(CASES)('$name: is asked where it said at once that it fails', async ({ kind, fails, run }) => {
    const rig = openGuarded({}, hop);
    await stall(rig, kind, false);
    expect(rig.states).toEqual(['outage']);
    await outcome(() => run(rig));
    expect(rig.faults.asked).toEqual([fails]);
  });

  it.each([
    ['read', 'read'],
    ['store', 'lease'],
    ['evict', 'removeMany'],
  ] as const)('is asked once per attempt, however many want to: %s', async (kind, probed) => {
    const rig = openGuarded({}, hop);
    await stall(rig, kind);
    silence(rig);
    const tried: number[] = [];
    const start = rig.clock.now();
    for (let ms = 0; ms < 10_000; ms += 50) {
      for (let i = 0; i < 20; i += 1) {
        await outcome(() => rig.space.read(`k${i}`, rig.clock.now()));
        await outcome(() => rig.space.add(`k${i}`, draft(1)));
        await outcome(() => rig.space.take(`k${i}`));
      }
      rig.faults.asked.length = 0;
      await retried(rig, 50);
      const asked = rig.faults.asked.filter((operation) => operation === probed);
      if (asked.length > 0) tried.push(rig.clock.now() - start);
      expect(asked.length).toBeLessThan(2);
    }
    expect(tried).toEqual([250, 750, 1_750, 3_750, 5_750, 7_750, 9_750]);
  });
});

describe('a backend that gets no answer to us in time', () => {
  it('costs the time of one answer per kind, however long it lasts', async () => {
    const frozen = { now: false };
    const rig: GuardedRig = openGuarded({}, async (what) => {
      if (!frozen.now || !what.endsWith('→')) return;
      await new Promise<void>((resolve) => rig.clock.after(500, resolve));
      rig.answers.late = true;
      rig.faults.cut();
    });
    frozen.now = true;
    let done = 0;
    const ask = (): void => {
      for (const run of [
        () => rig.hit('k'),
        () => rig.space.readMany(['k'], rig.clock.now()),
        () => rig.space.write('k', draft(1)),
        () => rig.space.add('k', draft(1)),
        () => rig.space.remove('k'),
        () => rig.space.lease('k', [], 'load'),
        () => rig.store.invalidateTags(['t']),
        () => rig.store.measure(),
      ]) {
        void outcome(run).then(() => (done += 1));
      }
    };
    ask();
    await turns();
    expect(done).toBe(0);
    await retried(rig, 500);
    expect(done).toBe(8);
    for (let ms = 0; ms < 5_000; ms += 100) {
      done = 0;
      ask();
      await turns();
      expect(done).toBe(8);
      await retried(rig, 100);
    }
  });

  it('once, is asked again after one interval, and all is well', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft(1));
    const timers = rig.clock.pending;
    silence(rig, 'read');
    expect(await rig.hit('k')).toBe('-');
    rig.faults.heal();
    expect(await rig.hit('k')).toBe('-');
    await retried(rig);
    expect(await rig.hit('k')).toBe(1);
    expect(rig.states).toEqual(['outage', 'recovery 0']);
    expect(rig.clock.pending).toBe(timers);
  });

  it('is asked again by everybody when it says at once that it fails, though the outage goes on', async () => {
    const rig = openGuarded();
    await stall(rig, 'read');
    rig.answers.late = false;
    rig.faults.cut();
    await rig.hit('k');
    expect(rig.faults.asked).toEqual([]);
    await retried(rig);
    await rig.hit('k');
    expect(rig.faults.asked).toEqual(['read', 'read']);
    expect(rig.states).toEqual(['outage']);
  });

  it('and fails what else was under way at once, is not asked again', async () => {
    const gates = new Gates();
    const rig = openGuarded({}, gates.hop);
    gates.shut('readMany →');
    const other = rig.space.readMany(['k'], rig.clock.now());
    silence(rig);
    await rig.hit('k');
    rig.answers.late = false;
    await gates.open('readMany →');
    await other;
    rig.faults.asked.length = 0;
    await rig.hit('k');
    expect(rig.faults.asked).toEqual([]);
  });

  it('but answers something else of the kind, is asked again', async () => {
    const gates = new Gates();
    const rig = openGuarded({}, gates.hop);
    gates.shut('readMany ←');
    const other = rig.space.readMany(['k'], rig.clock.now());
    await turns();
    silence(rig, 'read');
    await rig.hit('k');
    rig.faults.heal();
    expect(await rig.hit('k')).toBe('-');
    await rig.other.write('k', draft(1));
    await gates.open('readMany ←');
    await other;
    expect(await rig.hit('k')).toBe(1);
  });

  it('is asked what it does not answer though nothing can be delivered to it', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft(1));
    rig.faults.fail('remove', 'removeMany');
    await rig.space.remove('l');
    silence(rig, 'read');
    await rig.hit('k');
    rig.faults.heal();
    rig.answers.late = false;
    rig.faults.fail('remove', 'removeMany');
    await retried(rig);
    expect(await rig.hit('k')).toBe(1);
    expect(rig.store.pendingEvictions).toBe(1);
    expect(rig.states).toEqual(['outage']);
  });

  it('and cannot tell how it is, is not asked', async () => {
    const rig = openGuarded();
    await stall(rig, 'read');
    expect(await rig.store.measure()).toEqual({ size: undefined, bytes: undefined, pendingEvictions: 0 });
    expect(rig.faults.asked).toEqual([]);
  });

  it('vouches as before', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft(1));
    const entry = (await rig.space.read('k', rig.clock.now()))!;
    for (const kind of KINDS.toReversed()) await stall(rig, kind);
    expect(rig.space.vouches('k', entry, rig.clock.now())).toBe(true);
  });
});

describe('while evictions get no answer in time', () => {
  it('what is pending stands in the way of every change, and nothing waits for it', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft('old'));
    silence(rig, 'remove', 'removeMany');
    await rig.space.remove('k');
    rig.faults.heal();
    rig.faults.asked.length = 0;
    await rig.space.write('k', draft('new'));
    expect(await outcome(() => rig.space.increment('n', 1, counting))).toBe('error');
    const lease = asLease(await rig.space.lease('l', [], 'load'));
    expect(await lease.commit(draft('v'))).toBe(true);
    expect(rig.faults.asked).toEqual([]);
    expect(rig.store.pendingEvictions).toBe(1);
    expect(await rig.hit('k')).toBe('-');
    await retried(rig);
    expect(rig.faults.asked).toEqual(['removeMany']);
    expect(rig.store.pendingEvictions).toBe(0);
    expect(await rig.otherHit('k')).toBe('-');
    await rig.space.write('k', draft('new'));
    expect(await rig.otherHit('k')).toBe('new');
  });

  it('a delivery in the background stops with the first answer that does not come', async () => {
    const rig = openGuarded();
    silence(rig);
    await rig.space.removeMany(Array.from({ length: 5_000 }, (_, index) => `k${index}`));
    rig.faults.asked.length = 0;
    await retried(rig);
    expect(rig.faults.asked).toEqual(['removeMany']);
  });

  it('close tries once more', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft('old'));
    silence(rig);
    await rig.space.remove('k');
    rig.faults.heal();
    await rig.store.close();
    expect(await rig.otherHit('k')).toBe('-');
    expect(rig.clock.pending).toBe(0);
  });

  it('a lease is given up behind the back of its holder, and really', async () => {
    const gates = new Gates();
    const rig = openGuarded({}, gates.hop);
    const lease = await granted(rig.space);
    await stall(rig, 'evict');
    gates.shut('release →');
    expect(await outcome(() => lease.release())).toBeUndefined();
    await gates.open('release →');
    expect(rig.faults.asked).toEqual(['release']);
    await granted(rig.other);
  });
});

describe('while stores get no answer in time', () => {
  it('a lease holds in this process alone, until it does again', async () => {
    const rig = openGuarded();
    await stall(rig, 'store');
    const lease = await granted(rig.space);
    expect('freed' in (await rig.space.lease('k', [], 'load'))).toBe(true);
    expect(await lease.commit(draft('v'))).toBe(true);
    expect(rig.faults.asked).toEqual([]);
    expect(await rig.otherHit('k')).toBe('-');
    await retried(rig);
    expect(await (await granted(rig.space)).commit(draft('v'))).toBe(true);
    expect(await rig.otherHit('k')).toBe('v');
  });

  it('a lease from before is let go, and what was loaded counts for those who waited', async () => {
    const rig = openGuarded();
    const lease = await granted(rig.space);
    await stall(rig, 'store');
    expect(await lease.commit(draft('v'))).toBe(true);
    await turns();
    expect(rig.faults.asked).toEqual(['release']);
    expect(rig.store.pendingEvictions).toBe(0);
    await granted(rig.other);
  });

  it('a lease from before, to write, makes its key pending', async () => {
    const rig = openGuarded();
    await rig.other.write('k', draft('old'));
    const lease = await granted(rig.space, 'k', [], 'write');
    await stall(rig, 'store');
    expect(await lease.commit(draft('new'))).toBe(true);
    expect(await rig.hit('k')).toBe('-');
    await retried(rig);
    expect(await rig.otherHit('k')).toBe('-');
  });

  it('a lease from before does not hold where reads get none either, and is not asked about', async () => {
    const rig = openGuarded();
    const lease = await granted(rig.space);
    await stall(rig, 'read');
    expect(await lease.holds()).toBe(false);
    expect(rig.faults.asked).toEqual([]);
    await retried(rig);
    expect(await lease.holds()).toBe(true);
  });
});
