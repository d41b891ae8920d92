import { createSecretKey } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { PassThrough, Readable, Writable } from 'node:stream';
import { createContext, runInContext } from 'node:vm';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { CacheKeyError } from '../../../lib/errors/cache.errors.js';
import { argumentsDigest, canonicalArguments } from '../../../lib/operations/argument-key.js';

/** The key of one argument, or `undefined` where it is refused. */
function keyed(value: unknown): string | undefined {
  try {
    return canonicalArguments([value]);
  } catch (error) {
    expect(error).toBeInstanceOf(CacheKeyError);
    return undefined;
  }
}

class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
}

const ONE = [1];

describe('refused, with a reason', () => {
  const request = new IncomingMessage(new Socket());
  async function* generator(): AsyncGenerator<number> {
    yield 1;
  }
  it.each<[string, unknown, RegExp]>([
    ['a function', () => 1, /a function/],
    ['a class', Secret, /a function/],
    ['a function in an object', { page: 1, onDone: () => 1 }, /a function/],
    ['a function in a Map in an array', [new Map([['f', () => 1]])], /a function/],
    ['an object with a toJSON of its own', { toJSON: () => 1 }, /a function/],
    ['a nameless symbol', Symbol('s'), /a symbol/],
    ['a well-known symbol', Symbol.iterator, /a symbol/],
    ['an object with a nameless symbol as key', { [Symbol('s')]: 1 }, /a symbol/],
    ['a readable stream', Readable.from([]), /an instance of Readable/],
    ['a writable stream', new Writable(), /an instance of Writable/],
    ['a transform stream', new PassThrough(), /an instance of PassThrough/],
    ['a web stream', new ReadableStream(), /an instance of ReadableStream/],
    ['a socket', new Socket(), /an instance of Socket/],
    ['a request', request, /an instance of IncomingMessage/],
    ['a response', new ServerResponse(request), /an instance of ServerResponse/],
    ['a request in an object', { context: { request } }, /an instance of IncomingMessage/],
    ['a fetch request', new Request('http://localhost'), /cannot be part of a key/],
    ['a fetch response', new Response('x'), /cannot be part of a key/],
    ['a Promise', Promise.resolve(1), /an instance of Promise/],
    ['an Observable', of(1), /an instance of Observable/],
    ['a generator', generator(), /cannot be part of a key/],
    ['an iterator', [1].values(), /cannot be part of a key/],
    ['a WeakMap', new WeakMap(), /an instance of WeakMap/],
    ['a WeakSet', new WeakSet(), /an instance of WeakSet/],
    ['a WeakRef', new WeakRef({}), /an instance of WeakRef/],
    ['an instance with private state only', new Secret('a'), /an instance of Secret, whose state cannot be seen/],
    ['an abort signal', AbortSignal.timeout(1), /cannot be part of a key/],
    ['an event emitter', new EventEmitter(), /cannot be part of a key/],
    ['a proxied Map, which shows nothing of itself', new Proxy(new Map([[1, 2]]), {}), /cannot be part of a key/],
    ['the process', process, /cannot be part of a key/],
  ])('%s', (_what, value, reason) => {
    expect(() => canonicalArguments([value])).toThrow(CacheKeyError);
    expect(() => argumentsDigest([value])).toThrow(reason);
  });

  it('an error shows no value', () => {
    expect(() => canonicalArguments([{ password: 'hunter2', send: () => 1 }])).toThrow(/^(?!.*hunter2)/);
  });
});

class Prefixed extends Date {
  constructor(
    time: number,
    readonly zone: string,
  ) {
    super(time);
  }
}
class Labelled<T> extends Array<T> {
  label = '';
}
class Counted<K, V> extends Map<K, V> {
  count = 0;
}
class NotFound extends Error {}
class Conflict extends Error {}
class Fluent {
  constructor(readonly id: number) {}
  toJSON(): this {
    return this;
  }
}
class Money {
  constructor(
    readonly amount: number,
    readonly currency: string,
  ) {}
  toJSON(): string {
    return `${this.amount} ${this.currency}`;
  }
}

