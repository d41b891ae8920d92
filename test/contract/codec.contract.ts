import { serialize } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../lib/codec/codec.js';
import { CacheSerializationError } from '../../lib/errors/cache.errors.js';
import { PLACE, roundTrip } from '../unit/codec/codec-rig.js';
import { plainValue, richValue } from '../unit/codec/rich-values.js';
import { difference } from '../unit/codec/same-graph.js';

const date = new Date(5);
const shared = { in: 'two places' };
const loop: Record<string, unknown> = { name: 'loop', map: new Map() };
loop['self'] = loop;
(loop['map'] as Map<unknown, unknown>).set(loop, [loop]);
const failure: Error = Object.assign(new RangeError('out of range', { cause: new Date(5) }), { code: 'E_RANGE' });
const selfCaused = new Error('first');
selfCaused.cause = selfCaused;

const VALUES: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['-0', -0],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['the empty text', ''],
  ['half of a surrogate pair', 'a\ud800b'],
  ['a text that looks like a form', '$u'],
  ['a list that looks like a form', ['$u']],
  ['a list that looks like an escaped list', ['$a', '$u', ['$r', 0]]],
  ['a bigint', -(2n ** 80n)],
  ['a date', new Date(1_234_567_890_123)],
  ['an invalid date', new Date(NaN)],
  ['a regular expression', /a\/b[\]/]/giu],
  ['an address', new URL('https://user:secret@example.org/path?query#hash')],
  ['a query', new URLSearchParams('a=1&a=2')],
  ['a map with objects for keys', new Map<unknown, unknown>([[shared, 1], [-0, shared], [NaN, new Map()]])], // prettier-ignore
  ['a set', new Set<unknown>([1, '1', undefined, new Set()])],
  ['a Buffer', Buffer.from('grüße')],
  ['a view of a part', new Uint16Array([1, 2, 3]).subarray(1)],
  ['a float array', new Float64Array([1.5, -0, NaN])],
  ['a bigint array', new BigInt64Array([-5n])],
  ['a buffer', new Uint8Array([1, 2, 3]).buffer],
  ['a data view', new DataView(new Uint8Array([1, 2, 3]).buffer, 1)],
  [
    'binary data under keys that are reordered',
    { b: new Uint8Array([1]), 1: new Uint8Array([2]), a: Buffer.from('3') },
  ],
  ['boxed primitives', [Object(1), Object('text'), Object(false), Object(-0), Object(5n)]],
  ['undefined in objects and arrays', { a: undefined, b: [undefined, null] }],
  ['holes', [, 1, , undefined, ,]], // oxlint-disable-line no-sparse-arrays
  ['an array of a few among many holes', Object.assign([], { length: 900_000, 899_998: 'last' })],
  ['an object without prototype', Object.assign(Object.create(null), { a: 1 })],
  ['a property named __proto__', JSON.parse('{"__proto__":{"polluted":1},"b":[{"__proto__":null}]}')],
  ['properties named like methods', { toString: 1, constructor: { prototype: 2 }, hasOwnProperty: null }],
  ['an object in two places', { first: shared, second: [shared] }],
  ['the same date twice', { first: date, second: date }],
  ['a cycle', loop],
  ['an error with its cause', failure],
  ['an error that is its own cause', selfCaused],
  ['an error of several', new AggregateError([new TypeError('a'), 'b'], 'all failed')],
  ['what looks like an envelope', { value: 1, expires: 0, format: 2, bytes: [] }],
  ['a long text', 'x'.repeat(1_000_000)],
  ['a thousand objects in each other', Array.from({ length: 999 }).reduce<unknown>((inner) => [inner], { d: -0 })],
];

/** What every codec has to keep, however it compresses or encrypts. */
export function describeCodec(name: string, make: () => Codec): void {
  describe(`codec, ${name}`, () => {
    it.each(VALUES)('keeps %s', (_, value) => {
      expect(difference(roundTrip(make(), value), value)).toBeUndefined();
    });

    it('keeps an error with its class, message, stack and cause', () => {
      const error = roundTrip(make(), failure) as Error & { code: string };
      expect(error).toBeInstanceOf(RangeError);
      expect(error).toStrictEqual(failure);
      expect(error.stack).toBe(failure.stack);
      expect(Object.keys(error)).toEqual(['code']);
    });

    it('keeps whatever can be kept, and gives the same when that is stored again', () => {
      fc.assert(
        fc.property(richValue, (value) => {
          const codec = make();
          const once = roundTrip(codec, value);
          expect(difference(once, value)).toBeUndefined();
          expect(difference(roundTrip(codec, once), value)).toBeUndefined();
        }),
        { numRuns: 1_000 },
      );
    });

    it('keeps what is plain', () => {
      fc.assert(
        fc.property(plainValue, (value) => {
          expect(difference(roundTrip(make(), value), value)).toBeUndefined();
        }),
      );
    });

    it('does not change what it is given', () => {
      fc.assert(
        fc.property(richValue, (value) => {
          const before = serialize(value);
          make().encode(value, PLACE);
          expect(serialize(value)).toEqual(before);
        }),
      );
    });

    it('gives data of its own, which changes neither with the bytes nor with what was given', () => {
      const value = { buffer: Buffer.from('abc'), array: new Uint8Array([1, 2, 3]), text: 'text' };
      const bytes = make().encode(value, PLACE);
      const decoded = make().decode(bytes, PLACE) as typeof value;
      bytes.fill(0);
      value.buffer.fill(0);
      value.array.fill(0);
      expect(decoded).toStrictEqual({ buffer: Buffer.from('abc'), array: new Uint8Array([1, 2, 3]), text: 'text' });
    });

    it('reads bytes that are a part of a larger buffer', () => {
      const value = { at: new Date(5), list: [1, 2, 3], data: new Float64Array([1, 2]) };
      const bytes = make().encode(value, PLACE);
      const larger = new Uint8Array(bytes.length + 20).fill(255);
      larger.set(bytes, 7);
      expect(make().decode(larger.subarray(7, 7 + bytes.length), PLACE)).toStrictEqual(value);
    });

    it.each([[{ plain: 'ä'.repeat(900) }], ['text \uFFFD'], [''], [new Map([['at', new Date(5)]])]])(
      'reads what begins later in its bytes: %j',
      (value) => {
        const bytes = make().encode(value, PLACE);
        const larger = Buffer.concat([Buffer.from([0xff, 1, 1, 0x22]), bytes]);
        expect(make().decode(larger, PLACE, 4)).toStrictEqual(value);
      },
    );

    it('refuses what cannot be kept', () => {
      expect(() => make().encode({ deep: [() => 1] }, PLACE)).toThrow(CacheSerializationError);
    });
  });
}
