import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CacheKeyError } from '../../../lib/errors/cache.errors.js';
import { argumentsDigest } from '../../../lib/operations/argument-key.js';
import { key } from '../../../lib/operations/key-template.js';

const PUNCTUATION = [
  ':',
  '/',
  '-',
  '.',
  '%',
  '%,',
  ',',
  ' ',
  '_',
  '~',
  '!',
  "'",
  '(',
  '*',
  '%2',
  '%3A',
  '%25',
  '25',
  '3A',
  'é',
];
/** Texts that try to be a part of the template, or of an escaped value. */
const hostile = fc.array(
  fc.oneof(
    fc.constantFrom(...PUNCTUATION, 'a', '1', '', 'null', 'undefined'),
    fc.string({ unit: 'grapheme', maxLength: 2 }),
  ),
  { maxLength: 5 },
);
const text = hostile.map((parts) => parts.join('')).filter((value) => value.isWellFormed());
const other: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    undefined,
    {},
    [],
    { a: 1 },
    ['a'],
    new Date(0),
    Symbol.for('a'),
    new Map(),
    new Set(),
  ),
  fc.array(text, { maxLength: 2 }),
);
const value = fc.oneof({ weight: 3, arbitrary: text }, other);

/** As the compiler calls a tag. */
function fill(parts: readonly string[], values: readonly unknown[]): string {
  return key(Object.assign([...parts], { raw: parts }) as unknown as TemplateStringsArray, ...values);
}

/** What tells two values apart: a text is itself, what is no text is what its digest says. */
function identity(given: unknown): unknown {
  return typeof given === 'string' ? `text ${given}` : argumentsDigest([given]);
}

const part = fc.oneof(
  fc.constantFrom(...PUNCTUATION),
  fc.constantFrom('', 'a', '1', 'v1:user:', 'x-y', '2', ':2', 'null'),
);
const call = (count: number): fc.Arbitrary<{ parts: string[]; a: unknown[]; b: unknown[] }> => {
  const values = fc.array(value, { minLength: count, maxLength: count });
  return fc.record({ parts: fc.array(part, { minLength: count + 1, maxLength: count + 1 }), a: values, b: values });
};

describe('key`…`', () => {
  it.each([1, 2, 3])('with %i places: other values never make the same key, equal ones always do', (count) => {
    fc.assert(
      fc.property(call(count), ({ parts, a, b }) => {
        const same = a.every((one, index) => identity(one) === identity(b[index]));
        expect(fill(parts, a) === fill(parts, b)).toBe(same);
        expect(fill(parts, a)).toBe(fill(parts, [...a]));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(['', '%', '%%', '%a', '%2', '%25', '25', '1', 'x', ':', '-', '%,', ',', ' ', 'x:', ':x'])(
    'with "%s" between two places no part of one value passes for the separator',
    (separator) => {
      const tokens = ['x', '%', '25', separator || ','];
      const values = [''];
      for (const shorter of values) if (values.length < 600) values.push(...tokens.map((token) => shorter + token));
      const texts = [...new Set(values)].slice(0, 250);
      const keys = texts.flatMap((first) => texts.map((second) => fill(['', separator, ''], [first, second])));
      expect(new Set(keys).size).toBe(keys.length);
    },
  );

  it('a text cannot forge the key of an object', () => {
    for (let i = 0; i < 3_000; i += 1) {
      const object = { i };
      const digest = argumentsDigest([object]);
      // An escape of two digits makes the text that is escaped to it look like a digest.
      const code = Number.parseInt(digest.slice(0, 2), 16);
      const forged = String.fromCharCode(code) + digest.slice(2);
      expect(key`user:${forged}`).not.toBe(key`user:${object}`);
    }
  });

  it('no value reaches the key of a template that has other punctuation behind the same start', () => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        const keys = [
          key`user:${a}`,
          key`user:${b}:posts`,
          key`user:${b}/${c}`,
          key`user:${b}-${c}-x`,
          key`user:${b}${c}`,
        ];
        expect(new Set(keys).size).toBe(keys.length);
        for (const made of keys) expect(made.startsWith('user:')).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('what is put in adds none of the punctuation that templates are written with', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(key`${given}`).toMatch(/^[A-Za-z0-9%]*$/);
      }),
    );
  });

  it('numbers, truth values and BigInts are written as their texts are', () => {
    expect(key`v1:user:${42}`).toBe('v1:user:42');
    expect(key`v1:user:${'42'}`).toBe('v1:user:42');
    expect([key`${true}`, key`${10n}`, key`${NaN}`]).toEqual(['true', '10', 'NaN']);
    fc.assert(fc.property(fc.oneof(fc.double(), fc.bigInt(), fc.boolean()), (given) => {
      const written = Object.is(given, -0) ? '-0' : String(given);
      expect(key`n:${given}`).toBe(key`n:${written}`);
    })); // prettier-ignore
    expect(key`${0}`).not.toBe(key`${-0}`);
  });

  it('null and undefined are neither their texts nor the empty one', () => {
    const values = [null, undefined, 'null', 'undefined', '', '%null', '%undefined'];
    expect(new Set(values.map((given) => key`k:${given}`)).size).toBe(values.length);
  });

  it('refuses what cannot be part of a key', () => {
    for (const bad of ['\ud800', 'a\udc00', () => 1, Symbol('s'), Promise.resolve()]) {
      expect(() => key`k:${bad}`).toThrow(CacheKeyError);
    }
  });

  it('without places it is the text', () => {
    expect([key``, key`users`, key`a%b`]).toEqual(['', 'users', 'a%b']);
  });
});
