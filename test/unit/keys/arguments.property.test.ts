import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { argumentKeys, argumentsDigest, canonicalArguments } from '../../../lib/operations/argument-key.js';

class Point {
  constructor(readonly x: unknown) {}
}
class Place {
  constructor(readonly x: unknown) {}
}

/** Whether two values are the same kind of thing through and through. It knows nothing of how keys are made. */
function equal(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (a instanceof RegExp && b instanceof RegExp) return String(a) === String(b);
  if (a instanceof Map && b instanceof Map) return equal([...a], [...b]);
  if (a instanceof Set && b instanceof Set) return equal([...a], [...b]);
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return bytes(a).equals(bytes(b));
  if (a instanceof Error && b instanceof Error && a.message !== b.message) return false;
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return false;
  const [own, others] = [Object.keys(a), Object.keys(b)];
  return own.length === others.length && own.every((key) => Object.hasOwn(b, key) && equal(at(a, key), at(b, key)));
}

function bytes(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

function at(value: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

const MARKS = [
  's',
  'sw',
  'n',
  'i',
  'a',
  'o',
  'c',
  'j',
  'k',
  'M',
  'S',
  'd',
  'r',
  'b',
  'y',
  'T',
  'F',
  'N',
  'U',
  'H',
  '^',
  '(',
  ':',
  ';',
  ',',
  '0',
  '1',
  '2',
  '00d8',
  '\0',
];
/** Texts that look like the parts of a key. */
const hostile = fc.array(fc.constantFrom(...MARKS), { maxLength: 6 }).map((parts) => parts.join(''));
const surrogates = fc.constantFrom(
  '\ud800',
  '\udc00',
  '\ud800\udc00',
  '\udc00\ud800',
  '\ufffd',
  'a\ud800',
  '\ud800a',
  'w1:00d8',
);
const NUMBERS = [0, -0, 1, -1, 0.1, NaN, Infinity, -Infinity, 2 ** 53, 1e21];
const leaf: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<unknown>(undefined, null, true, false, ...NUMBERS, 0n, 1n, -1n) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('', '0', '1', '-0', 'NaN', 'null', 'undefined', 'true', 'a', 'a:b', 'é', '💩'),
  },
  { weight: 2, arbitrary: hostile },
  surrogates,
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('a', 'b', 'a1:').map((name) => Symbol.for(name)),
  fc.constantFrom(0, 1, NaN).map((at) => new Date(at)),
  fc.constantFrom(/a/, /a/g, /b/, /(?:)/, /1:a/),
  fc.constantFrom(
    Buffer.from('a'),
    Uint8Array.of(97),
    Uint8Array.of(),
    Uint16Array.of(97),
    Int8Array.of(97),
    Float64Array.of(-0),
    Float64Array.of(0),
  ),
);

const HOLE = Symbol('hole');
/** An array in which `HOLE` stands for an index that is not there. */
function sparse(values: readonly unknown[]): unknown[] {
  const made: unknown[] = [];
  made.length = values.length;
  for (const [index, value] of values.entries()) if (value !== HOLE) made[index] = value;
  return made;
}
const object = (entries: readonly (readonly [string, unknown])[]): object => Object.fromEntries(entries);
const KEYS = fc.constantFrom('a', 'b', '', '1', '__proto__', 'constructor', 'toJSON', 'length', 'k1:a', 'é');

