import { expect, it } from 'vitest';
import type { Entry, LeasePurpose } from '../../../lib/stores/store.js';
import { concurrently, draft, MISS, TTL, type StoreRig } from './rig.js';

const stale = (about: Parameters<typeof draft>[1] = {}): ReturnType<typeof draft> =>
  draft('old', { ttl: 1_000, grace: 5_000, tags: ['t'], ...about });

const PURPOSES: LeasePurpose[] = ['load', 'ahead', 'refresh', 'write'];

export function allowStaleContract(rig: StoreRig): void {
  const soften = async (...tags: string[]): Promise<void> => rig.other.invalidateTags(tags, true);
  const read = async (key: string, from = rig.store): Promise<Entry | undefined> =>
    from.space('ns').read(key, rig.clock.now());

  it('I7 the entry is read as it was stored, but is not fresh, and says which tag it was', async () => {
    await rig.space().write('k', stale({ tags: ['first', 't', 'last'] }));
    const before = (await read('k'))!;
    rig.clock.advance(100);
    await soften('unknown', 't');
    for (const from of [rig.store, rig.other]) {
      const { value, tags, createdAt, staleUntil, expiresAt, invalidatedBy, ttlEnd } = (await read('k', from))!;
      expect({ value, tags, createdAt, staleUntil, expiresAt, invalidatedBy, ttlEnd }).toEqual({
        value: 'old',
        tags: ['first', 't', 'last'],
        createdAt: before.createdAt,
        staleUntil: before.staleUntil,
        expiresAt: -Infinity,
        invalidatedBy: 't',
        ttlEnd: before.expiresAt,
      });
    }
  });

  it('I7 readMany answers the same', async () => {
    await rig.space().writeMany(new Map([['k', stale()], ['fresh', draft('v')], ['gone', draft('v', { tags: ['u'] })]])); // prettier-ignore
    await soften('t');
    await rig.store.invalidateTags(['u']);
    const found = await rig.space().readMany(['k', 'fresh', 'gone'], rig.clock.now());
    expect([...found.keys()].toSorted()).toEqual(['fresh', 'k']);
    expect(found.get('k')).toMatchObject({ value: 'old', expiresAt: -Infinity, invalidatedBy: 't' });
    expect(found.get('fresh')!.expiresAt).toBeGreaterThan(rig.clock.now());
    expect(found.get('fresh')!.invalidatedBy).toBeUndefined();
  });

  it('what has none of the tags stays fresh', async () => {
    await rig.space().write('k', stale());
    await rig.space().write('else', draft('v', { tags: ['u', 'tt'] }));
    await rig.space().write('plain', draft('v'));
    await soften('t');
    await soften();
    expect(await rig.hits(['k', 'else', 'plain'])).toEqual(['else', 'plain']);
    expect((await read('else'))!.invalidatedBy).toBeUndefined();
  });

  it('several tags mean any of them, in every namespace', async () => {
    for (const name of ['ns', 'two']) for (const tag of ['a', 'b', 'c']) await rig.space(name).write(tag, stale({ tags: [tag] })); // prettier-ignore
    await soften('a', 'b', 'a');
    for (const name of ['ns', 'two']) {
      expect(await rig.hits(['a', 'b', 'c'], name)).toEqual(['c']);
      for (const tag of ['a', 'b']) {
        expect(await rig.space(name).read(tag, rig.clock.now())).toMatchObject({ invalidatedBy: tag });
      }
    }
  });

  it.each([
    ['with grace: until that ends', { grace: 5_000 }, 6_000],
    ['without grace: for the rest of its ttl', { grace: 0 }, 1_000],
  ])('an entry may be served stale until its staleUntil, %s', async (_, about, end) => {
    await rig.space().write('k', stale(about));
    await soften('t');
    rig.clock.advance(end - 1);
    expect(await read('k')).toMatchObject({ value: 'old', expiresAt: -Infinity });
    rig.clock.advance(1);
    expect(await read('k')).toBeUndefined();
    expect((await rig.space().readMany(['k'], rig.clock.now())).size).toBe(0);
  });

  it('an entry that never ends may be served stale for ever', async () => {
    await rig.space().write('k', stale({ ttl: Infinity }));
    await soften('t');
    rig.clock.advance(400 * 86_400_000);
    expect(await read('k')).toMatchObject({ value: 'old', expiresAt: -Infinity, invalidatedBy: 't' });
  });

  it('an entry that is past its ttl already stays within its grace, and says so', async () => {
    await rig.space().write('k', stale());
    rig.clock.advance(2_000);
    await soften('t');
    expect(await read('k')).toMatchObject({ value: 'old', expiresAt: -Infinity, invalidatedBy: 't' });
    rig.clock.advance(4_000);
    expect(await read('k')).toBeUndefined();
  });

  it('what was read before is softened by every later read, near copies included', async () => {
    await rig.space().write('k', stale());
    for (let round = 0; round < 3; round += 1) for (const from of [rig.store, rig.other]) await read('k', from);
    await soften('t');
    for (const from of [rig.store, rig.other]) {
      expect(await read('k', from)).toMatchObject({ value: 'old', expiresAt: -Infinity });
    }
  });

  it('a later plain invalidation ends it, and a softer one after that does not bring it back', async () => {
    await rig.space().write('k', stale());
    await rig.space().write('two', stale({ tags: ['t', 'u'] }));
    await soften('t');
    await soften('t');
    expect(await rig.held('k')).toBe('old');
    await rig.store.invalidateTags(['t']);
    await soften('t');
    expect(await rig.held('k')).toBe(MISS);
    expect(await rig.held('two')).toBe(MISS);
  });

  it('a plain invalidation of another of its tags ends it', async () => {
    await rig.space().write('k', stale({ tags: ['a', 'b'] }));
    await soften('a');
    await soften('b');
    expect(['a', 'b']).toContain((await read('k'))!.invalidatedBy);
    await rig.other.invalidateTags(['b']);
    expect(await rig.held('k')).toBe(MISS);
  });

  it('one that was invalidated plainly stays away when it is softened', async () => {
    await rig.space().write('k', stale());
    await rig.store.invalidateTags(['t']);
    await soften('t');
    expect(await rig.held('k')).toBe(MISS);
  });

  it('a remove and a clear end it', async () => {
    await rig.space().writeMany(new Map([['removed', stale()], ['many', stale()], ['taken', stale()], ['cleared', stale()]])); // prettier-ignore
    await soften('t');
    expect(await rig.space().remove('removed')).toBe(false);
    expect(await rig.space().removeMany(['many'])).toEqual([]);
    expect(await rig.space().take('taken')).toBeUndefined();
    for (const key of ['removed', 'many', 'taken']) expect(await rig.held(key)).toBe(MISS);
    expect(await rig.held('cleared')).toBe('old');
    await rig.other.space('ns').clear();
    expect(await rig.held('cleared')).toBe(MISS);
  });

  it('it is not there for what changes entries', async () => {
    const keys = ['add', 'swap', 'count', 'touch', 'gone'];
    await rig.space().writeMany(new Map(keys.map((key) => [key, draft(7, { tags: ['t'], grace: 5_000 })])));
    await soften('t');
    expect(await rig.space().touch('touch', 60_000)).toBe(false);
    expect(await read('touch')).toMatchObject({ value: 7, expiresAt: -Infinity });
    expect(await rig.space().add('add', draft('new', { tags: ['t'] }))).toBe(true);
    expect(await rig.space().swap('swap', draft('new', { tags: ['t'] }))).toBeUndefined();
    expect(await rig.space().increment('count', 1, { ttl: TTL, grace: 0, tags: ['t'] })).toBe(1);
    expect(await rig.hits(keys)).toEqual(['add', 'swap', 'count']);
    await rig.space().write('gone', draft('v', { ttl: 0 }));
    expect(await rig.held('gone')).toBe(MISS);
  });

  it('I4 what is stored after it is fresh, by whatever operation, until the next', async () => {
    const tags = ['t'];
    const keys = ['write', 'many', 'add', 'swap', 'count', 'lease'];
    await rig.space().writeMany(new Map(keys.map((key) => [key, stale()])));
    await soften('t');
    await rig.space().write('write', draft('v', { tags }));
    await rig.space().writeMany(new Map([['many', draft('v', { tags })]]));
    await rig.space().add('add', draft('v', { tags }));
    await rig.space().swap('swap', draft('v', { tags }));
    await rig.space().increment('count', 1, { ttl: 1_000, grace: 0, tags });
    await (await rig.lease('lease', tags)).commit(draft('v', { tags }));
    expect(await rig.hits(keys)).toEqual(keys);
    expect((await read('lease'))!.invalidatedBy).toBeUndefined();
    await soften('t');
    expect(await rig.hits(keys)).toEqual([]);
    for (const key of keys) expect(await rig.held(key)).not.toBe(MISS);
  });

  it('I5 it counts in its order with the writes of the same millisecond, two hundred times', async () => {
    const wrong: number[] = [];
    for (let round = 0; round < 200; round += 1) {
      await rig.space().write('k', draft(round, { tags: ['t'] }));
      // By this process: what others do has to travel.
      await rig.store.invalidateTags(['t'], true);
      if ((await rig.hit('k')) !== MISS || (await rig.held('k')) !== round) wrong.push(round);
      await rig.space().write('k', draft(-round, { tags: ['t'] }));
      if ((await rig.hit('k')) === MISS) wrong.push(round);
    }
    expect(wrong).toEqual([]);
  });

  it('an overwritten entry has the new tags only', async () => {
    await rig.space().write('k', draft(1, { tags: ['old'] }));
    await rig.space().write('k', draft(2, { tags: ['new'] }));
    await soften('old');
    expect(await rig.hit('k')).toBe(2);
  });

  it('thousands of entries are softened at once, and end at once', async () => {
    const keys = Array.from({ length: 2_000 }, (_, index) => `k${index}`);
    await rig.space().writeMany(new Map(keys.map((key) => [key, stale({ tags: ['all', key] })])));
    await soften('all');
    const found = await rig.space().readMany(keys, rig.clock.now());
    expect(keys.every((key) => found.get(key)?.expiresAt === -Infinity)).toBe(true);
    await rig.store.invalidateTags(['all']);
    expect((await rig.space().readMany(keys, rig.clock.now())).size).toBe(0);
  });

  it('there is something to load, and the entry stays until it is', async () => {
    await rig.space().write('k', stale());
    await soften('t');
    const lease = await rig.lease('k', ['t']);
    expect(await read('k', rig.other)).toMatchObject({ value: 'old', invalidatedBy: 't' });
    await rig.busy('k', rig.other);
    expect(await lease.commit(draft('new', { tags: ['t'] }))).toBe(true);
    for (const from of [rig.store, rig.other]) expect(await read('k', from)).toMatchObject({ value: 'new' });
    expect(await rig.hit('k')).toBe('new');
  });

  it('a load that is given up leaves it to be served stale', async () => {
    await rig.space().write('k', stale());
    await soften('t');
    await (await rig.lease('k', ['t'])).release();
    expect(await read('k')).toMatchObject({ value: 'old', expiresAt: -Infinity, invalidatedBy: 't' });
  });

  it.each(PURPOSES)('it is softened during a lease to %s, which does not hold any more', async (purpose) => {
    await rig.space().write('k', stale());
    if (purpose === 'load') rig.clock.advance(1_000);
    const lease = await rig.lease('k', ['t'], purpose);
    await soften('t');
    expect(await lease.holds()).toBe(false);
    expect(await lease.commit(draft('mine', { tags: ['t'] }))).toBe(false);
    expect(await read('k')).toMatchObject({ value: 'old', expiresAt: -Infinity, invalidatedBy: 't' });
    await (await rig.lease('k', ['t'])).release();
  });

  it('writes and invalidations of both kinds at the same time leave what the last of them says', async () => {
    await concurrently(60, (index) =>
      index % 3 === 0
        ? rig.store.invalidateTags(['t'], index % 2 === 0)
        : (index % 2 === 0 ? rig.store : rig.other).space('ns').write('k', draft(index, { tags: ['t'] })),
    );
    await rig.space().write('k', draft('last', { tags: ['t'] }));
    expect(await rig.hit('k')).toBe('last');
    await soften('t');
    expect([await rig.hit('k'), await rig.held('k')]).toEqual([MISS, 'last']);
  });
}
