import { describe, expect, it } from 'vitest';
import { CacheSerializationError } from '../../../lib/errors/cache.errors.js';
import type { Isolation } from '../../../lib/stores/isolation.js';
import { draft, openMemory } from './memory-rig.js';

type Rig = ReturnType<typeof openMemory>;

interface User {
  name: string;
  tags: string[];
  born: Date;
  seen: Map<string, { at: number }>;
  self?: User;
}

function user(): User {
  return { name: 'Ada', tags: ['a'], born: new Date(0), seen: new Map([['x', { at: 1 }]]) };
}

/** Every way into the store and out of it. */
const WAYS: [string, (rig: Rig, value: unknown) => unknown][] = [
  ['write and read', ({ space, hit }, value) => (space.write('k', draft(value)), hit('k'))],
  [
    'writeMany and readMany',
    ({ space }, value) => (space.writeMany(new Map([['k', draft(value)]])), space.readMany(['k'], 0).get('k')!.value),
  ],
  ['add and take', ({ space }, value) => (space.add('k', draft(value)), space.take('k')!.value)],
  ['swap', ({ space }, value) => (space.swap('k', draft(value)), space.swap('k', draft(0))!.value)],
  [
    'commit and read',
    ({ space, hit }, value) => {
      const lease = space.lease('k', [], 'load');
      if ('commit' in lease) lease.commit(draft(value));
      return hit('k');
    },
  ],
];

describe("isolation 'reference'", () => {
  it.each(WAYS)('keeps what it was given: %s', (_, pass) => {
    const value = user();
    expect(pass(openMemory(), value)).toBe(value);
    value.tags.push('still mine');
  });
});