type Pair = [unknown, unknown];
/** What is easily taken for each other. */
const NEAR: Pair[] = [
  [0, -0], [1, '1'], [1, 1n], [NaN, 'NaN'], [null, undefined], [null, 'null'], ['', undefined], [true, 'true'], [[], {}], [[1, 2], '1,2'],
  [new Date(0), 0], [new Date(0), new Date(0).toJSON()], [new Map(), {}], [new Set(), []], [Symbol.for('a'), 'a'], [/a/, '/a/'],
  [Buffer.from('a'), Uint8Array.of(97)], [Float64Array.of(0), Float64Array.of(-0)], [['a', 'b'], ['a:b']], [['a'], 'a'],
]; // prettier-ignore
/** Two values of one shape that differ here and there, or nowhere. */
const { pair } = fc.letrec<{ pair: Pair; item: Pair; holey: Pair }>((tie) => ({
  pair: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 2, arbitrary: leaf.map((same): Pair => [same, same]) },
    { weight: 2, arbitrary: fc.constantFrom(...NEAR) },
    { weight: 2, arbitrary: fc.tuple(leaf, leaf) },
    fc.array(tie('holey'), { maxLength: 3 }).map((items) => both(items, sparse)),
    fc.array(fc.tuple(KEYS, tie('pair')), { maxLength: 3 }).map((items) => keyed(items, object)),
    fc
      .array(fc.tuple(KEYS, tie('pair')), { maxLength: 2 })
      .map((items) => keyed(items, (entries) => new Map<unknown, unknown>(entries))),
    fc
      .array(tie('pair'), { maxLength: 2 })
      .map((items) => both(items, (values) => new Map(values.map((value) => [value, 1])))),
    fc.array(tie('pair'), { maxLength: 2 }).map((items) => both(items, (values) => new Set(values))),
    tie('pair').map(([a, b]): Pair => [new Point(a), new Point(b)]),
    tie('pair').map(([a, b]): Pair => [new Point(a), new Place(b)]),
    tie('pair').map(([a, b]): Pair => [new Point(a), { x: b }]),
    tie('pair').map(([a, b]): Pair => [a, [b]]),
    tie('pair').map(([a, b]): Pair => [[[1, a]], new Map([[1, b]])]),
    fc.tuple(hostile, hostile).map(([a, b]): Pair => [new Error(a), new Error(b)]),
    fc.tuple(tie('pair'), tie('pair')).map(([[a], [b]]): Pair => [a, b]),
  ),
  item: tie('pair') as fc.Arbitrary<Pair>,
  holey: fc.oneof(
    { weight: 6, arbitrary: tie('pair') },
    fc.constantFrom<Pair>([HOLE, undefined], [HOLE, HOLE], [null, HOLE]),
  ),
}));

function both(items: readonly Pair[], make: (values: unknown[]) => unknown): Pair {
  return [make(items.map(([a]) => a)), make(items.map(([, b]) => b))];
}
function keyed(items: readonly (readonly [string, Pair])[], make: (entries: [string, unknown][]) => unknown): Pair {
  return [make(items.map(([key, [a]]) => [key, a])), make(items.map(([key, [, b]]) => [key, b]))];
}

