import { describe, expect, it } from 'vitest';
import { CacheTypeError } from '../../../lib/errors/cache.errors.js';
import { draft, openMemory } from './memory-rig.js';

const POLICIES = ['lru', 'fifo', 'lfu'] as const;

describe('what leaves', () => {
  it('E1 lru: the least recently used', () => {
    const { space, hits } = openMemory({ maxSize: 2, evictionPolicy: 'lru' });
    space.write('a', draft(1));
    space.write('b', draft(1));
    space.read('a', 0);
    space.write('c', draft(1));
    expect(hits('abc')).toBe('ac');
  });

  it('E2 fifo: the first that came, though it was used', () => {
    const { space, hits } = openMemory({ maxSize: 2, evictionPolicy: 'fifo' });
    space.write('a', draft(1));
    space.write('b', draft(1));
    space.read('a', 0);
    space.write('c', draft(1));
    expect(hits('abc')).toBe('bc');
  });

  it.each([
    ['a read', ({ space }) => space.read('a', 0)],
    ['a batch read', ({ space }) => space.readMany(['a'], 0)],
    ['D17 an increment', ({ space }) => space.increment('a', 1, draft(0))],
    ['a touch', ({ space }) => space.touch('a', 1_000)],
    ['a write', ({ space }) => space.write('a', draft(2))],
  ] as [string, (rig: ReturnType<typeof openMemory>) => unknown][])('lru and lfu: %s counts as a use', (_, use) => {
    for (const evictionPolicy of ['lru', 'lfu'] as const) {
      const rig = openMemory({ maxSize: 2, evictionPolicy });
      rig.space.write('a', draft(1));
      rig.space.write('b', draft(1));
      use(rig);
      rig.space.write('c', draft(1));
      expect(rig.hits('abc'), evictionPolicy).toBe('ac');
    }
  });

  it.each(POLICIES)(
    'E4 %s: at capacity nothing leaves, and one more entry evicts exactly one',
    async (evictionPolicy) => {
      const { space, events, log, store } = openMemory({ maxSize: 100, evictionPolicy });
      for (let i = 0; i < 100; i += 1) space.write(`${i}`, draft(i));
      for (let i = 0; i < 100; i += 1) space.write(`${i}`, draft(-i));
      expect(events.counts.evict).toBe(0);
      space.write('one more', draft('v'));
      expect(log.filter((line) => line.startsWith('evict'))).toEqual(['evict ns/0 size']);
      expect((await store.measure()).size).toBe(100);
    },
  );

  it('all namespaces share the capacity', () => {
    const { store, log } = openMemory({ maxSize: 2 });
    for (const name of ['one', 'two', 'three']) store.space(name).write('k', draft(1));
    expect(log).toContain('evict one/k size');
    expect(store.space('one').read('k', 0)).toBeUndefined();
  });

  it('E16 lru, fifo and lfu gain nothing from a loop that is twice as long as the cache', () => {
    for (const evictionPolicy of POLICIES) {
      const { space, hit } = openMemory({ maxSize: 512, evictionPolicy });
      let found = 0;
      for (let i = 0; i < 5 * 1_011; i += 1) {
        const key = `${i % 1_011}`;
        if (hit(key) === undefined) space.write(key, draft(i));
        else found += 1;
      }
      expect(found, evictionPolicy).toBe(0);
    }
  });
});

