import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { headTextOf, readRecord, writeRecord, type Head } from '../../../lib/stores/foreign/record.js';

const instant = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());
const span = fc.oneof(fc.constant(Infinity), fc.nat());
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('__proto__'));
const head: fc.Arbitrary<Head> = fc.record({
  createdAt: instant.map((at) => at + 0),
  expiresAt: span,
  grace: span,
  space: text,
  slot: fc.constantFrom(0 as const, 1 as const),
  key: text,
  tags: fc.array(fc.tuple(text, text), { maxLength: 4 }),
});
const frame = fc.uint8Array({ maxLength: 60 });

it('what is written is read again, from a text of plain characters', () => {
  fc.assert(
    fc.property(head, frame, text, (written, bytes, name) => {
      const stored = writeRecord(headTextOf(written), bytes, name);
      expect(stored).toMatch(/^blossom-1:[A-Za-z0-9+/=]+$/);
      const read = readRecord(stored, name, 1_000);
      expect(read?.head).toEqual(written);
      expect(Buffer.from(read!.frame)).toEqual(Buffer.from(bytes));
    }),
  );
});

it('what was altered anywhere, or stored under another name, is not', () => {
  fc.assert(
    fc.property(head, frame, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, bytes, place, by) => {
      const stored = writeRecord(headTextOf(written), bytes, 'name');
      expect(readRecord(stored, 'names', 1_000)).toBeUndefined();
      const raw = Buffer.from(stored.slice('blossom-1:'.length), 'base64');
      raw[place % raw.length]! ^= by;
      expect(readRecord(`blossom-1:${raw.toString('base64')}`, 'name', 1_000)).toBeUndefined();
      // The padding at the end of base64 says nothing.
      const end = stored.replace(/=+$/, '').length;
      expect(readRecord(stored.slice(0, place % end), 'name', 1_000)).toBeUndefined();
    }),
  );
});

it.each([
  ['no text', 7],
  ['an object', { value: 1 }],
  ['an empty text', ''],
  ['the mark alone', 'blossom-1:'],
  ['something else', '{"value":1}'],
])('%s is none', (_, stored) => {
  expect(readRecord(stored, 'name', 1_000)).toBeUndefined();
});

it.each([
  ['no list', '{}'],
  ['too short a list', '[1,2,3]'],
  ['a text for an instant', '["1",null,0,"s",0,"k",[]]'],
  ['a third slot', '[1,null,0,"s",2,"k",[]]'],
  ['tags that are no pairs', '[1,null,0,"s",0,"k",["t"]]'],
  ['tags of the wrong type', '[1,null,0,"s",0,"k",[[1,"x"]]]'],
  ['no JSON', '[1,'],
])('a head that is %s is none, though its checksum is right', (_, headText) => {
  expect(readRecord(writeRecord(headText, new Uint8Array(3), 'name'), 'name', 1_000)).toBeUndefined();
  const good = '[1,null,0,"s",0,"k",[["t","x"]]]';
  expect(readRecord(writeRecord(good, new Uint8Array(3), 'name'), 'name', 1_000)).toBeDefined();
});

it('a text that is longer than any entry may be is none', () => {
  const stored = writeRecord('[1,null,0,"s",0,"k",[]]', new Uint8Array(20_000_000), 'name');
  expect(readRecord(stored, 'name', 1_000)).toBeUndefined();
  expect(readRecord(stored, 'name', 20_000_000)).toBeDefined();
});
