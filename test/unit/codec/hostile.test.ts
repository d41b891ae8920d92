import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encryptionKeys } from '../../../lib/codec/encryption-keys.js';
import { FORMATS } from '../../../lib/codec/payload.js';
import { Sealer } from '../../../lib/codec/sealer.js';
import { fixedKey, makeCodec, OPTIONS, outcome, PLACE, prototypeKeys } from './codec-rig.js';
import { richValue } from './rich-values.js';

const RUNS = { numRuns: 2_500 };
const keys = encryptionKeys(fixedKey(1));
const codec = makeCodec({
  types: [{ name: 'Kept', match: () => false, encode: (value) => value, decode: (data: { a: unknown }) => [data.a] }],
});

/** Reads a rich text; `data` are the bytes that follow it. */
function readRich(text: string, data = Buffer.alloc(0)): unknown {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(text));
  return codec.parse({ format: FORMATS.rich, bytes: Buffer.concat([length, Buffer.from(text), data]) });
}

/** Bytes that were changed in one of the ways in which bytes change. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7), other: fc.uint8Array() }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), bit: fc.nat(7), other: fc.uint8Array() }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.nat(),
    bit: fc.nat(7),
    other: fc.uint8Array({ minLength: 1 }),
  }),
  fc.record({
    kind: fc.constant('replace' as const),
    at: fc.nat(),
    bit: fc.nat(7),
    other: fc.uint8Array({ minLength: 1 }),
  }),
);

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(bytes: Uint8Array, { kind, at, bit, other }: Damage): Uint8Array {
  const place = at % Math.max(1, bytes.length);
  const result = Uint8Array.from(bytes);
  if (kind === 'flip') result[place]! ^= 1 << bit;
  if (kind === 'flip') return result;
  if (kind === 'cut') return result.subarray(0, place);
  const rest = result.subarray(kind === 'insert' ? place : place + other.length);
  return Buffer.concat([result.subarray(0, place), other, rest]);
}

/** JSON that is close to a rich text. */
const nearRich = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.constantFrom<unknown>(null, true, 0, 1, 2, 3, -1, 1e9, 'Error', 'Uint8Array', 'Buffer', 'Kept'),
      fc.string(),
    ),
    fc
      .tuple(
        fc.constantFrom(...'ruinahomsdxlqwebt$').map((letter) => `$${letter}`),
        fc.array(tie('any'), { maxLength: 4 }),
      )
      .map(([form, parts]) => [form].concat(parts as string[])),
    fc.array(tie('any'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.constantFrom('a', 'b', '1', 'constructor', 'toString', 'then', 'toJSON'), tie('any')), {
        maxLength: 3,
      })
      .map(Object.fromEntries),
  ),
})).any;

describe('bytes of others', () => {
  const before = prototypeKeys();

  /** Reads, and holds what is read to its promises. */
  function read(run: () => unknown): string {
    const result = outcome(run);
    expect(prototypeKeys()).toBe(before);
    expect(result).not.toMatch(/!$/);
    return result;
  }

  it('at random are unreadable, or a value', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom([], [1], [1, 1], [1, 2], [1, 0x11], [1, 3], [1, 0x12]),
        (rest, start) => {
          read(() => codec.decode(Uint8Array.from([...start, ...rest]), PLACE));
        },
      ),
      RUNS,
    );
  });

  it.each<[string, typeof codec]>([
    ['a frame', codec],
    ['a compressed frame', makeCodec({ compression: { threshold: 1 } })],
  ])('that were %s once are unreadable, or a value', (_, writer) => {
    fc.assert(
      fc.property(richValue, damage, (value, how) => {
        read(() => codec.decode(damaged(writer.encode(value, PLACE), how), PLACE));
      }),
      RUNS,
    );
  });

  it('that were a payload once are unreadable, or a value, also when compressed', () => {
    fc.assert(
      fc.property(richValue, damage, (value, how) => {
        const { format, bytes } = codec.serialise(value);
        const payload = damaged(bytes, how);
        const one = read(() => codec.parse({ format, bytes: payload }));
        if (payload.length > 0) expect(read(() => codec.decode(compressed(format, payload), PLACE))).toBe(one);
      }),
      RUNS,
    );
  });

  it('that were encrypted once are a matter of security', () => {
    const secret = makeCodec({ keys, compression: { threshold: 100 } });
    fc.assert(
      fc.property(richValue, damage, (value, how) => {
        const bytes = secret.encode(value, PLACE);
        const altered = damaged(bytes, how);
        fc.pre(Buffer.compare(bytes, altered) !== 0);
        expect(outcome(() => secret.decode(altered, PLACE))).toMatch(/!$/);
      }),
      RUNS,
    );
  });

  it('that were damaged before they were encrypted are unreadable, or a value, and no matter of security', () => {
    const sealer = new Sealer({ ...OPTIONS, keys });
    const secret = makeCodec({ keys });
    fc.assert(
      fc.property(richValue, damage, (value, how) => {
        const { format, bytes } = codec.serialise(value);
        read(() => secret.decode(sealer.seal({ format, bytes: damaged(bytes, how) }, PLACE), PLACE));
      }),
      RUNS,
    );
  });

  it('close to a rich text are unreadable, or a value', () => {
    let readable = 0;
    fc.assert(
      fc.property(nearRich, fc.uint8Array({ maxLength: 8 }), (text, data) => {
        if (read(() => readRich(JSON.stringify(text), Buffer.from(data))) === 'readable') readable += 1;
      }),
      { numRuns: 12_000 },
    );
    expect(readable).toBeGreaterThan(500);
  });
});

