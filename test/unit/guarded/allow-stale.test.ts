import { describe, expect, it } from 'vitest';
import type { LeasePurpose } from '../../../lib/stores/store.js';
import { draft, granted, openGuarded, turns, type GuardedRig } from './guarded-rig.js';

const LINKS: [string, (() => Promise<void>) | undefined][] = [
  ['at once', undefined],
  ['later', async () => {}],
];

const why = (rig: GuardedRig, key = 'k'): Promise<string> =>
  Promise.resolve(rig.space.absence(key, rig.clock.now())).then(({ reason }) => reason);

describe.each(LINKS)('a backend that answers %s', (_, hop) => {
  describe('tagStaleFail: an invalidation that allows stale', () => {
    it('reaches the backend as what it is', async () => {
      const rig = openGuarded({}, hop);
      await rig.space.write('k', draft('v', { tags: ['t'] }));
      await rig.store.invalidateTags(['t'], true);
      for (const space of [rig.space, rig.other]) {
        expect(await space.read('k', rig.clock.now())).toMatchObject({ value: 'v', invalidatedBy: 't' });
      }
    });

    it.each(['before', 'after'] as const)(
      'that is lost (%s) leaves nothing to serve stale, here at once',
      async (fault) => {
        const rig = openGuarded({}, hop);
        await rig.space.write('k', draft('v', { tags: ['t'] }));
        if (fault === 'before') rig.faults.fail('invalidateTags');
        else rig.faults.failAfter('invalidateTags');
        await rig.store.invalidateTags(['t'], true);
        expect(rig.store.pendingEvictions).toBe(1);
        expect(await rig.space.read('k', rig.clock.now())).toBeUndefined();
        rig.faults.heal();
        rig.clock.advance(250);
        await turns();
        expect(rig.store.pendingEvictions).toBe(0);
        for (const space of [rig.space, rig.other]) expect(await space.read('k', rig.clock.now())).toBeUndefined();
      },
    );

    it('that is lost voids a lease of this process with the tag', async () => {
      const rig = openGuarded({}, hop);
      const lease = await granted(rig.space, 'k', ['t']);
      const late = await granted(rig.space, 'l');
      rig.faults.fail('invalidateTags');
      await rig.store.invalidateTags(['t'], true);
      expect(await lease.holds()).toBe(false);
      expect(await late.holds(['t'])).toBe(false);
    });

    it("throws with onError: 'throw', after the same", async () => {
      const rig = openGuarded({ onError: 'throw' }, hop);
      await rig.space.write('k', draft('v', { tags: ['t'] }));
      rig.faults.fail('invalidateTags');
      await expect((async () => rig.store.invalidateTags(['t'], true))()).rejects.toThrow('reached');
      expect(await rig.space.read('k', rig.clock.now())).toBeUndefined();
    });
  });

  describe('absenceFail: why there is no entry', () => {
    it('is what the backend says', async () => {
      const rig = openGuarded({}, hop);
      expect(await why(rig)).toBe('absent');
      await rig.other.write('k', draft('v', { tags: ['t'] }));
      await rig.backend.store.invalidateTags(['t']);
      expect(await rig.space.absence('k', rig.clock.now())).toEqual({ reason: 'invalidated', tag: 't' });
    });

    it.each(['absorb', 'throw'] as const)(
      'is that it cannot be reached, which is not counted twice: %s',
      async (onError) => {
        const rig = openGuarded({ onError }, hop);
        rig.faults.cut();
        expect(await why(rig)).toBe('unreachable');
        expect(rig.events.counts.error).toBe(0);
        await (async () => rig.space.read('k', rig.clock.now()))().catch(() => {});
        expect(rig.events.counts.error).toBe(1);
        expect(rig.faults.asked).toEqual(['absence', 'read']);
        expect(rig.states).toEqual(['outage']);
      },
    );

    it('is waited for once where nothing is answered: the read after it is not asked', async () => {
      const rig = openGuarded({}, hop);
      rig.answers.late = true;
      rig.faults.cut();
      expect(await why(rig)).toBe('unreachable');
      expect(await rig.hit('k')).toBe('-');
      expect(await why(rig)).toBe('unreachable');
      expect(rig.faults.asked).toEqual(['absence']);
      expect(rig.events.counts.error).toBe(1);
      rig.faults.heal();
      rig.clock.advance(250);
      await turns();
      expect(await why(rig)).toBe('absent');
      expect(rig.states).toEqual(['outage', 'recovery 0']);
    });

    it('is that it cannot be reached where an eviction is pending', async () => {
      const rig = openGuarded({}, hop);
      await rig.space.write('k', draft('v'));
      rig.faults.fail('remove');
      await rig.space.remove('k');
      expect(await why(rig)).toBe('unreachable');
      expect(await why(rig, 'else')).toBe('absent');
      expect(rig.faults.asked.filter((operation) => operation === 'absence')).toHaveLength(1);
    });
  });

  describe('yieldFail: a lease that is yielded', () => {
    it('is taken over by another process', async () => {
      const rig = openGuarded({}, hop);
      const lease = await granted(rig.space);
      await lease.yield();
      expect(await lease.holds()).toBe(true);
      const taken = await granted(rig.other);
      expect(await lease.commit(draft('mine'))).toBe(false);
      expect(await taken.commit(draft('theirs'))).toBe(true);
    });

    it.each(['absorb', 'throw'] as const)(
      'goes on as before where the backend fails, and throws nothing: %s',
      async (onError) => {
        const rig = openGuarded({ onError }, hop);
        const lease = await granted(rig.space);
        rig.faults.fail('yield');
        await lease.yield();
        expect(rig.events.counts.error).toBe(1);
        expect('freed' in (await rig.other.lease('k', [], 'load'))).toBe(true);
        rig.faults.heal();
        expect(await lease.holds()).toBe(true);
        expect(await lease.commit(draft('v'))).toBe(true);
        expect(await rig.otherHit('k')).toBe('v');
        expect(rig.store.pendingEvictions).toBe(0);
      },
    );

    it('is not waited for where nothing is answered', async () => {
      const rig = openGuarded({}, hop);
      const lease = await granted(rig.space);
      rig.answers.late = true;
      rig.faults.cut();
      await rig.space.write('else', draft(1));
      rig.faults.asked.length = 0;
      await lease.yield();
      expect(rig.faults.asked).toEqual([]);
    });
  });
});

