import { expect, it } from 'vitest';
import { concurrently, draft, MISS, type StoreRig } from './rig.js';

export function atomicContract(rig: StoreRig): void {
  it('A14 add stores what is not there, and leaves what is', async () => {
    expect(await rig.space().add('k', draft('first', { ttl: 1_000 }))).toBe(true);
    expect(await rig.space().add('k', draft('second', { ttl: 90_000 }))).toBe(false);
    expect(await rig.hit('k')).toBe('first');
    rig.clock.advance(1_000);
    expect(await rig.space().add('k', draft('third'))).toBe(true);
    expect(await rig.hit('k')).toBe('third');
  });

  it('A14 add takes a stored undefined or null for an entry', async () => {
    await rig.space().write('undefined', draft(undefined));
    await rig.space().write('null', draft(null));
    expect(await rig.space().add('undefined', draft('v'))).toBe(false);
    expect(await rig.space().add('null', draft('v'))).toBe(false);
  });

  it('A14 add does not give a present entry its tags', async () => {
    await rig.space().write('k', draft('v', { tags: ['own'] }));
    await rig.space().add('k', draft('w', { tags: ['foreign'] }));
    await rig.store.invalidateTags(['foreign']);
    expect(await rig.hit('k')).toBe('v');
  });

  it('A14 add stores again after remove, tag invalidation and clear', async () => {
    for (const end of [
      () => rig.space().remove('k'),
      () => rig.store.invalidateTags(['t']),
      () => rig.space().clear(),
    ]) {
      expect(await rig.space().add('k', draft('v', { tags: ['t'] }))).toBe(true);
      await end();
    }
    expect(await rig.hit('k')).toBe(MISS);
  });

  it('A14 add: of many concurrent callers one stores', async () => {
    const stored = await concurrently(40, (index) =>
      (index % 2 === 0 ? rig.store : rig.other).space('ns').add('k', draft(index)),
    );
    expect(stored.filter(Boolean)).toHaveLength(1);
    expect(await rig.hit('k')).toBe(stored.indexOf(true));
  });

  it('swap stores, and answers the entry that was there as it was', async () => {
    expect(await rig.space().swap('k', draft('first', { ttl: 1_000, grace: 500, tags: ['a'] }))).toBeUndefined();
    rig.clock.advance(100);
    const before = await rig.space().swap('k', draft('second', { ttl: 9_000, tags: ['b'] }));
    expect(before?.value).toBe('first');
    expect(before?.tags).toEqual(['a']);
    expect(before!.expiresAt - rig.clock.now()).toBe(900);
    const after = (await rig.space().read('k', rig.clock.now()))!;
    expect(after.value).toBe('second');
    expect(after.tags).toEqual(['b']);
    expect(after.expiresAt - rig.clock.now()).toBe(9_000);
  });

  it('swap tells a stored undefined from nothing', async () => {
    await rig.space().write('k', draft(undefined));
    expect(await rig.space().swap('k', draft(1))).toMatchObject({ value: undefined });
    expect(await rig.space().swap('absent', draft(1))).toBeUndefined();
  });

  it('swap after an invalidation finds nothing', async () => {
    await rig.space().write('k', draft('old', { tags: ['t'] }));
    await rig.store.invalidateTags(['t']);
    expect(await rig.space().swap('k', draft('new', { tags: ['t'] }))).toBeUndefined();
    expect(await rig.hit('k')).toBe('new');
  });

  it('D18 swap: what concurrent callers get back, with what is left, is what was put in, each once', async () => {
    await rig.space().write('k', draft(-1));
    const got = await concurrently(100, async (index) => {
      const space = (index % 2 === 0 ? rig.store : rig.other).space('ns');
      return (await space.swap('k', draft(index)))?.value as number;
    });
    const all = [...got, (await rig.hit('k')) as number].toSorted((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: 101 }, (_, index) => index - 1));
  });

  it('A13 take answers the entry and removes it', async () => {
    await rig.space().write('k', draft('v', { tags: ['t'] }));
    expect(await rig.space().take('k')).toMatchObject({ value: 'v', tags: ['t'] });
    expect(await rig.space().take('k')).toBeUndefined();
    expect(await rig.held('k')).toBe(MISS);
  });

  it('A13 take tells a stored undefined from nothing', async () => {
    await rig.space().write('k', draft(undefined));
    expect(await rig.space().take('k')).toMatchObject({ value: undefined });
    expect(await rig.space().take('k')).toBeUndefined();
  });

  it('A13 take: of many concurrent takers one gets it', async () => {
    await rig.space().write('k', draft('prize'));
    const taken = await concurrently(50, (index) => (index % 2 === 0 ? rig.store : rig.other).space('ns').take('k'));
    expect(taken.filter((entry) => entry !== undefined).map(({ value }) => value)).toEqual(['prize']);
  });

  it('A13 what was taken does not change with what is stored afterwards', async () => {
    await rig.space().write('k', draft(1));
    const taken = await rig.space().take('k');
    await rig.space().write('k', draft(2));
    expect(taken?.value).toBe(1);
  });

  it('remove: of many concurrent callers one removed it', async () => {
    await rig.space().write('k', draft('v'));
    const removed = await concurrently(50, (index) =>
      (index % 2 === 0 ? rig.store : rig.other).space('ns').remove('k'),
    );
    expect(removed.filter(Boolean)).toHaveLength(1);
  });

  it('take, remove and removeMany find nothing after a tag invalidation', async () => {
    const keys = ['take', 'remove', 'many'];
    await rig.space().writeMany(new Map(keys.map((key) => [key, draft('v', { tags: ['t'] })])));
    await rig.store.invalidateTags(['t']);
    expect(await rig.space().take('take')).toBeUndefined();
    expect(await rig.space().remove('remove')).toBe(false);
    expect(await rig.space().removeMany(['many'])).toEqual([]);
  });
}