describe("isolation 'freeze'", () => {
  it.each(WAYS)('freezes deeply what it was given: %s', (_, pass) => {
    const value = user();
    const got = pass(openMemory({ isolation: 'freeze' }), value) as User;
    expect(got).toBe(value);
    expect(() => (got.name = 'Eve')).toThrow(TypeError);
    expect(() => got.tags.push('b')).toThrow(TypeError);
    expect(() => Object.assign(value, { more: 1 })).toThrow(TypeError);
  });

  it('ends on cycles and on depth, and freezes what hangs on symbols', () => {
    const { space } = openMemory({ isolation: 'freeze' });
    const hidden = Symbol('hidden');
    const value = { ...user(), [hidden]: { deep: 1 } };
    value.self = value;
    let deep: object = { end: true };
    for (let i = 0; i < 100_000; i += 1) deep = { deep };
    space.write('cyclic', draft(value));
    space.write('deep', draft(deep));
    expect(Object.isFrozen(value[hidden])).toBe(true);
    expect(Object.isFrozen(deep)).toBe(true);
  });

  it.each([
    ['a Buffer', Buffer.from('abc')],
    ['a typed array', new Float64Array(2)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['a function', () => 1],
    ['null', null],
  ])('stores %s, which cannot be frozen or need not be', (_, value) => {
    const { space } = openMemory({ isolation: 'freeze' });
    space.write('k', draft(value));
    space.write('nested', draft({ value }));
    expect(space.read('k', 0)?.value).toBe(value);
    expect((space.read('nested', 0)!.value as { value: unknown }).value).toBe(value);
  });

  it('runs no getter of the value', () => {
    let ran = 0;
    const value = Object.defineProperty({}, 'lazy', { enumerable: true, get: () => (ran += 1) });
    openMemory({ isolation: 'freeze' }).space.write('k', draft(value));
    expect(ran).toBe(0);
  });
});

describe("isolation 'clone'", () => {
  it.each(WAYS)('nobody shares an object with anybody: %s', (_, pass) => {
    const value = user();
    const got = pass(openMemory({ isolation: 'clone' }), value) as User;
    expect(got).toEqual(value);
    expect(got).not.toBe(value);
    expect(got.tags).not.toBe(value.tags);
    expect(got.seen.get('x')).not.toBe(value.seen.get('x'));
    expect(got.born).not.toBe(value.born);
  });

  it('neither what the writer nor what a reader changes is seen by another', () => {
    const { space, hit } = openMemory({ isolation: 'clone' });
    const value = user();
    space.write('k', draft(value));
    value.tags.push('writer');
    (hit('k') as User).seen.clear();
    (space.readMany(['k'], 0).get('k')!.value as User).tags.push('reader');
    expect(hit('k')).toEqual(user());
  });

  it('keeps cycles and shared references as they are', () => {
    const { space, hit } = openMemory({ isolation: 'clone' });
    const value = user();
    value.self = value;
    space.write('k', draft({ one: value, two: value }));
    const got = hit('k') as { one: User; two: User };
    expect(got.one.self).toBe(got.one);
    expect(got.two).toBe(got.one);
    expect(got.one).not.toBe(value);
  });

  it.each([
    ['on its own', (buffer: Buffer): unknown => buffer, (value: unknown) => value],
    [
      'in an object',
      (buffer: Buffer): unknown => ({ buffer }),
      (value: unknown) => (value as { buffer: unknown }).buffer,
    ],
    ['in a list', (buffer: Buffer): unknown => [[buffer]], (value: unknown) => (value as unknown[][])[0]![0]],
    [
      'in a map',
      (buffer: Buffer): unknown => new Map([[1, buffer]]),
      (v: unknown) => (v as Map<number, unknown>).get(1),
    ],
  ])('a Buffer comes back as a Buffer of its own: %s', (_, wrap, unwrap) => {
    const { space, hit } = openMemory({ isolation: 'clone' });
    const buffer = Buffer.from('abc');
    space.write('k', draft(wrap(buffer)));
    buffer[0] = 0;
    const got = unwrap(hit('k'));
    expect(Buffer.isBuffer(got)).toBe(true);
    expect((got as Buffer).toString()).toBe('abc');
    (got as Buffer)[1] = 0;
    expect((unwrap(hit('k')) as Buffer).toString()).toBe('abc');
  });

  it('A19 copies no primitive', () => {
    const { space, hit } = openMemory({ isolation: 'clone' });
    const original = globalThis.structuredClone;
    globalThis.structuredClone = () => {
      throw new Error('copied');
    };
    try {
      for (const value of ['text', 0, -0, NaN, null, undefined, true, 10n]) {
        space.write('k', draft(value));
        expect(Object.is(hit('k'), value)).toBe(true);
      }
    } finally {
      globalThis.structuredClone = original;
    }
  });

  it.each([
    ['a function', () => ({ deep: [{ run: () => 1 }] })],
    ['a symbol', () => ({ deep: Symbol('s') })],
    ['a promise', () => ({ deep: Promise.resolve(1) })],
    ['a weak map', () => [new WeakMap()]],
  ])('what holds %s is a CacheSerializationError, and nothing has changed', async (_, make) => {
    const rig = openMemory({ isolation: 'clone', maxBytes: 1_000, sizeOf: () => 10 });
    rig.space.write('k', draft('old', { tags: ['t'] }));
    const waiting = rig.space.lease('k', [], 'refresh');
    rig.log.length = 0;
    for (const refused of [
      () => rig.space.write('k', draft(make())),
      () => rig.space.swap('k', draft(make())),
      () => rig.space.add('new', draft(make())),
    ]) {
      expect(refused).toThrow(CacheSerializationError);
    }
    expect('holds' in waiting && waiting.holds()).toBe(true);
    expect(() => 'commit' in waiting && waiting.commit(draft(make()))).toThrow(CacheSerializationError);
    expect(rig.log).toEqual([]);
    expect(rig.hit('k')).toBe('old');
    expect(await rig.store.measure()).toEqual({ size: 1, bytes: 10 });
    rig.store.invalidateTags(['t']);
    expect(rig.hit('k')).toBeUndefined();
  });

  it('a lease whose commit could not be stored is over: the next load is not kept waiting', async () => {
    const { space } = openMemory({ isolation: 'clone' });
    const lease = space.lease('k', [], 'load');
    const busy = space.lease('k', [], 'load');
    expect(() => 'commit' in lease && lease.commit(draft({ run: () => 1 }))).toThrow(CacheSerializationError);
    await ('freed' in busy ? busy.freed : undefined);
    expect('commit' in space.lease('k', [], 'load')).toBe(true);
  });
});

describe.each<Isolation>(['reference', 'freeze', 'clone'])("isolation '%s'", (isolation) => {
  it('counts with increment', () => {
    const { space, hit } = openMemory({ isolation });
    for (let i = 0; i < 3; i += 1) space.increment('n', 2, { ttl: Infinity, grace: 0, tags: [] });
    expect(hit('n')).toBe(6);
  });

  it('an entry that was swapped or taken out is not changed by what is stored next', () => {
    const { space } = openMemory({ isolation });
    space.write('k', draft('first'));
    const swapped = space.swap('k', draft('second'));
    const taken = space.take('k');
    space.write('k', draft('third'));
    expect([swapped?.value, taken?.value]).toEqual(['first', 'second']);
  });
});
