import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { Observable } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import type { ValueType } from '../../../lib/codec/codec.js';
import { CacheOptionsError, CacheSerializationError } from '../../../lib/errors/cache.errors.js';
import { makeCodec, outcome, PLACE, roundTrip } from './codec-rig.js';
import { difference } from './same-graph.js';

class User {
  constructor(
    readonly name: string,
    readonly born: Date = new Date(5),
  ) {}
}

class Money {
  readonly #cents: number;

  constructor(cents: number) {
    this.#cents = cents;
  }

  get cents(): number {
    return this.#cents;
  }

  toJSON(): unknown {
    return { money: this.#cents };
  }
}

const moneyType: ValueType<Money> = {
  name: 'Money',
  match: (value) => value instanceof Money,
  encode: (money) => ({ cents: BigInt(money.cents) }),
  decode: ({ cents }: { cents: bigint }) => new Money(Number(cents)),
};

describe('instances of classes', () => {
  it('become plain data of their own properties, and keep what those hold', () => {
    const value = roundTrip(makeCodec(), { user: new User('Ada') }) as { user: object };
    expect(value).toStrictEqual({ user: { name: 'Ada', born: new Date(5) } });
    expect(Object.getPrototypeOf(value.user)).toBe(Object.prototype);
  });

  it('become what their toJSON says, which is asked once', () => {
    const toJSON = vi.spyOn(Money.prototype, 'toJSON');
    const money = new Money(5);
    const value = roundTrip(makeCodec(), [money, { again: money }]) as [unknown, { again: unknown }];
    expect(value).toStrictEqual([{ money: 5 }, { again: { money: 5 } }]);
    expect(value[0]).toBe(value[1].again);
    expect(toJSON).toHaveBeenCalledTimes(1);
  });

  it('may say by toJSON a primitive, themselves, or something that holds them', () => {
    class Id {
      toJSON = (): unknown => 'id';
    }
    class Self {
      a = 1;
      toJSON(): unknown {
        return this;
      }
    }
    class Loop {
      toJSON(): unknown {
        return { loop: this };
      }
    }
    expect(roundTrip(makeCodec(), [new Id(), new Self()])).toStrictEqual(['id', { a: 1 }]);
    const value = roundTrip(makeCodec(), new Loop()) as { loop: unknown };
    expect(value.loop).toBe(value);
  });

  it('of the platform are what they say, if they say anything', () => {
    expect(roundTrip(makeCodec(), performance.mark('start'))).toMatchObject({ name: 'start', entryType: 'mark' });
  });

  it('keep their cycles', () => {
    const user = new User('Ada') as User & { self?: User };
    user.self = user;
    const value = roundTrip(makeCodec(), user) as { self: unknown };
    expect(value.self).toBe(value);
  });

  it('derived from classes of the language become those', () => {
    class Registry extends Map<string, number> {}
    class Moment extends Date {}
    class Blob2 extends Uint8Array {}
    class NotFound extends TypeError {
      override name = 'NotFound';
      readonly status = 404;
    }
    class Named extends Error {
      override get name(): string {
        return 'Named';
      }
    }
    const told: string[] = [];
    const codec = makeCodec({}, (name) => told.push(name));
    const value = roundTrip(codec, [
      new Registry([['a', 1]]),
      new Moment(5),
      new Blob2([1]),
      new NotFound('x'),
      new Named('y'),
    ]) as [unknown, unknown, unknown, Error, Error];
    expect(value.slice(0, 3)).toStrictEqual([new Map([['a', 1]]), new Date(5), new Uint8Array([1])]);
    expect(value[3]).toMatchObject({ name: 'NotFound', message: 'x', status: 404, constructor: TypeError });
    expect(value[4]).toMatchObject({ name: 'Named', message: 'y', constructor: Error });
    expect(told).toEqual(['Registry', 'Moment', 'Blob2', 'NotFound', 'Named']);
  });

  it('are told of once per class, and only instances', () => {
    const told: string[] = [];
    const codec = makeCodec({}, (name) => told.push(name));
    codec.encode([new User('a'), { deep: new User('b') }], PLACE);
    codec.encode([new User('c'), new Money(1)], PLACE);
    codec.encode(
      [{}, [], new Date(), new Map(), new Error('x'), Buffer.from(''), new URL('a:b'), /x/, Object(1)],
      PLACE,
    );
    expect(told).toEqual(['User', 'Money']);
  });

  it('of another realm are what they are here', () => {
    const told: string[] = [];
    const foreign = runInNewContext('({ a: [new Date(5), new Map([[1, {}]])], e: new TypeError("x") })') as {
      a: unknown;
      e: Error;
    };
    const value = roundTrip(
      makeCodec({}, (name) => told.push(name)),
      foreign,
    ) as { a: unknown; e: Error };
    expect(value.a).toStrictEqual([new Date(5), new Map([[1, {}]])]);
    expect(value.e).toBeInstanceOf(TypeError);
    expect(told).toEqual([]);
  });

  it('behind a proxy are read in the order that objects have', () => {
    const first = { in: 1 };
    const target = { b: first, 1: { c: first } };
    const proxy = new Proxy(target, { ownKeys: () => ['b', '1'] });
    expect(difference(roundTrip(makeCodec(), { proxy, date: new Date(5) }), { proxy: { ...target }, date: new Date(5) })).toBe(undefined); // prettier-ignore
  });

  it('are refused by strictTypes, naming the class; data and registered types are not', () => {
    const codec = makeCodec({ strictTypes: true, types: [moneyType] });
    expect(() => codec.encode({ user: new User('secret') }, PLACE)).toThrow(CacheSerializationError);
    expect(() => codec.encode({ user: new User('secret') }, PLACE)).toThrow('an instance of User');
    expect(roundTrip(codec, [new Date(5), new Money(7), Object.create(null)])).toHaveLength(3);
  });
});

describe('registered types', () => {
  const codec = makeCodec({ types: [moneyType] });

  it('come back as instances, shared where they were', () => {
    const money = new Money(7);
    const value = roundTrip(codec, { a: money, b: [money, new Money(8)] }) as { a: Money; b: [Money, Money] };
    expect(value.a).toBeInstanceOf(Money);
    expect(value.a.cents).toBe(7);
    expect(value.b[0]).toBe(value.a);
    expect(value.b[1].cents).toBe(8);
  });

  it('may hold each other', () => {
    class Pair {
      constructor(readonly parts: readonly unknown[]) {}
    }
    const pairType: ValueType<Pair> = {
      name: 'Pair',
      match: (value) => value instanceof Pair,
      encode: ({ parts }) => parts,
      decode: (parts: readonly unknown[]) => new Pair(parts),
    };
    const value = roundTrip(makeCodec({ types: [moneyType, pairType] }), new Pair([new Pair([new Money(1)]), 2n])) as {
      parts: [{ parts: [Money] }, bigint];
    };
    expect(value).toBeInstanceOf(Pair);
    expect(value.parts[0]).toBeInstanceOf(Pair);
    expect(value.parts[0].parts[0].cents).toBe(1);
  });

  it('cannot hold themselves', () => {
    const type: ValueType = {
      name: 'User',
      match: (value) => value instanceof User,
      encode: (user) => [user],
      decode: ([user]) => user,
    };
    expect(() => makeCodec({ types: [type] }).encode(new User('a'), PLACE)).toThrow(CacheSerializationError);
  });

  it('are asked neither for plain data nor for primitives', () => {
    const match = vi.fn(() => false);
    makeCodec({ types: [{ ...moneyType, match }] }).encode({ a: [1, 'b', 2n, undefined, {}] }, PLACE);
    expect(match).not.toHaveBeenCalled();
  });

  it('that are not registered where they are read are unreadable', () => {
    const bytes = codec.encode(new Money(1), PLACE);
    expect(outcome(() => makeCodec().decode(bytes, PLACE))).toBe('type');
    expect(outcome(() => makeCodec({ types: [{ ...moneyType, name: 'money' }] }).decode(bytes, PLACE))).toBe('type');
  });

  it('whose decode fails are unreadable, with the cause', () => {
    const cause = new Error('no such currency');
    const decode = (): never => {
      throw cause;
    };
    const reader = makeCodec({ types: [{ ...moneyType, decode }] });
    const bytes = codec.encode([new Money(1)], PLACE);
    expect(() => reader.decode(bytes, PLACE)).toThrow(expect.objectContaining({ reason: 'type', cause }));
  });

  it('need a name each', () => {
    expect(() => makeCodec({ types: [moneyType, { ...moneyType }] })).toThrow(CacheOptionsError);
  });
});

const REFUSED: [string, () => unknown][] = [
  ['a function', () => () => 1],
  ['a function', () => class {}],
  ['a function', () => new Proxy(() => 1, {})],
  ['a symbol', () => Symbol('secret')],
  ['a property named by a symbol', () => ({ [Symbol('secret')]: 1 })],
  ['a promise', () => Promise.resolve(1)],
  ['a promise', () => Object.create({ then: () => {} })], // oxlint-disable-line unicorn/no-thenable
  ['a stream', () => Readable.from(['secret'])],
  ['a stream', () => new ReadableStream()],
  ['a stream', () => new WritableStream()],
  ['a stream', () => new Observable()],
  ['a weak collection', () => new WeakMap()],
  ['a weak collection', () => new WeakSet()],
  ['an iterator', () => [1][Symbol.iterator]()],
  ['an iterator', () => new Map().entries()],
  ['an iterator', () => (function* () {})()],
  ['shared memory', () => new SharedArrayBuffer(4)],
  ['an instance of WeakRef', () => new WeakRef({})],
  ['an instance of Blob', () => new Blob(['secret'])],
  ['an instance of Response', () => new Response('secret')],
  ['an instance of Headers', () => new Headers({ a: 'secret' })],
  ['an instance of AbortController', () => new AbortController()],
  ['an instance of NumberFormat', () => new Intl.NumberFormat('en')],
  ['an instance of Symbol', () => Object(Symbol('secret'))],
  ['a very long array with holes', () => Object.assign([], { length: 2 ** 32 - 1 })],
];

describe('what cannot be kept', () => {
  const places: [string, (value: unknown) => unknown][] = [
    ['by itself', (value) => value],
    ['deep inside', (value) => ({ secret: [new Map([['secret', new Set([new User('secret', value as Date)])]])] })],
  ];

  it.each(places.flatMap(([where, put]) => REFUSED.map(([kind, make]) => [kind, where, put, make] as const)))(
    'is refused by its kind, and nothing else is said: %s, %s',
    (kind, _, put, make) => {
      const codec = makeCodec();
      expect(() => codec.encode(put(make()), PLACE)).toThrow(CacheSerializationError);
      expect(() => codec.encode(put(make()), PLACE)).toThrow(` ${kind}, which`);
      expect(() => codec.encode(put(make()), PLACE)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('secret') }),
      );
    },
  );

