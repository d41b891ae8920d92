import { expect, it } from 'vitest';
import { HOSTILE } from './keys.js';
import { concurrently, draft, MISS, type StoreRig } from './rig.js';

export function tagContract(rig: StoreRig): void {
  it('I1 an invalidation ends the entries with the tag, and no others', async () => {
    await rig.space().write('foo', draft(1, { tags: ['x', 'y'] }));
    await rig.space().write('bar', draft(2, { tags: ['y', 'z'] }));
    await rig.space().write('baz', draft(3, { tags: ['x', 'z'] }));
    await rig.space().write('plain', draft(4));
    await rig.store.invalidateTags(['x']);
    expect(await rig.hits(['foo', 'bar', 'baz', 'plain'])).toEqual(['bar', 'plain']);
    expect([...(await rig.space().readMany(['foo', 'bar', 'baz'], rig.clock.now())).keys()]).toEqual(['bar']);
  });

  it('I2 several tags mean any of them; none, unknown and repeated ones do no harm', async () => {
    for (const tag of ['a', 'b', 'c']) await rig.space().write(tag, draft(tag, { tags: [tag, tag] }));
    await rig.store.invalidateTags([]);
    await rig.store.invalidateTags(['unknown', 'unknown']);
    expect(await rig.hits(['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
    await rig.store.invalidateTags(['a', 'unknown', 'b', 'a']);
    expect(await rig.hits(['a', 'b', 'c'])).toEqual(['c']);
  });

  it('tags span the namespaces of a store, and its handles', async () => {
    for (const name of ['', 'one', 'two']) {
      await rig.space(name).write('k', draft('v', { tags: ['t'] }));
      await rig.space(name).write('other', draft('v', { tags: ['u'] }));
    }
    await rig.other.invalidateTags(['t']);
    for (const name of ['', 'one', 'two']) expect(await rig.hits(['k', 'other'], name)).toEqual(['other']);
  });

  it('I4 what is written after an invalidation is a hit, by whatever operation', async () => {
    const tags = ['t'];
    await rig.space().write('old', draft('v', { tags }));
    await rig.store.invalidateTags(tags);
    await rig.space().write('write', draft('v', { tags }));
    await rig.space().writeMany(new Map([['many', draft('v', { tags })]]));
    await rig.space().add('add', draft('v', { tags }));
    await rig.space().swap('swap', draft('v', { tags }));
    await rig.space().increment('count', 1, { ttl: 1_000, grace: 0, tags });
    await (await rig.lease('lease', tags)).commit(draft('v', { tags }));
    const keys = ['write', 'many', 'add', 'swap', 'count', 'lease'];
    expect(await rig.hits(['old', ...keys])).toEqual(keys);
    await rig.store.invalidateTags(tags);
    expect(await rig.hits(keys)).toEqual([]);
  });

  it('I5 write and invalidation within one millisecond count in their order, a thousand times', async () => {
    const wrong: number[] = [];
    for (let round = 0; round < 1_000; round += 1) {
      const dead = draft(round, { tags: ['t'] });
      await rig.space().write('k', dead);
      await rig.store.invalidateTags(['t']);
      if ((await rig.hit('k')) !== MISS) wrong.push(round);
      await rig.space().write('k', draft(-round, { tags: ['t'] }));
      if ((await rig.hit('k')) === MISS) wrong.push(round);
    }
    expect(wrong).toEqual([]);
  });

  it('an overwritten entry has the new tags only', async () => {
    await rig.space().write('k', draft(1, { tags: ['old'] }));
    await rig.space().write('k', draft(2, { tags: ['new'] }));
    await rig.store.invalidateTags(['old']);
    expect(await rig.hit('k')).toBe(2);
    await rig.store.invalidateTags(['new']);
    expect(await rig.hit('k')).toBe(MISS);
  });

  it('I10 an invalidation is not undone by time', async () => {
    await rig.space().write('k', draft('v', { ttl: Infinity, grace: Infinity, tags: ['t'] }));
    await rig.store.invalidateTags(['t']);
    rig.clock.advance(400 * 86_400_000);
    expect(await rig.held('k')).toBe(MISS);
  });

  it('I10 a tag that nobody used for long still ends its entries', async () => {
    await rig.space().write('k', draft('v', { ttl: Infinity, tags: ['t'] }));
    rig.clock.advance(400 * 86_400_000);
    expect(await rig.hit('k')).toBe('v');
    await rig.store.invalidateTags(['t']);
    expect(await rig.hit('k')).toBe(MISS);
  });

  it.each(Object.entries({ ...HOSTILE, 'an exclamation mark': '!', '10 kB': 't'.repeat(10_240) }))(
    'I14 I17 a tag is only itself: %s',
    async (_, tag) => {
      await rig.space().write('k', draft('v', { tags: [tag, 'second'] }));
      await rig.space().write('plain', draft('v'));
      await rig.space().write('longer', draft('v', { tags: [`${tag}~`, `~${tag}`] }));
      expect((await rig.space().read('k', rig.clock.now()))?.tags).toEqual([tag, 'second']);
      await rig.store.invalidateTags([tag]);
      expect(await rig.hits(['k', 'plain', 'longer'])).toEqual(['plain', 'longer']);
    },
  );

  it('no two hostile tags meet', async () => {
    const tags = Object.values(HOSTILE);
    await rig.space().writeMany(new Map(tags.map((tag, index) => [`k${index}`, draft('v', { tags: [tag] })])));
    const left = tags.map((_, index) => `k${index}`);
    for (const tag of tags) {
      await rig.store.invalidateTags([tag]);
      left.shift();
      expect(
        [
          ...(
            await rig.space().readMany(
              tags.map((__, i) => `k${i}`),
              rig.clock.now(),
            )
          ).keys(),
        ].toSorted(),
      ).toEqual(left.toSorted());
    }
  });

  it('an entry may carry a hundred tags, and each of them ends it', async () => {
    const tags = Array.from({ length: 100 }, (_, index) => `t${index}`);
    for (const tag of [tags[0]!, tags[50]!, tags[99]!]) {
      await rig.space().write('k', draft('v', { tags }));
      expect(await rig.hit('k')).toBe('v');
      await rig.store.invalidateTags([tag]);
      expect(await rig.hit('k')).toBe(MISS);
    }
  });

  it('clear ends the entries of its namespace, for every handle, and what is written after it is a hit', async () => {
    await rig.space().writeMany(new Map(['a', 'b'].map((key) => [key, draft('old', { grace: 1_000 })])));
    await rig.space('other').write('a', draft('v'));
    await rig.other.space('ns').clear();
    expect(await rig.held('a')).toBe(MISS);
    expect((await rig.space().readMany(['a', 'b'], rig.clock.now())).size).toBe(0);
    expect(await rig.space().remove('a')).toBe(false);
    expect(await rig.hit('a', 'other')).toBe('v');
    await rig.space().write('a', draft('new'));
    expect(await rig.hits(['a', 'b'])).toEqual(['a']);
    expect(await rig.hit('a')).toBe('new');
  });

  it('a space that was asked for before a clear sees what is written after it, and the reverse', async () => {
    const before = rig.store.space('ns');
    await before.clear();
    await before.write('k', draft('v'));
    expect(await rig.hit('k')).toBe('v');
    await rig.other.space('ns').clear();
    expect(await before.read('k', rig.clock.now())).toBeUndefined();
  });

  it('clear of an empty namespace, and twice, does nothing', async () => {
    await rig.space('unused').clear();
    await rig.space().write('k', draft('v'));
    await rig.space().clear();
    await rig.space().clear();
    await rig.space().write('k', draft('w'));
    expect(await rig.hit('k')).toBe('w');
  });

  it('entries written after a clear answer to their tags', async () => {
    await rig.space().write('k', draft('v', { tags: ['t'] }));
    await rig.space().clear();
    await rig.space().write('k', draft('w', { tags: ['t'] }));
    expect(await rig.hit('k')).toBe('w');
    await rig.store.invalidateTags(['t']);
    expect(await rig.hit('k')).toBe(MISS);
  });

  it('thousands of entries end with one invalidation, and thousands with one clear', async () => {
    const keys = Array.from({ length: 2_000 }, (_, index) => `k${index}`);
    await rig.space().writeMany(new Map(keys.map((key) => [key, draft('v', { tags: ['all', key] })])));
    await rig.store.invalidateTags(['all']);
    expect((await rig.space().readMany(keys, rig.clock.now())).size).toBe(0);
    await rig.space().writeMany(new Map(keys.map((key) => [key, draft('v', { tags: ['all', key] })])));
    await rig.space().clear();
    expect((await rig.space().readMany(keys, rig.clock.now())).size).toBe(0);
  });

  it('writes and invalidations that run at the same time leave a hit or a miss, and the next write is a hit', async () => {
    await concurrently(60, (index) =>
      index % 3 === 0
        ? rig.store.invalidateTags(['t'])
        : (index % 2 === 0 ? rig.store : rig.other).space('ns').write('k', draft(index, { tags: ['t'] })),
    );
    await rig.space().write('k', draft('last', { tags: ['t'] }));
    expect(await rig.hit('k')).toBe('last');
  });
}
