import { describe, expect, it } from 'vitest';
import { heapInUse } from './collect.js';
import { draft, openMemory } from './memory-rig.js';

type Rig = ReturnType<typeof openMemory>;

const why = ({ space, clock }: Rig, key = 'k'): string => {
  const absence = space.absence(key, clock.now());
  return 'tag' in absence ? `${absence.reason} ${absence.tag}` : absence.reason;
};

const LEAVINGS: [string, string, (rig: Rig) => void][] = [
  ['its ttl', 'expired', ({ clock }) => clock.advance(1_000)],
  ['a remove', 'removed', ({ space }) => void space.remove('k')],
  ['a take', 'removed', ({ space }) => void space.take('k')],
  ['a write with a ttl of 0', 'removed', ({ space }) => space.write('k', draft(1, { ttl: 0 }))],
  ['a touch with 0', 'removed', ({ space }) => void space.touch('k', 0)],
  ['an eviction', 'evicted', ({ space }) => fill(space, 'new', 10)],
  ['a value too heavy to be kept', 'evicted', ({ space }) => space.write('k', draft(1_000))],
  ['an invalidation', 'invalidated t', ({ store }) => store.invalidateTags(['else', 't'])],
  ['a clear', 'cleared', ({ space }) => space.clear()],
];

function fill(space: Rig['space'], prefix: string, count: number): void {
  for (let i = 0; i < count; i += 1) space.write(`${prefix} ${i}`, draft(1));
}

const open = (): Rig => openMemory({ maxSize: 10, maxBytes: 100, sizeOf: (value) => value as number });
const stored = (rig: Rig): void => rig.space.write('k', draft(1, { ttl: 1_000, tags: ['u', 't'] }));

describe('why an entry left', () => {
  it.each(LEAVINGS)(
    'is told after %s: %s, also when it was swept, and until it is stored again',
    async (_, is, leave) => {
      const rig = open();
      expect(why(rig)).toBe('absent');
      stored(rig);
      leave(rig);
      expect(why(rig)).toBe(is);
      rig.clock.advance(60_000);
      await rig.store.measure();
      expect(why(rig)).toBe(is);
      expect(rig.hit('k')).toBeUndefined();
      expect(why(rig)).toBe(is);
      stored(rig);
      expect(why(rig)).toBe('absent');
    },
  );

  it.each(LEAVINGS.flatMap((first) => LEAVINGS.map((second) => [first[0], second[0], first, second] as const)))(
    'is the newest reason: after %s, and then %s',
    async (_, __, first, second) => {
      for (const swept of [false, true]) {
        const rig = open();
        for (const [, is, leave] of [first, second]) {
          stored(rig);
          leave(rig);
          if (swept) await rig.store.measure();
          expect(why(rig)).toBe(is);
        }
        await rig.store.measure();
        expect(why(rig)).toBe(second[1]);
      }
    },
  );

  it('is told of the last thousand, whatever the namespace, and of those before nothing', () => {
    const rig = openMemory();
    const other = rig.store.space('other');
    for (let i = 0; i < 1_500; i += 1) {
      const space = i % 2 === 0 ? rig.space : other;
      space.write(`k${i}`, draft(i));
      space.remove(`k${i}`);
    }
    for (let i = 0; i < 1_500; i += 1) {
      const [its, not] = i % 2 === 0 ? [rig.space, other] : [other, rig.space];
      expect(its.absence(`k${i}`, 0).reason).toBe(i < 500 ? 'absent' : 'removed');
      expect(not.absence(`k${i}`, 0).reason).toBe('absent');
    }
  });

  it('is remembered of a key that leaves over and over, and of the others no shorter for it', () => {
    const rig = openMemory();
    rig.space.write('first', draft(1));
    rig.space.remove('first');
    for (let i = 0; i < 998; i += 1) {
      rig.space.write('k', draft(i));
      rig.space.remove('k');
    }
    expect([why(rig, 'first'), why(rig)]).toEqual(['removed', 'removed']);
    rig.space.write('last', draft(1));
    rig.store.invalidateTags(['none']);
    rig.space.remove('last');
    rig.space.remove('never there');
    expect([why(rig, 'first'), why(rig, 'last'), why(rig, 'never there')]).toEqual(['removed', 'removed', 'absent']);
  });

  it('costs no memory that grows with the keys there were', async () => {
    const rig = openMemory();
    const leave = (i: number): void => {
      const space = rig.store.space(`${i % 10}`);
      space.write(`${'k'.repeat(500)} ${i}`, draft(i));
      space.remove(`${'k'.repeat(500)} ${i}`);
      rig.log.length = 0;
    };
    for (let i = 0; i < 3_000; i += 1) leave(i);
    const before = await heapInUse();
    for (let i = 3_000; i < 20_000; i += 1) leave(i);
    expect((await heapInUse()) - before).toBeLessThan(1_048_576);
  });
});
