import fc from 'fast-check';

const FLOATS = [0, -0, NaN, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE, -1.5];

const TEXTS = [
  '',
  '$',
  '$r',
  '$a',
  '$u',
  '__proto__',
  'toJSON',
  'constructor',
  '\ud800',
  '\udfff x',
  '😀',
  '\u0000\u2028"\\',
];

const text = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ unit: 'binary' }), fc.string());

const primitive = fc.oneof(
  text,
  fc.constantFrom<unknown>(null, undefined, true, false, ...FLOATS),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
);

const bytes = fc.uint8Array({ maxLength: 40 });

/** Objects that hold no others. */
const leaf: fc.Arbitrary<object> = fc.oneof(
  fc.date({ noInvalidDate: false }),
  bytes.map((part) => Buffer.from(part)),
  bytes,
  bytes.map((part) => part.slice().buffer),
  bytes.map((part) => new DataView(part.slice().buffer)),
  bytes.map((part) => new Uint8ClampedArray(part)),
  fc.int16Array({ maxLength: 9 }),
  fc.uint16Array({ maxLength: 9 }).map((all) => all.subarray(Math.min(1, all.length))),
  fc.int32Array({ maxLength: 9 }),
  fc.uint32Array({ maxLength: 9 }),
  fc.int8Array({ maxLength: 9 }),
  fc.float32Array({ maxLength: 9 }),
  fc.float64Array({ maxLength: 9 }),
  fc.bigInt64Array({ maxLength: 9 }),
  fc.bigUint64Array({ maxLength: 9 }),
  fc.constantFrom(/a\/b/giu, /^$/, /[\]/]/sy).map(({ source, flags }) => new RegExp(source, flags)),
  fc.constantFrom('https://example.org/a?b=c#d', 'data:,x').map((href) => new URL(href)),
  fc.constantFrom('', 'a=1&a=2&b=%20').map((query) => new URLSearchParams(query)),
  fc.oneof(fc.boolean(), fc.double(), fc.string(), fc.bigInt()).map((value) => Object(value) as object),
);

type Kind = 'object' | 'bare' | 'array' | 'map' | 'set' | 'error' | 'type error';

interface Node {
  readonly kind: Kind;
  readonly keys: readonly string[];
  readonly items: readonly Item[];
}

/** What a node holds: a value, or the number of another node. */
type Item = { readonly value: unknown } | { readonly node: number };

const item: fc.Arbitrary<Item> = fc.oneof(
  { weight: 3, arbitrary: primitive.map((value) => ({ value })) },
  { weight: 1, arbitrary: leaf.map((value) => ({ value })) },
  { weight: 3, arbitrary: fc.nat(20).map((node) => ({ node })) },
);

const node: fc.Arbitrary<Node> = fc.record({
  kind: fc.constantFrom<Kind>('object', 'object', 'bare', 'array', 'array', 'map', 'set', 'error', 'type error'),
  keys: fc.uniqueArray(fc.oneof(text, fc.nat(50).map(String)), { minLength: 6, maxLength: 6 }),
  items: fc.array(item, { maxLength: 6 }),
});

/** Values of every kind that is kept, holding each other in any way: shared, cyclic, sparse. */
export const richValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 1, arbitrary: primitive },
  { weight: 1, arbitrary: leaf },
  { weight: 8, arbitrary: fc.array(node, { minLength: 1, maxLength: 8 }).map(graph) },
);

/** Values for which JSON has a form. */
export const plainValue: fc.Arbitrary<unknown> = fc.jsonValue({ noUnicodeString: false } as object);

function graph(nodes: readonly Node[]): unknown {
  const made = nodes.map(({ kind }) => empty(kind));
  for (const [at, target] of made.entries()) fill(target, nodes[at]!, made);
  return made[0];
}

function empty(kind: Kind): object {
  switch (kind) {
    case 'object':
      return {};
    case 'bare':
      return Object.create(null) as object;
    case 'array':
      return [];
    case 'map':
      return new Map();
    case 'set':
      return new Set();
    case 'error':
      return new Error('a message');
    case 'type error':
      return new TypeError();
  }
}

/** Errors get no names of their own for `message` and the like, by which their stack could not be told any more. */
function fill(target: object, { kind, keys, items }: Node, made: readonly object[]): void {
  const values = items.map((each) => ('node' in each ? made[each.node % made.length] : each.value));
  for (const [at, value] of values.entries()) {
    if (kind === 'map') (target as Map<unknown, unknown>).set(values.at(-1 - at), value);
    else if (kind === 'set') (target as Set<unknown>).add(value);
    else if (kind === 'array') place(target as unknown[], at, value);
    else if (kind === 'error') define(target, at === 0 ? 'cause' : `a ${keys[at]!}`, value, at > 0);
    else if (kind === 'type error') define(target, at === 0 ? '__proto__' : `a ${keys[at]!}`, value, true);
    else define(target, keys[at]!, value, true);
  }
}

/** Leaves holes now and then. */
function place(target: unknown[], at: number, value: unknown): void {
  target[value === null ? at + 3 : at] = value;
}

function define(target: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}
