import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Codec, type CodecOptions, type ValueType } from '../../../lib/codec/codec.js';
import { encryptionKeys } from '../../../lib/codec/encryption-keys.js';
import { fixedKey, OPTIONS } from './codec-rig.js';
import { difference } from './same-graph.js';

/** Bytes in hexadecimal by name, written by a run with `GOLDEN=write`. */
const FILE = new URL('../../golden/codec-frame-1.json', import.meta.url);

const PLACE = { namespace: 'users', key: 'UsersService.findOne:1' };

class Point {
  constructor(readonly x: number) {}
}

const pointType: ValueType<Point> = {
  name: 'Point',
  match: (value) => value instanceof Point,
  encode: ({ x }) => x,
  decode: (x: number) => new Point(x),
};

const shared = { in: 'two places' };
const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;
const error = Object.assign(new TypeError('no', { cause: 'why' }), { stack: 'TypeError: no\n    at place', code: 7 });

const PLAIN = { id: 1, name: 'Grüße 😀', tags: ['a', null, true, -1.5e300], nested: { empty: {} } };
const RICH = {
  numbers: [undefined, NaN, Infinity, -Infinity, -0, -(2n ** 70n)],
  lists: [['$r', 0], ['$a'], Object.assign([], { length: 5, 3: 'x' })],
  records: [Object.assign(Object.create(null), { a: 1 }), JSON.parse('{"__proto__":{"a":1},"b":2}')],
  collections: [new Map<unknown, unknown>([[shared, new Set([1, shared])]])],
  times: [new Date(1_234_567_890_123), new Date(NaN)],
  texts: [/a\/b/giu, new URL('https://example.org/?a=b#c'), new URLSearchParams('a=1&a=2'), '\ud800'],
  boxed: [Object(1), Object('text'), Object(true), Object(5n)],
  binary: [
    Buffer.from('grüße'),
    Uint8Array.of(1, 2),
    Float64Array.of(1.5, -0),
    BigInt64Array.of(-5n),
    new DataView(Uint8Array.of(3).buffer),
    Uint16Array.of(1, 65_535).buffer,
  ],
  errors: [error],
  instances: [new Point(3)],
  shared: [shared, cyclic],
};
const LONG = { text: 'a long text, '.repeat(200) };

const CASES: [string, unknown, Partial<CodecOptions>][] = [
  ['plain', PLAIN, {}],
  ['plain text', 'Grüße', {}],
  ['half of a surrogate pair', '\ud800', {}],
  ['rich', RICH, {}],
  ['rich undefined', undefined, {}],
  ['compressed', LONG, { compression: { threshold: 100 } }],
  ['compressed rich', [RICH, LONG], { compression: { threshold: 100 } }],
  ['encrypted', PLAIN, { keys: encryptionKeys(fixedKey(42)) }],
  ['encrypted by a passphrase', 'text', { keys: encryptionKeys('correct horse battery staple') }],
  ['compressed and encrypted', RICH, { compression: { threshold: 100 }, keys: encryptionKeys(fixedKey(42)) }],
];

function codecOf(options: Partial<CodecOptions>): Codec {
  return new Codec({ ...OPTIONS, types: [pointType], ...options });
}

function written(): Record<string, string> {
  return Object.fromEntries(
    CASES.map(([name, value, options]) => [name, Buffer.from(codecOf(options).encode(value, PLACE)).toString('hex')]),
  );
}

if (process.env['GOLDEN'] === 'write') writeFileSync(FILE, `${JSON.stringify(written(), undefined, 2)}\n`);
const GOLDEN = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, string>;

describe('bytes of frame version 1', () => {
  it.each(CASES)('are still read: %s', (name, value, options) => {
    const bytes = Buffer.from(GOLDEN[name]!, 'hex');
    expect(bytes[0]).toBe(1);
    expect(difference(codecOf(options).decode(bytes, PLACE), value)).toBeUndefined();
  });

  it.each(CASES.filter(([, , { compression, keys }]) => compression === undefined && keys === undefined))(
    'are still what is written: %s',
    (name, value, options) => {
      expect(Buffer.from(codecOf(options).encode(value, PLACE)).toString('hex')).toBe(GOLDEN[name]);
    },
  );

  it('are all tested', () => {
    expect(Object.keys(GOLDEN).toSorted()).toEqual(CASES.map(([name]) => name).toSorted());
  });
});