  it.each<[string, unknown]>([
    ['a getter', Object.defineProperty({}, 'a', { enumerable: true, get: thrower })],
    ['a getter of an instance', Object.defineProperty(new User('a'), 'a', { enumerable: true, get: thrower })],
    ['toJSON', Object.assign(new User('a'), { toJSON: thrower })],
    ['a proxy', new Proxy({}, { getPrototypeOf: thrower })],
  ])('is what cannot even be read: the error of %s is the cause', (_, value) => {
    const codec = makeCodec();
    expect(() => codec.encode([value], PLACE)).toThrow(CacheSerializationError);
    expect(() => codec.encode([value], PLACE)).toThrow(expect.objectContaining({ cause: FAILED }));
  });

  it('is an encode or a match that fails: its error is the cause', () => {
    for (const failing of [{ encode: thrower }, { match: thrower }]) {
      const codec = makeCodec({ types: [{ ...moneyType, ...failing }] });
      expect(() => codec.encode(new Money(1), PLACE)).toThrow(CacheSerializationError);
      expect(() => codec.encode(new Money(1), PLACE)).toThrow(expect.objectContaining({ cause: FAILED }));
    }
  });

  it('is an emitter with its listeners', () => {
    expect(() =>
      makeCodec().encode(
        new EventEmitter().on('a', () => {}),
        PLACE,
      ),
    ).toThrow('a function');
  });

  it.each([1_001, 100_000])('M13 is what is nested too deeply: %i objects', (depth) => {
    let arrays: unknown = 1;
    let maps: unknown = 1n;
    for (let i = 0; i < depth; i += 1) {
      arrays = [arrays];
      maps = new Map([[1, maps]]);
    }
    expect(() => makeCodec().encode(arrays, PLACE)).toThrow('nested too deeply');
    expect(() => makeCodec().encode(maps, PLACE)).toThrow('nested too deeply');
  });

  it('is what would be too large to be read', () => {
    const codec = makeCodec({ maxBytes: 1_000 });
    expect(roundTrip(codec, 'x'.repeat(1_000))).toHaveLength(1_000);
    expect(() => codec.encode('x'.repeat(1_001), PLACE)).toThrow(CacheSerializationError);
  });
});

const FAILED = new Error('failed');

function thrower(): never {
  throw FAILED;
}