describe('canonical arguments', () => {
  it('are the same exactly where the arguments are', () => {
    let [same, different] = [0, 0];
    const calls = fc
      .array(pair, { maxLength: 3 })
      .map((items) => [items.map(([a]) => a), items.map(([, b]) => b)] as const);
    fc.assert(
      fc.property(calls, ([a, b]) => {
        const expected = equal(a, b);
        if (expected) same += 1;
        else different += 1;
        expect(canonicalArguments(a) === canonicalArguments(b)).toBe(expected);
      }),
      { numRuns: 20_000 },
    );
    // Of either kind enough to mean something.
    expect(Math.min(same, different)).toBeGreaterThan(2_000);
  });

  it('are the same for a deep copy with its object keys in another order', () => {
    fc.assert(
      fc.property(pair, fc.integer(), ([value], seed) => {
        expect(canonicalArguments([shuffledCopy(value, seed)])).toBe(canonicalArguments([value]));
      }),
      { numRuns: 5_000 },
    );
  });

  it('do not depend on how many arguments precede, follow or enclose', () => {
    fc.assert(
      fc.property(fc.array(leaf, { maxLength: 4 }), fc.nat(4), (args, cut) => {
        const ways = [
          args,
          [args],
          [args.slice(0, cut), args.slice(cut)],
          [...args, undefined],
          [...args, null],
          ['', ...args],
          [new Set(args)],
          [{ ...args }],
        ];
        const texts = ways.map(canonicalArguments);
        for (const [i, text] of texts.entries()) {
          for (const [j, other] of texts.entries()) expect(text === other).toBe(equal(ways[i], ways[j]));
        }
      }),
    );
  });

  it('a text that is the key of something else, or part of one, is a text', () => {
    fc.assert(
      fc.property(pair, fc.nat(50), fc.nat(50), ([value], from, length) => {
        const text = canonicalArguments([value]);
        for (const forged of [text, text.slice(1), text.slice(from, from + length)]) {
          expect(canonicalArguments([forged]) === text).toBe(Object.is(value, forged));
          expect(canonicalArguments([{ [forged]: 1 }]) === canonicalArguments([{ a: 1 }])).toBe(forged === 'a');
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('what stands between two texts in a key, within a text, is a part of that text', () => {
    const wraps: ((first: string, second: string) => unknown[])[] = [
      (first, second) => [first, second],
      (first, second) => [[first, second]],
      (first, second) => [{ a: first, b: second }],
      (first, second) => [new Map([[first, second]])],
      (first, second) => [new Set([first, second])],
      (first, second) => [new Error(first), second],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...wraps), fc.array(hostile, { minLength: 3, maxLength: 3 }), (wrap, [a, b, c]) => {
        const [from, to] = ['<'.repeat(a!.length + 1), '>'.repeat(c!.length + 1)];
        const text = canonicalArguments(wrap(from, to));
        const between = text.slice(text.lastIndexOf(from) + from.length, text.indexOf(to));
        const [early, late] = [wrap(a!, b! + between + c!), wrap(a! + between + b!, c!)];
        expect(canonicalArguments(early)).not.toBe(canonicalArguments(late));
      }),
      { numRuns: 2_000 },
    );
  });

  it('have a UTF-8 form of their own: lone surrogates do not meet', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(surrogates, { maxLength: 4 }), (text, halves) => {
        const value = [text, halves.join(''), halves.join('x')];
        expect(canonicalArguments(value).isWellFormed()).toBe(true);
      }),
    );
    const halves = Array.from({ length: 2_048 }, (_, i) => argumentsDigest([String.fromCharCode(0xd800 + i)]));
    expect(new Set([...halves, argumentsDigest(['\ufffd'])]).size).toBe(2_049);
  });
});

/** A copy that shares nothing with the original; `seed` says how object keys are turned round. */
function shuffledCopy(value: unknown, seed: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const copy = (inner: unknown): unknown => shuffledCopy(inner, seed);
  if (value instanceof Date) return new Date(value);
  if (value instanceof RegExp) return new RegExp(value.source, value.flags);
  if (value instanceof Error) return new Error(value.message);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [copy(key), copy(item)]));
  if (value instanceof Set) return new Set([...value].map(copy));
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (ArrayBuffer.isView(value)) return structuredClone(value);
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Point) return new Point(copy(value.x));
  if (value instanceof Place) return new Place(copy(value.x));
  const entries = Object.entries(value).map(([key, item]) => [key, copy(item)] as [string, unknown]);
  const turn = entries.length === 0 ? 0 : Math.abs(seed) % entries.length;
  return object([...entries.slice(turn), ...entries.slice(0, turn)].toReversed());
}

describe('keys made of arguments', () => {
  it('are a prefix and the SHA-256 of the canonical arguments, remembered or not', () => {
    const keyOf = argumentKeys('Users.find:');
    fc.assert(
      fc.property(pair, ([value]) => {
        const expected = createHash('sha256')
          .update(canonicalArguments([value]))
          .digest('hex');
        const key = `Users.find:${expected}`;
        expect([argumentsDigest([value]), keyOf([value]), keyOf([value])]).toEqual([expected, key, key]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('of 500,000 different calls no two are the same', { timeout: 30_000 }, () => {
    const keyOf = argumentKeys('');
    const keys = new Set<string>();
    for (let i = 0; i < 100_000; i += 1) {
      for (const args of [[i], [String(i)], [{ id: i }], [i, 'x'], [[i], i]]) keys.add(keyOf(args));
    }
    expect(keys.size).toBe(500_000);
  });
});