const raw = (strings: TemplateStringsArray): TemplateStringsArray => strings;
const hidden = (id: number): object => Object.defineProperty(new (class Row {})(), 'id', { value: id });
const globalRegExp = (lastIndex: number): RegExp => Object.assign(/a/g, { lastIndex });
const url = (text: string): URL => new URL(text);

describe('told apart, or refused', () => {
  it.each<[string, unknown, unknown]>([
    ['URLs', url('http://a'), url('http://b')],
    ['a URL and its text', url('http://a'), 'http://a/'],
    ['search parameters', new URLSearchParams('a=1'), new URLSearchParams('a=2')],
    ['headers', new Headers({ a: '1' }), new Headers({ a: '2' })],
    ['blobs', new Blob(['a']), new Blob(['b'])],
    ['keys', createSecretKey(Buffer.from('a')), createSecretKey(Buffer.from('b'))],
    ['number formats', new Intl.NumberFormat('de'), new Intl.NumberFormat('en')],
    ['boxed texts', Object('a'), Object('b')],
    ['a boxed text and a text', Object('a'), 'a'],
    [
      'an array and arguments',
      [1],
      (
        function () {
          return arguments;
        } as (...a: number[]) => unknown
      )(1),
    ], // eslint-disable-line prefer-rest-params
    ['instances by what toJSON says', new Money(1, 'EUR'), new Money(1, 'USD')],
    ['instances whose toJSON returns themselves', new Fluent(1), new Fluent(2)],
    ['instances with properties that are not enumerable', hidden(1), hidden(2)],
    ['objects with an own __proto__', JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}')],
    ['an own __proto__ and nothing', JSON.parse('{"__proto__":1}'), {}],
    [
      'objects that inherit data',
      Object.assign(Object.create({ tenant: 1 }), { x: 1 }),
      Object.assign(Object.create({ tenant: 2 }), { x: 1 }),
    ],
    ['objects by registered symbols', { [Symbol.for('a')]: 1 }, { [Symbol.for('b')]: 1 }],
    ['objects by getters', { get a() { return 1; } }, { get a() { return 2; } }], // prettier-ignore
    ['errors of two classes', new NotFound('no'), new Conflict('no')],
    ['errors by their cause', new Error('no', { cause: 1 }), new Error('no', { cause: 2 })],
    ['aggregated errors', new AggregateError([1]), new AggregateError([2])],
    [
      'errors by what was added',
      Object.assign(new Error('no'), { status: 1 }),
      Object.assign(new Error('no'), { status: 2 }),
    ],
    ['dates of a class with more to it', new Prefixed(0, 'CET'), new Prefixed(0, 'UTC')],
    ['arrays with more to them', Object.assign([1], { total: 1 }), Object.assign([1], { total: 2 })],
    [
      'arrays of a class with more to it',
      Object.assign(new Labelled(), { label: 'a' }),
      Object.assign(new Labelled(), { label: 'b' }),
    ],
    ['Maps with more to them', Object.assign(new Counted(), { count: 1 }), Object.assign(new Counted(), { count: 2 })],
    [
      'template strings by how they were written',
      raw`\n`,
      raw`
`,
    ],
    ['regular expressions that stand at another place', globalRegExp(0), globalRegExp(1)],
    [
      'views of one buffer',
      new Uint8Array(Uint8Array.of(1, 2).buffer, 0, 1),
      new Uint8Array(Uint8Array.of(1, 2).buffer, 1, 1),
    ],
    ['a view and its buffer', Uint8Array.of(1), Uint8Array.of(1).buffer],
    ['a DataView and bytes', new DataView(Uint8Array.of(1).buffer), Uint8Array.of(1)],
    [
      'Maps by their order',
      new Map([
        [1, 1],
        [2, 2],
      ]),
      new Map([
        [2, 2],
        [1, 1],
      ]),
    ],
    ['a Map and an object', new Map([['a', 1]]), { a: 1 }],
    ['a Set and an array', new Set([1]), [1]],
  ])('%s', (_what, a, b) => {
    const key = keyed(a);
    if (key !== undefined) expect(keyed(b)).not.toBe(key);
  });
});