describe('bytes', () => {
  const sizeOf = (value: unknown): number => (value as string).length;

  it('E5 an entry heavier than the whole cache is refused, and the others stay', async () => {
    const { space, log, hits, store } = openMemory({ maxBytes: 10, sizeOf });
    space.write('a', draft('xxxxx'));
    space.write('b', draft('xxxxx'));
    log.length = 0;
    space.write('c', draft('x'.repeat(11)));
    expect(log).toEqual(['refuse ns/c bytes']);
    expect(hits('abc')).toBe('ab');
    expect(await store.measure()).toEqual({ size: 2, bytes: 10 });
  });

  it('E5 the old value of a key whose new value is refused is gone', async () => {
    const { space, log, hits, store } = openMemory({ maxBytes: 10, sizeOf });
    space.write('a', draft('old'));
    space.write('b', draft('xx'));
    log.length = 0;
    space.write('a', draft('x'.repeat(11)));
    expect(log).toEqual(['refuse ns/a bytes']);
    expect(hits('ab')).toBe('b');
    expect(await store.measure()).toEqual({ size: 1, bytes: 2 });
  });

  it('E5 an add that is refused did not store', () => {
    const { space, hits } = openMemory({ maxBytes: 10, sizeOf });
    expect(space.add('a', draft('x'.repeat(11)))).toBe(false);
    expect(hits('a')).toBe('');
  });

  it('E5 an entry exactly as heavy as the whole cache is stored alone', () => {
    const { space, hits, log } = openMemory({ maxBytes: 10, sizeOf });
    for (const key of 'abc') space.write(key, draft('xxx'));
    space.write('d', draft('x'.repeat(10)));
    expect(hits('abcd')).toBe('d');
    expect(log.filter((line) => line.endsWith('bytes'))).toEqual(['a', 'b', 'c'].map((key) => `evict ns/${key} bytes`));
  });

  it('E7 bytes follow what is stored, replaced and removed, down to 0', async () => {
    const { space, store } = openMemory({ maxBytes: 100, sizeOf });
    const bytes = async (): Promise<unknown> => (await store.measure()).bytes;
    space.write('a', draft('xxxxx'));
    space.write('b', draft('x', { tags: ['t'] }));
    expect(await bytes()).toBe(6);
    space.write('a', draft('x'.repeat(50)));
    expect(await bytes()).toBe(51);
    space.write('a', draft('xx'));
    expect(await bytes()).toBe(3);
    store.invalidateTags(['t']);
    expect(await bytes()).toBe(2);
    space.take('a');
    expect(await bytes()).toBe(0);
    expect(await store.measure()).toEqual({ size: 0, bytes: 0 });
  });

  it('E7 an entry that grows makes room for itself, and is not its own victim', () => {
    const { space, hits } = openMemory({ maxBytes: 10, sizeOf });
    for (const key of 'abc') space.write(key, draft('xxx'));
    space.write('a', draft('xxxxx'));
    expect(hits('abc')).toBe('ac');
  });

  it('without a limit of bytes nothing is measured', async () => {
    const { space, store } = openMemory({
      sizeOf: () => {
        throw new Error('asked for a size');
      },
    });
    space.write('a', draft('v'));
    expect(await store.measure()).toEqual({ size: 1, bytes: undefined });
  });

  it.each([NaN, -1, undefined, '5', null])(
    'a sizeOf that answers %s is an error, and nothing has changed',
    async (size) => {
      const sizes: unknown[] = [3];
      const { space, store, hits } = openMemory({
        maxBytes: 10,
        sizeOf: () => (sizes.length ? sizes.shift() : size) as number,
      });
      space.write('a', draft('old'));
      const lease = space.lease('a', [], 'refresh');
      expect(() => space.write('a', draft('new'))).toThrow(CacheTypeError);
      expect(() => space.add('b', draft('new'))).toThrow(CacheTypeError);
      expect(() => space.swap('a', draft('new'))).toThrow(CacheTypeError);
      expect('holds' in lease && lease.holds()).toBe(true);
      expect(hits('ab')).toBe('a');
      expect(await store.measure()).toEqual({ size: 1, bytes: 3 });
    },
  );

  it.each([
    ['a text by its length', 'x'.repeat(1_000), 'x'.repeat(10_000), 18_000],
    ['a Buffer by its length', Buffer.alloc(1_000), Buffer.alloc(10_000), 9_000],
    ['what is nested', { a: ['x'] }, { a: ['x', new Map([[1, 'x'.repeat(5_000)]])] }, 10_000],
  ])('the default estimate grows with %s', async (_, light, heavy, difference) => {
    const bytesOf = async (value: unknown): Promise<number> => {
      const { space, store } = openMemory({ maxBytes: 1_000_000 });
      space.write('k', draft(value));
      return (await store.measure()).bytes!;
    };
    const grown = (await bytesOf(heavy)) - (await bytesOf(light));
    expect(grown).toBeGreaterThanOrEqual(difference);
    expect(grown).toBeLessThan(difference * 1.2);
  });

  it('the default estimate ends on cycles, on depth, and counts what is shared once', async () => {
    const shared = 'x'.repeat(10);
    const cyclic: unknown[] = [{ shared }];
    for (let i = 0; i < 100_000; i += 1) cyclic.push(cyclic, cyclic[0]);
    let deep: unknown = 'end';
    for (let i = 0; i < 100_000; i += 1) deep = { deep };
    const { space, store } = openMemory({ maxBytes: 100_000_000 });
    space.write('cyclic', draft(cyclic));
    expect((await store.measure()).bytes).toBeLessThan(200_001 * 8 + 1_000);
    space.write('deep', draft(deep));
    expect((await store.measure()).size).toBe(2);
  });
});