describe('a load ahead in an outage', () => {
  const down = async (): Promise<GuardedRig> => {
    const rig = openGuarded();
    rig.faults.cut();
    await rig.hit('k');
    return rig;
  };

  it.each<LeasePurpose>(['load', 'ahead', 'refresh'])(
    'waits while this process holds a lease to %s',
    async (purpose) => {
      const rig = await down();
      const lease = await granted(rig.space, 'k', [], purpose);
      for (const second of ['load', 'ahead'] as const)
        expect('freed' in (await rig.space.lease('k', [], second))).toBe(true);
      expect(await lease.holds()).toBe(true);
    },
  );

  it.each<LeasePurpose>(['load', 'ahead'])('is taken over by a %s once it has yielded', async (purpose) => {
    const rig = await down();
    const lease = await granted(rig.space, 'k', [], 'ahead');
    const answer = await rig.space.lease('k', [], 'load');
    await lease.yield();
    await ('freed' in answer ? answer.freed : Promise.reject(new Error('not busy')));
    expect(await lease.holds()).toBe(true);
    const taken = await granted(rig.space, 'k', [], purpose);
    expect(await lease.holds()).toBe(false);
    expect(await taken.holds()).toBe(true);
  });

  it('takes over what fences a write', async () => {
    const rig = await down();
    const write = await granted(rig.space, 'k', [], 'write');
    expect(await (await granted(rig.space, 'k', [], 'ahead')).holds()).toBe(true);
    expect(await write.holds()).toBe(false);
  });
});
