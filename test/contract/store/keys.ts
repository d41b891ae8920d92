import { expect, it } from 'vitest';
import { draft, MISS, TTL, type StoreRig } from './rig.js';

const LONG = 'k'.repeat(65_535);

/** No two of them are one key, whatever the backend makes of keys: file names, patterns, prefixes, C strings. */
export const HOSTILE: Record<string, string> = {
  'the empty key': '',
  'a space': ' ',
  'a letter': 'a',
  'another case': 'A',
  'a space inside': 'a b',
  'a space behind': 'a ',
  'a colon': 'a:b',
  'a slash': 'a/b',
  'a backslash': 'a\\b',
  'a dot': '.',
  'the parent directory': '../a',
  'an absolute path': '/etc/passwd',
  'a percent escape': 'a%2Fb',
  'a star': 'a*b',
  'a star alone': '*',
  'a question mark': 'a?',
  'a character class': 'a[b]',
  'a hash tag of a cluster': '{a}b',
  quotes: `'";--`,
  punctuation: `#/:*(<+=> )&$%@?;'"\`~-`,
  'the null character': '\0',
  'a null character inside': 'a\0b',
  'a newline': 'a\nb',
  'a carriage return': 'a\r\nb',
  'an emoji': '👩‍👩‍👧',
  'a composed letter': '\u00e9',
  'a decomposed letter': 'e\u0301',
  'a byte order mark': '\ufeffa',
  __proto__property: '__proto__',
  'constructor property': 'constructor',
  'prototype property': 'prototype',
  'hasOwnProperty property': 'hasOwnProperty',
  'toString property': 'toString',
  'the text undefined': 'undefined',
  'the text null': 'null',
  'a number': '1',
  'a number written otherwise': '1.0',
  '250 common characters': `${'p'.repeat(250)}1`,
  '250 common characters, other end': `${'p'.repeat(250)}2`,
  '65,536 characters': `${LONG}1`,
  '65,536 characters, other end': `${LONG}2`,
  '65,535 characters': LONG,
};

const NEIGHBOURS: [string, string][] = [
  ['users', 'usersAbc'],
  ['', 'x'],
  ['a', 'a:b'],
  ['a', 'A'],
  ['a*b', 'axb'],
  ['a?', 'ab'],
  ['a[1]', 'a1'],
  ['a/b', 'a\\b'],
  ['\0', ''],
  ['__proto__', 'constructor'],
  ['é', 'e\u0301'],
  ['%', '_'],
  ['p'.repeat(1_000), `${'p'.repeat(1_000)}q`],
];

export function keyContract(rig: StoreRig): void {
  it.each(Object.entries(HOSTILE))('C1 every operation agrees on the key: %s', async (_, key) => {
    const space = rig.space();
    const fresh = { ttl: TTL, grace: 0, tags: [] };
    expect(await rig.held(key)).toBe(MISS);
    expect((await space.readMany([key], rig.clock.now())).size).toBe(0);
    expect(await space.remove(key)).toBe(false);
    await space.write(key, draft('v'));
    expect(await rig.hit(key)).toBe('v');
    expect([...(await space.readMany([key], rig.clock.now()))].map(([k, { value }]) => [k, value])).toEqual([
      [key, 'v'],
    ]);
    expect(await space.add(key, draft('w'))).toBe(false);
    expect((await space.swap(key, draft('w')))?.value).toBe('v');
    expect(await space.touch(key, 5_000)).toBe(true);
    expect((await space.take(key))?.value).toBe('w');
    expect(await space.increment(key, 2, fresh)).toBe(2);
    expect(await space.removeMany([key])).toEqual([key]);
    expect(await (await rig.lease(key)).commit(draft('leased'))).toBe(true);
    expect(await rig.hit(key)).toBe('leased');
    await space.writeMany(new Map([[key, draft('many')]]));
    expect(await rig.hit(key)).toBe('many');
    expect(await space.remove(key)).toBe(true);
    expect(await rig.held(key)).toBe(MISS);
  });

  it('C3 C4 no two hostile keys meet', async () => {
    const keys = Object.values(HOSTILE);
    await rig.space().writeMany(new Map(keys.map((key, index) => [key, draft(index)])));
    for (const [index, key] of keys.entries()) {
      expect(await rig.hit(key)).toBe(index);
      expect(await rig.space().remove(key)).toBe(true);
    }
    expect((await rig.space().readMany(keys, rig.clock.now())).size).toBe(0);
  });

  it('C6 C7 keys named like properties touch no prototype', async () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString'];
    expect((await rig.space().readMany(names, rig.clock.now())).size).toBe(0);
    await rig.space().writeMany(new Map(names.map((name) => [name, draft({ polluted: name })])));
    const found = await rig.space().readMany(names, rig.clock.now());
    expect(names.map((name) => found.get(name)?.value)).toEqual(names.map((name) => ({ polluted: name })));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each(NEIGHBOURS)('C9 C10 the namespaces %j and %j never meet', async (one, two) => {
    const keys = ['k', '', ':k', 'b:k', 'x:k', '*'];
    for (const key of keys) {
      await rig.space(one).write(key, draft('one', { tags: ['t1'] }));
      expect(await rig.hit(key, two)).toBe(MISS);
      await rig.space(two).write(key, draft('two', { tags: ['t2'] }));
      expect(await rig.hit(key, one)).toBe('one');
    }
    await rig.space(one).clear();
    expect(await rig.hits(keys, one)).toEqual([]);
    expect(await rig.hits(keys, two)).toEqual(keys);
    await rig.space(one).write('k', draft('again'));
    await rig.space(two).clear();
    expect(await rig.hits(keys, two)).toEqual([]);
    expect(await rig.hit('k', one)).toBe('again');
  });

  it('C9 a namespace and a key do not add up to another pair of them', async () => {
    const pairs = [
      ['a', 'b:c'],
      ['a:b', 'c'],
      ['', 'a:b:c'],
      ['a:b:c', ''],
      ['a', 'b/c'],
      ['a/b', 'c'],
      ['a', '\0c'],
      ['a\0', 'c'],
      ['a', '1c'],
      ['a1', 'c'],
    ] as const;
    for (const [index, [namespace, key]] of pairs.entries()) await rig.space(namespace).write(key, draft(index));
    for (const [index, [namespace, key]] of pairs.entries()) expect(await rig.hit(key, namespace)).toBe(index);
  });

  it('keys, tags and namespaces of one name do not meet', async () => {
    for (const name of ['x', '', '*', '__proto__']) {
      await rig.space(name).write(name, draft('tagged', { tags: [name] }));
      await rig.space(name).write('untagged', draft('v'));
      await rig.space('else').write(name, draft('v'));
      await rig.store.invalidateTags([name]);
      expect(await rig.hit(name, name)).toBe(MISS);
      expect(await rig.hit('untagged', name)).toBe('v');
      await rig.space(name).clear();
      expect(await rig.hit(name, 'else')).toBe('v');
    }
  });

  it('namespaces of any name hold entries, a thousand of them side by side', async () => {
    const names = [...Object.values(HOSTILE), ...Array.from({ length: 1_000 }, (_, index) => `tenant ${index}`)];
    for (const [index, name] of names.entries()) await rig.space(name).write('k', draft(index));
    for (const [index, name] of names.entries()) expect(await rig.hit('k', name)).toBe(index);
  });
}
