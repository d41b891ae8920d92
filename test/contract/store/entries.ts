import { expect, it } from 'vitest';
import { draft, MISS, type StoreRig } from './rig.js';

const PRIMITIVES: [string, unknown][] = [
  ['A1 null', null],
  ['A4 undefined', undefined],
  ['false', false],
  ['true', true],
  ['0', 0],
  ['A7 -0', -0],
  ['A7 NaN', NaN],
  ['A7 Infinity', Infinity],
  ['A7 -Infinity', -Infinity],
  ['the empty text', ''],
  ['a text that looks like a number', '5'],
  ['a bigint beyond 64 bits', 2n ** 80n],
  ['a text of a million characters', 'x'.repeat(1_000_000)],
];

const OBJECTS: [string, () => unknown][] = [
  ['an empty object', () => ({})],
  ['an empty list', () => []],
  ['A8 a date', () => new Date(1_234_567_890_123)],
  [
    'A8 a map with keys of several types',
    () =>
      new Map<unknown, unknown>([
        [1, 'one'],
        ['1', { deep: [1, 2] }],
      ]),
  ],
  ['A8 a set', () => new Set([1, '1', null])],
  ['A8 nested data', () => ({ a: [1, { b: [undefined, null, -0, NaN] }], c: 10n })],
  ['A8 bytes', () => new Uint8Array([0, 1, 254, 255])],
  ['A17 what looks like an envelope', () => ({ value: 1, expires: 0, expiresAt: 0, tags: ['x'], v: 1 })],
  ['an object with a property named __proto__', () => JSON.parse('{"__proto__":{"polluted":1}}') as object],
];