describe('hostile rich text', () => {
  it.each<[string, string]>([
    ['a form that is not known', '["$z",1]'],
    ['a property named like the prototype', '[1,{"__proto__":{"polluted":1}}]'],
    ['a reference to nothing', '["$s",["$r",5]]'],
    ['a reference to itself as a property of everything', '["$s",["$r","__proto__"]]'],
    ['a reference by the name of a method', '[["$r","push"]]'],
    ['a type that holds itself', '["$t","Kept",{"a":["$r",0]}]'],
    ['a type that is not registered', '["$t","Object",{}]'],
    ['a type named like a method', '["$t","constructor",{}]'],
    ['an error of no class', '["$e","Function",0]'],
    ['an error of a class that is a method', '["$e","__proto__",0]'],
    ['more hidden properties than there are', '["$e","Error",1e9]'],
    ['a record with keys that are none', '["$o",true,{"a":1},1]'],
    ['a very long array', '["$h",4294967295,0,1]'],
    ['very long arrays together', JSON.stringify(Array.from({ length: 11 }, () => ['$h', 100_000]))],
    ['an array of negative length', '["$h",-1]'],
    ['a place beyond the array', '["$h",2,5,1]'],
    ['a place that is a name', '["$h",2,"length",9]'],
    ['a place in an empty array', '["$h",0,0,1]'],
    ['a number that is none', '["$n","1e3"]'],
    ['digits that are none', '["$i","0x5"]'],
    ['digits that are not given', '["$i"]'],
    ['an address that is none', '["$l","not an address"]'],
    ['an expression that is none', '["$x","(","g"]'],
    ['an expression with flags that are none', '["$x","a","qq"]'],
    ['an expression nested too deeply', JSON.stringify(['$x', '('.repeat(100_000), ''])],
    ['a boxed object', '["$w",{}]'],
    ['boxes in boxes', '["$w",'.repeat(50_000) + '1' + ']'.repeat(50_000)],
    ['binary data that is not there', '["$b","Uint8Array",0,1]'],
    ['binary data of no kind', '["$b","Object",0,0]'],
    ['binary data of a negative length', '["$b","Buffer",0,-1]'],
  ])('is unreadable: %s', (_, text) => {
    expect(outcome(() => readRich(text))).not.toBe('readable');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('may carry a property named __proto__ only as one that changes no prototype', () => {
    const value = readRich('["$o",true,"__proto__",{"polluted":1}]') as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value['polluted']).toBeUndefined();
    expect({ ...value }['polluted']).toBeUndefined();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('hands out every byte of binary data once', () => {
    const data = Buffer.from('abcdefgh');
    expect(readRich('["$b","Buffer",0,8]', data)).toStrictEqual(data);
    expect(outcome(() => readRich('[["$b","Buffer",0,8],["$b","Buffer",0,8]]', data))).toBe('content');
    expect(outcome(() => readRich('["$b","Buffer",1,7]', data))).toBe('content');
    expect(outcome(() => readRich('["$b","Buffer",0,7]', data))).toBe('content');
    expect(outcome(() => readRich('["$b","Float64Array",0,7]', data))).toBe('content');
  });

  it.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
    ['maps', '["$m",1,', ']'],
    ['errors', '["$e","Error",0,"cause",', ']'],
    ['types', '["$t","Kept",', ']'],
    ['records', '["$o",false,"a",', ']'],
  ])('M13 is unreadable when it is nested too deeply: %s', (_, open, close) => {
    expect(outcome(() => readRich(open.repeat(1_000) + '{}' + close.repeat(1_000)))).toBe('readable');
    expect(outcome(() => readRich(open.repeat(1_001) + '{}' + close.repeat(1_001)))).toBe('depth');
    expect(outcome(() => readRich(open.repeat(100_000) + '{}' + close.repeat(100_000)))).toBe('depth');
  });

  it('is read in time, however many digits a number has', () => {
    const started = performance.now();
    expect(typeof readRich(JSON.stringify(['$i', 'f'.repeat(5_000_000)]))).toBe('bigint');
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('is unreadable when the text is longer than all there is', () => {
    for (const bytes of [[], [0, 0, 0], [0, 0, 0, 1], [255, 255, 255, 255, 0x31]]) {
      expect(outcome(() => codec.parse({ format: FORMATS.rich, bytes: Uint8Array.from(bytes) }))).toBe('content');
    }
  });
});

function compressed(format: number, payload: Uint8Array): Uint8Array {
  const head = Buffer.alloc(6);
  head.set([1, 0x10 | format]);
  head.writeUInt32BE(payload.length, 2);
  return Buffer.concat([head, deflateRawSync(payload)]);
}