describe('the same', () => {
  it.each<[string, unknown, unknown]>([
    ['a plain object with and without prototype', { a: 1 }, Object.assign(Object.create(null), { a: 1 })],
    ['a plain object of another realm', { a: [1] }, runInContext('({ a: [1] })', createContext())],
    ['bytes by what they say', Uint8Array.of(1), new Uint8Array(Uint8Array.of(0, 1).buffer, 1)],
    ['what is there twice and a copy', [[1], [1]], [ONE, ONE]],
    ['instances of equal content', new Money(1, 'EUR'), new Money(1, 'EUR')],
  ])('%s', (_what, a, b) => {
    expect(keyed(a)).toBeDefined();
    expect(keyed(b)).toBe(keyed(a));
  });
});

interface Node {
  name: string;
  next?: Node;
  other?: Node;
}
function ring(...names: string[]): Node {
  const nodes = names.map((name): Node => ({ name }));
  for (const [index, node] of nodes.entries()) node.next = nodes[(index + 1) % nodes.length]!;
  return nodes[0]!;
}

describe('cyclic and large values', () => {
  it('rings are told apart by what is in them and by where they close', () => {
    const lasso = ring('a', 'b');
    const rings = [
      ring('a'),
      ring('a', 'a'),
      ring('a', 'b'),
      ring('b', 'a'),
      ring('a', 'b', 'a', 'b'),
      { name: 'a', next: lasso },
      [lasso],
      { name: 'a', next: { name: 'b' } },
    ];
    expect(new Set(rings.map((value) => canonicalArguments([value]))).size).toBe(rings.length);
    expect(canonicalArguments([ring('a', 'b')])).toBe(canonicalArguments([lasso]));
  });

  it('Maps, Sets and arrays that hold themselves', () => {
    const array: unknown[] = [];
    array.push(array);
    const map = new Map<unknown, unknown>();
    map.set('self', map);
    const set = new Set<unknown>();
    set.add(set);
    const keys = [array, map, set, [array], new Map([['self', map]])].map((value) => canonicalArguments([value]));
    expect(new Set(keys).size).toBe(5);
  });

  it.each<[string, (inner: unknown) => unknown]>([
    ['arrays', (inner) => [inner]],
    ['objects', (inner) => ({ inner })],
    ['Maps', (inner) => new Map([[inner, 1]])],
    ['Sets', (inner) => new Set([inner])],
    ['instances', (inner) => Object.assign(new (class Box {})(), { inner })],
  ])('%s nested 100,000 deep are refused, 200 deep are not', (_what, wrap) => {
    const nested = (depth: number): unknown => Array.from({ length: depth }).reduce<unknown>((inner) => wrap(inner), 1);
    expect(() => argumentsDigest([nested(100_000)])).toThrow(/nested too deeply/);
    expect(argumentsDigest([nested(200)])).not.toBe(argumentsDigest([nested(201)]));
  });

  it('what is reached by many ways is not walked along all of them', () => {
    const budget = 100_000;
    let visits = 0;
    class Exhausted extends Error {}
    // 40 levels, each of which holds the next one twice: 41 objects, 2 ** 40 ways.
    const dag = Array.from({ length: 40 }).reduce<object>((below) => {
      const visit = (): object => {
        if ((visits += 1) > budget) throw new Exhausted('walked along all of them');
        return below;
      };
      return Object.defineProperties({}, { a: { get: visit, enumerable: true }, b: { get: visit, enumerable: true } });
    }, {});
    let failure: unknown;
    try {
      argumentsDigest([dag]);
    } catch (error) {
      failure = error;
    }
    expect(failure).not.toBeInstanceOf(Exhausted);
  });

  it('a long text and many bytes have a key', () => {
    const long = 'x'.repeat(1_000_000);
    expect(argumentsDigest([long])).not.toBe(argumentsDigest([`${long.slice(1)}y`]));
    expect(argumentsDigest([Buffer.alloc(1_000_000)])).not.toBe(argumentsDigest([Buffer.alloc(1_000_001)]));
  });
});
