import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isIntact, readHead, sumOf, writeHead, type Head } from '../../../lib/stores/file/record.js';

const number = fc.oneof(fc.double({ noNaN: true }), fc.constant(Infinity));
const head = (value: Uint8Array): fc.Arbitrary<Head> =>
  fc.record({
    version: fc.nat(),
    createdAt: number,
    expiresAt: number,
    grace: number,
    tags: fc.array(fc.record({ name: fc.string({ unit: 'binary' }), stamp: fc.nat(), soft: fc.nat() }), {
      maxLength: 4,
    }),
    valueBytes: fc.constant(value.length),
    valueSum: fc.constant(sumOf(value)),
  });
const written = fc.uint8Array({ maxLength: 100 }).chain((value) =>
  fc.record({
    value: fc.constant(value),
    head: head(value),
    place: fc.record({ space: fc.nat(), key: fc.string({ unit: 'binary' }) }),
  }),
);

it('a head is read as it was written, in its own place', () => {
  fc.assert(
    fc.property(written, ({ head, place, value }) => {
      const read = readHead(writeHead(head, place), place);
      expect(read).toEqual(head);
      expect(isIntact(read!, value)).toBe(true);
    }),
  );
});

it('a head is nobody else’s: not of another key, not of another namespace', () => {
  fc.assert(
    fc.property(
      written,
      fc.string({ minLength: 1 }),
      fc.integer({ min: 1, max: 1_000 }),
      ({ head, place }, more, by) => {
        const bytes = writeHead(head, place);
        expect(readHead(bytes, { ...place, key: place.key + more })).toBeUndefined();
        expect(readHead(bytes, { ...place, space: place.space + by })).toBeUndefined();
      },
    ),
  );
});

it('no flipped bit, truncation or addition goes unnoticed, in the head or the value', () => {
  fc.assert(
    fc.property(written, fc.nat(), fc.nat({ max: 7 }), ({ head, place, value }, where, bit) => {
      const bytes = writeHead(head, place);
      const flipped = bytes.slice();
      flipped[where % bytes.length]! ^= 1 << bit;
      expect(readHead(flipped, place)).toBeUndefined();
      expect(readHead(bytes.slice(0, where % bytes.length), place)).toBeUndefined();
      expect(readHead(Uint8Array.from([...bytes, bit]), place)).toBeUndefined();
      if (value.length === 0) return;
      const damaged = value.slice();
      damaged[where % value.length]! ^= 1 << bit;
      expect(isIntact(head, damaged)).toBe(false);
      expect(isIntact(head, value.slice(1))).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});