export function entryContract(rig: StoreRig): void {
  it.each(PRIMITIVES)('a stored value comes back: %s', async (_, value) => {
    await rig.space().write('k', draft(value));
    const entry = await rig.space().read('k', rig.clock.now());
    expect(entry).toBeDefined();
    expect(Object.is(entry!.value, value)).toBe(true);
  });

  it.each(OBJECTS)('a stored value comes back: %s', async (_, make) => {
    await rig.space().write('k', draft(make()));
    expect(await rig.hit('k')).toStrictEqual(make());
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('A8 a Buffer comes back as a Buffer', async () => {
    await rig.space().write('k', draft(Buffer.from('grüße')));
    const value = await rig.hit('k');
    expect(Buffer.isBuffer(value)).toBe(true);
    expect((value as Buffer).toString()).toBe('grüße');
  });

  it('A8 a cyclic object comes back cyclic', async () => {
    const cyclic: { name: string; self?: unknown } = { name: 'loop' };
    cyclic.self = cyclic;
    await rig.space().write('k', draft(cyclic));
    const value = (await rig.hit('k')) as typeof cyclic;
    expect(value.name).toBe('loop');
    expect(value.self).toBe(value);
  });

  it('A10 a key that was never stored is not there, for any operation', async () => {
    const space = rig.space();
    expect(await space.read('k', rig.clock.now())).toBeUndefined();
    expect(await space.remove('k')).toBe(false);
    expect(await space.take('k')).toBeUndefined();
    expect(await space.touch('k', 1_000)).toBe(false);
    expect(await rig.held('k')).toBe(MISS);
  });

  it('A11 the last of two writes wins and is one entry', async () => {
    await rig.space().write('k', draft('first', { ttl: 1_000, tags: ['old'] }));
    await rig.space().write('k', draft('second', { ttl: 5_000, tags: ['new'] }));
    expect(await rig.hit('k')).toBe('second');
    expect([undefined, 1]).toContain((await rig.store.measure()).size);
    await rig.store.invalidateTags(['old']);
    rig.clock.advance(4_999);
    expect(await rig.hit('k')).toBe('second');
  });

  it('an entry says when it was stored, until when it is fresh, until when it may be served stale, and its tags', async () => {
    await rig.space().write('k', draft('v', { ttl: 5_000, grace: 2_000, tags: ['b', 'a'] }));
    rig.clock.advance(1_000);
    const entry = (await rig.space().read('k', rig.clock.now()))!;
    expect(rig.clock.now() - entry.createdAt).toBe(1_000);
    expect(entry.expiresAt - entry.createdAt).toBe(5_000);
    expect(entry.staleUntil - entry.expiresAt).toBe(2_000);
    expect(entry.tags.toSorted()).toEqual(['a', 'b']);
  });

  it('what was written through one handle is there for another, and for another object of the namespace', async () => {
    await rig.space().write('k', draft('v'));
    expect((await rig.other.space('ns').read('k', rig.clock.now()))?.value).toBe('v');
    await rig.other.space('ns').write('k', draft('w'));
    expect(await rig.hit('k')).toBe('w');
    expect(await rig.other.space('ns').remove('k')).toBe(true);
    expect(await rig.hit('k')).toBe(MISS);
  });

  it('A10 remove says whether there was something, and leaves the other keys', async () => {
    await rig.space().write('k', draft(undefined));
    await rig.space().write('other', draft('v'));
    expect(await rig.space().remove('k')).toBe(true);
    expect(await rig.space().remove('k')).toBe(false);
    expect(await rig.hit('k')).toBe(MISS);
    expect(await rig.hit('other')).toBe('v');
  });

  it('readMany answers what is there under its key, values like undefined included', async () => {
    await rig.space().writeMany(
      new Map([
        ['a', draft(1)],
        ['b', draft(undefined)],
        ['c', draft(null)],
      ]),
    );
    const found = await rig.space().readMany(['c', 'a', 'missing', 'b'], rig.clock.now());
    expect(new Map([...found].map(([key, { value }]) => [key, value]))).toEqual(
      new Map<string, unknown>([
        ['a', 1],
        ['b', undefined],
        ['c', null],
      ]),
    );
  });

  it('D2 empty batches do nothing', async () => {
    await rig.space().write('k', draft('v'));
    expect((await rig.space().readMany([], rig.clock.now())).size).toBe(0);
    await rig.space().writeMany(new Map());
    expect(await rig.space().removeMany([])).toEqual([]);
    expect(await rig.hit('k')).toBe('v');
  });

  it('D3 duplicates in a batch count once', async () => {
    await rig.space().write('a', draft(1));
    expect([...(await rig.space().readMany(['a', 'a'], rig.clock.now())).keys()]).toEqual(['a']);
    expect(await rig.space().removeMany(['a', 'missing', 'a'])).toEqual(['a']);
  });

  it('D5 lists and drafts that are passed in are not changed', async () => {
    const keys = Object.freeze(['b', 'a', 'b']);
    const one = Object.freeze(draft(1, { tags: Object.freeze(['y', 'x', 'y']) }));
    const drafts = new Map([
      ['b', one],
      ['a', one],
    ]);
    await rig.space().writeMany(drafts);
    expect((await rig.space().readMany(keys, rig.clock.now())).size).toBe(2);
    await rig.store.invalidateTags(one.tags);
    expect(await rig.space().removeMany(keys)).toEqual([]);
    expect([...drafts.keys()]).toEqual(['b', 'a']);
  });

  it('writeMany stores each draft with its own ttl and tags, and replaces what is there', async () => {
    await rig.space().write('a', draft('old'));
    await rig.space().writeMany(
      new Map([
        ['a', draft('new')],
        ['short', draft('s', { ttl: 10 })],
        ['tagged', draft('t', { tags: ['x'] })],
      ]),
    );
    expect(await rig.hits(['a', 'short', 'tagged'])).toEqual(['a', 'short', 'tagged']);
    expect(await rig.hit('a')).toBe('new');
    rig.clock.advance(10);
    await rig.store.invalidateTags(['x']);
    expect(await rig.hits(['a', 'short', 'tagged'])).toEqual(['a']);
  });

  it('removeMany removes what is named and answers the keys that were there', async () => {
    await rig.space().writeMany(new Map(['a', 'b', 'c'].map((key) => [key, draft(key)])));
    expect((await rig.space().removeMany(['c', 'missing', 'a'])).toSorted()).toEqual(['a', 'c']);
    expect(await rig.hits(['a', 'b', 'c'])).toEqual(['b']);
  });

  it('a batch of a thousand is stored, read and removed', async () => {
    const keys = Array.from({ length: 1_000 }, (_, index) => `key ${index}`);
    await rig.space().writeMany(new Map(keys.map((key, index) => [key, draft(index)])));
    const found = await rig.space().readMany(keys, rig.clock.now());
    expect(keys.every((key, index) => found.get(key)?.value === index)).toBe(true);
    expect(await rig.space().removeMany(keys)).toHaveLength(1_000);
    expect((await rig.space().readMany(keys, rig.clock.now())).size).toBe(0);
  });

  it('measure counts the entries that are held, or does not say', async () => {
    await rig.space('a').write('k', draft('v'));
    await rig.space('b').write('k', draft('v', { ttl: 1_000, tags: ['t'] }));
    await rig.space('b').write('l', draft('v', { tags: ['t'] }));
    await rig.space('c').write('k', draft('v'));
    expect([undefined, 4]).toContain((await rig.store.measure()).size);
    rig.clock.advance(1_000);
    expect([undefined, 3]).toContain((await rig.store.measure()).size);
    await rig.store.invalidateTags(['t']);
    await rig.space('c').clear();
    expect([undefined, 1]).toContain((await rig.store.measure()).size);
    await rig.space('a').remove('k');
    expect([undefined, 0]).toContain((await rig.store.measure()).size);
  });

  it('every entry that is stored is one set event, and what is not stored is none', async () => {
    const space = rig.space();
    await space.write('a', draft(1));
    await space.writeMany(
      new Map([
        ['b', draft(1)],
        ['c', draft(1)],
      ]),
    );
    await space.add('d', draft(1));
    await space.swap('a', draft(2));
    await (await rig.lease('e')).commit(draft(1));
    expect(rig.events.counts.set).toBe(6);
    await space.add('d', draft(2));
    await space.write('a', draft(1, { ttl: 0 }));
    await (await rig.lease('f')).release();
    expect(rig.events.counts.set).toBe(6);
  });

  it('close stops every timer and can be called twice', async () => {
    await rig.space().write('k', draft('v', { tags: ['t'] }));
    await rig.store.invalidateTags(['t']);
    await rig.store.close();
    await rig.store.close();
    expect(rig.clock.pending).toBe(0);
  });
}
