import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORMATS } from '../../../lib/codec/payload.js';
import { isPlain } from '../../../lib/codec/plain-json.js';
import { failure, makeCodec, outcome, prototypeKeys } from './codec-rig.js';
import { plainValue, richValue } from './rich-values.js';
import { difference } from './same-graph.js';

const codec = makeCodec();
const shared = {};

function textOf(value: unknown): string | undefined {
  const { format, bytes } = codec.serialise(value);
  return format === FORMATS.json ? Buffer.from(bytes).toString() : undefined;
}

function parse(text: string): unknown {
  return codec.parse({ format: FORMATS.json, bytes: Buffer.from(text) });
}

const NOT_PLAIN: [string, unknown][] = [
  ['undefined', undefined],
  ['-0', [-0]],
  ['NaN', { a: NaN }],
  ['Infinity', -Infinity],
  ['a bigint', 1n],
  ['a date', { at: new Date(5) }],
  ['a hole', [, 1]], // oxlint-disable-line no-sparse-arrays
  ['a property that is undefined', { a: undefined }],
  ['no prototype', Object.create(null)],
  ['an own __proto__', JSON.parse('{"__proto__":1}')],
  ['one object in two places', [shared, shared]],
  ['a boxed text', Object('text')],
  ['bytes', Buffer.from('text')],
];

describe('a text by itself', () => {
  it.each(['', 'Grüße 😀', '"$u"', '{}'])('is stored as it is: %j', (text) => {
    const { format, bytes } = codec.serialise(text);
    expect(format).toBe(FORMATS.text);
    expect(Buffer.from(bytes).toString()).toBe(text);
    expect(codec.parse({ format, bytes })).toBe(text);
  });

  it('is unreadable when it is not UTF-8', () => {
    expect(outcome(() => codec.parse({ format: FORMATS.text, bytes: Uint8Array.of(0xed, 0xa0, 0x80) }))).toBe(
      'content',
    );
  });
});

describe('plain JSON', () => {
  it.each([
    [
      { id: 1, name: 'Grüße', tags: ['a', null, true, 1.5, {}] },
      '{"id":1,"name":"Grüße","tags":["a",null,true,1.5,{}]}',
    ],
    [null, 'null'],
    [[], '[]'],
    ['\ud800', String.raw`"\ud800"`],
  ])('is what is written for %j', (value, text) => {
    expect(textOf(value)).toBe(text);
  });

  it.each(NOT_PLAIN)('is not what is written for %s', (_, value) => {
    expect(isPlain(value)).toBe(false);
    expect(textOf(value)).toBeUndefined();
  });

  it('is taken for no value that it would not give back', () => {
    fc.assert(
      fc.property(fc.oneof(richValue, plainValue), (value) => {
        if (isPlain(value)) expect(difference(JSON.parse(JSON.stringify(value)), value)).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  it('is written where it can hold what instances become', () => {
    class Point {
      readonly x = 1;
      readonly next = [new Date(5)].map(() => ({ toJSON: undefined, y: 2 })).map(({ y }) => ({ y }));
    }
    expect(textOf({ at: new Point() })).toBe('{"at":{"x":1,"next":[{"y":2}]}}');
  });

  it('takes as long for objects in many places as for objects in one', () => {
    let diamond: unknown = {};
    for (let i = 0; i < 60; i += 1) diamond = { left: diamond, right: diamond };
    expect(difference(codec.parse(codec.serialise(diamond)), diamond)).toBeUndefined();
  });

  it('refuses to write while every object has been taught another JSON', () => {
    const lists: object = Array.prototype;
    Object.defineProperty(lists, 'toJSON', { value: () => 'bent', configurable: true });
    try {
      expect(() => codec.serialise([1])).toThrow('toJSON');
      expect(() => codec.serialise([1n])).toThrow('toJSON');
    } finally {
      Reflect.deleteProperty(lists, 'toJSON');
    }
  });

  it('reads whatever JSON another program writes', () => {
    expect(parse(' { "a" : [ 1e3 , "\\u00e9" ] } ')).toStrictEqual({ a: [1000, 'é'] });
  });

  it.each([
    '{"__proto__":{"polluted":1}}',
    String.raw`{"a":[{"\u005f_proto__":{"polluted":1}}]}`,
    `[${' '.repeat(5_000)}{"__proto__":null}]`,
  ])('M1 is unreadable with a property that is named like the prototype: %s', (text) => {
    const before = prototypeKeys();
    expect(outcome(() => parse(text))).toBe('content');
    expect(prototypeKeys()).toBe(before);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it.each([
    ['arrays', (depth: number) => '['.repeat(depth) + ']'.repeat(depth)],
    ['objects', (depth: number) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)],
  ])('M13 is unreadable when it is nested too deeply: %s', (_, nested) => {
    expect(outcome(() => parse(nested(1_000)))).toBe('readable');
    expect(outcome(() => parse(nested(1_001)))).toBe('depth');
    expect(outcome(() => parse(nested(100_000)))).toBe('depth');
    expect(outcome(() => parse(nested(100_000).slice(1)))).toBe('content');
  });

  it.each(['', '{', '[1,]', 'undefined', '"', '\ufeff{}', '1 2'])('is unreadable when it is none: %j', (text) => {
    expect(outcome(() => parse(text))).toBe('content');
  });

  it('is unreadable when it is not UTF-8, and says nothing of what it holds', () => {
    const secret = Buffer.from('{"secret": "\xff"}', 'latin1');
    expect(outcome(() => codec.parse({ format: FORMATS.json, bytes: secret }))).toBe('content');
    const error = failure(() => parse('{"secret": text}'));
    expect(error.message).not.toContain('secret');
    expect(error.cause).toBeUndefined();
  });
});
