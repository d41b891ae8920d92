import { describe, expect, it } from 'vitest';
import { draft, openMemory } from './memory-rig.js';

/** Gets each key, and stores it where it is missing, as an application would. */
function use(rig: ReturnType<typeof openMemory>, keys: readonly string[]): number {
  let hits = 0;
  for (const key of keys) {
    if (rig.hit(key) === undefined) rig.space.write(key, draft(key));
    else hits += 1;
  }
  return hits;
}

const named = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name} ${index}`);

describe('lfu', () => {
  it('keeps what is used often from what is used once', () => {
    const rig = openMemory({ maxSize: 10, evictionPolicy: 'lfu' });
    const hot = named('hot', 5);
    for (let i = 0; i < 20; i += 1) use(rig, hot);
    use(rig, named('scan', 50));
    expect(use(rig, hot)).toBe(5);
  });

  it('among equals evicts the least recently used', () => {
    const rig = openMemory({ maxSize: 3, evictionPolicy: 'lfu' });
    use(rig, ['a', 'b', 'c', 'b', 'a']);
    rig.space.write('d', draft(1));
    rig.space.read('d', 0);
    rig.space.write('e', draft(1));
    expect(rig.log.filter((line) => line.startsWith('evict'))).toEqual(['evict ns/c size', 'evict ns/b size']);
  });

  it('after the hot set shifts, old favourites leave', () => {
    const rig = openMemory({ maxSize: 100, evictionPolicy: 'lfu' });
    const old = named('old', 100);
    for (let i = 0; i < 1_000; i += 1) use(rig, old);
    const young = named('young', 100);
    for (let i = 0; i < 100; i += 1) use(rig, young);
    expect(use(rig, young)).toBe(100);
  });

  it('a favourite that nobody uses any more leaves, however often it was used', () => {
    const rig = openMemory({ maxSize: 10, evictionPolicy: 'lfu' });
    for (let i = 0; i < 100_000; i += 1) use(rig, ['favourite']);
    use(rig, named('passing', 500));
    expect(rig.hit('favourite')).toBeUndefined();
  });

  it('a favourite that is still used stays, however many pass by', () => {
    const rig = openMemory({ maxSize: 10, evictionPolicy: 'lfu' });
    for (let i = 0; i < 20; i += 1) use(rig, ['favourite']);
    for (const passing of named('passing', 2_000)) use(rig, [passing, 'favourite']);
    expect(rig.log).not.toContain('evict ns/favourite size');
  });

  it('keeps a hot set through scans that empty an lru', () => {
    const hits = (evictionPolicy: 'lfu' | 'lru'): number => {
      const rig = openMemory({ maxSize: 100, evictionPolicy });
      const hot = named('hot', 60);
      for (let i = 0; i < 10; i += 1) use(rig, hot);
      let found = 0;
      for (let round = 0; round < 30; round += 1) {
        use(rig, named(`scan ${round}`, 200));
        found += use(rig, hot);
      }
      return found;
    };
    expect(hits('lru')).toBe(0);
    expect(hits('lfu')).toBe(60 * 30);
  });
});
