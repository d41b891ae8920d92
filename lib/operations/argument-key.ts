import { hash } from 'node:crypto';
import { types } from 'node:util';
import { isObservable } from 'rxjs';
import { CacheKeyError } from '../errors/cache.errors.js';

/**
 * The arguments of a call as one text, such that two calls have the same text exactly if their arguments are
 * equal: every part carries its type, every text and list its length, object keys are sorted. Maps and Sets
 * keep their order, which a method may depend on. References back to an enclosing object are kept as such.
 * An instance is its class name with what `toJSON` says or, without one, its own properties.
 * @throws {CacheKeyError} for what has no such text: functions, streams, request objects, instances
 * whose state cannot be seen, and more objects than {@link MOST_OBJECTS}.
 */
export function canonicalArguments(args: readonly unknown[]): string {
  try {
    return list('(', args, new Walk());
  } catch (error) {
    if (error instanceof RangeError && error.message.includes('call stack'))
      throw unkeyable('something nested too deeply');
    throw error;
  }
}

/** SHA-256 of {@link canonicalArguments}, in hexadecimal. */
export function argumentsDigest(args: readonly unknown[]): string {
  return hash('sha256', canonicalArguments(args), 'hex');
}

/** Keys that are remembered by the text of their arguments, and how long such a text may be. */
const REMEMBERED = 1_000;
const REMEMBERED_LENGTH = 512;

/** Makes keys of a prefix and the digest of arguments; for short arguments that come again, without hashing. */
export function argumentKeys(prefix: string): (args: readonly unknown[]) => string {
  const known = new Map<string, string>();
  return (args) => {
    const text = canonicalArguments(args);
    const remembered = known.get(text);
    if (remembered !== undefined) return remembered;
    const key = prefix + hash('sha256', text, 'hex');
    if (text.length <= REMEMBERED_LENGTH) {
      if (known.size >= REMEMBERED) known.delete(known.keys().next().value!);
      known.set(text, key);
    }
    return key;
  };
}

/** Objects in the arguments of one call, each counted as often as it is reached. */
const MOST_OBJECTS = 50_000;

/** The objects that enclose the one at hand. */
class Walk {
  readonly #enclosing: object[] = [];
  #objects = 0;

  /** How many objects further out this very object is; undefined if it does not enclose the one at hand. */
  distanceTo(value: object): number | undefined {
    const found = this.#enclosing.lastIndexOf(value);
    return found === -1 ? undefined : this.#enclosing.length - found;
  }

  inside(value: object, tokens: (value: object, walk: Walk) => string): string {
    this.#objects += 1;
    if (this.#objects > MOST_OBJECTS) throw unkeyable('too many objects');
    this.#enclosing.push(value);
    try {
      return tokens(value, this);
    } finally {
      this.#enclosing.pop();
    }
  }
}

function token(value: unknown, walk: Walk): string {
  switch (typeof value) {
    case 'string':
      return text('s', value);
    case 'number':
      return Object.is(value, -0) ? 'n-0;' : `n${value};`;
    case 'boolean':
      return value ? 'T' : 'F';
    case 'undefined':
      return 'U';
    case 'bigint':
      return `i${value};`;
    case 'symbol':
      return symbol(value);
    case 'function':
      throw unkeyable('a function');
    default:
      return value === null ? 'N' : reference(value as object, walk);
  }
}

/** A text with its length. A lone surrogate has no UTF-8 form of its own, so such a text goes by its code units. */
function text(type: string, value: string): string {
  if (value.isWellFormed()) return `${type}${value.length}:${value}`;
  return `${type}w${value.length}:${Buffer.from(value, 'utf16le').toString('hex')}`;
}

function symbol(value: symbol): string {
  const name = Symbol.keyFor(value);
  if (name === undefined) throw unkeyable('a symbol that is not from Symbol.for()');
  return text('y', name);
}

function list(type: string, values: readonly unknown[], walk: Walk): string {
  let tokens = `${type}${values.length}:`;
  for (let i = 0; i < values.length; i += 1) tokens += token(values[i], walk);
  return tokens;
}

function reference(value: object, walk: Walk): string {
  const distance = walk.distanceTo(value);
  return distance === undefined ? walk.inside(value, contents) : `^${distance};`;
}

function contents(value: object, walk: Walk): string {
  if (Array.isArray(value)) return array(value, walk);
  if (ArrayBuffer.isView(value)) return view(value);
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return plain(value, prototype, walk);
  return builtIn(value, walk) ?? instance(value, prototype, walk);
}

/**
 * A plain object, of whatever realm, or of a class without anything, as parsers of queries have it. What is inherited, other
 * than from `Object.prototype`, would not be seen.
 */
function plain(value: object, prototype: object | null, walk: Walk): string {
  const inherits = prototype !== null && !Object.hasOwn(prototype, 'hasOwnProperty');
  if (inherits && Reflect.ownKeys(prototype).length > 0) throw unkeyable('an object that inherits data');
  return `o${properties(value, walk)}`;
}

function array(value: readonly unknown[], walk: Walk): string {
  let tokens = '';
  let holes = 0;
  for (let i = 0; i < value.length; i += 1) {
    if (i in value) tokens += token(value[i], walk);
    else {
      tokens += 'H';
      holes += 1;
    }
  }
  const extra = Object.keys(value).length + Object.getOwnPropertySymbols(value).length - (value.length - holes);
  if (extra > 0 || Object.hasOwn(value, 'raw') || value.constructor?.name !== 'Array') {
    throw unkeyable('an array with more to it than its elements');
  }
  return `a${value.length}:${tokens}`;
}

function view(value: ArrayBufferView): string {
  return text('b', value.constructor.name) + binary(value.buffer, value.byteOffset, value.byteLength);
}

function binary(buffer: ArrayBufferLike, offset: number, length: number): string {
  return text('', Buffer.from(buffer, offset, length).toString('base64'));
}

/** The language's own kinds of object, of which the properties are not the state. */
function builtIn(value: object, walk: Walk): string | undefined {
  const tokens = builtInTokens(value, walk);
  if (tokens !== undefined && (hasMore(value) || !isDirect(value))) {
    throw unkeyable(`an instance of ${value.constructor.name} with more to it`);
  }
  return tokens;
}

function builtInTokens(value: object, walk: Walk): string | undefined {
  if (types.isDate(value)) return `d${value.getTime()};`;
  if (types.isMap(value)) return list('M', [...value].flat(1), walk);
  if (types.isSet(value)) return list('S', [...value], walk);
  if (types.isRegExp(value)) return `${text('r', value.source)}${text('', value.flags)}${value.lastIndex};`;
  if (types.isAnyArrayBuffer(value)) return `B${binary(value, 0, value.byteLength)}`;
  if (types.isBoxedPrimitive(value)) return `x${token(value.valueOf(), walk)}`;
  return undefined;
}

/** Whether it has properties of its own besides those of its kind: `lastIndex`, or the letters of a boxed text. */
function hasMore(value: object): boolean {
  if (types.isStringObject(value)) return Reflect.ownKeys(value).length > value.length + 1;
  return Reflect.ownKeys(value).length > (types.isRegExp(value) ? 1 : 0);
}

/** Whether it is of the language's class itself, not of one derived from it. */
function isDirect(value: object): boolean {
  return Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(value))) === null;
}

function instance(value: object, prototype: object, walk: Walk): string {
  const type = value.constructor?.name || '(anonymous)';
  refuseOpaque(value, type);
  if (prototype.constructor?.prototype !== prototype) throw unkeyable('an object that inherits data');
  const json = 'toJSON' in value && typeof value.toJSON === 'function' ? (value.toJSON() as unknown) : value;
  if (json !== value) return text('j', type) + token(json, walk);
  if (Reflect.ownKeys(value).length === 0) throw unkeyable(`an instance of ${type}, whose state cannot be seen`);
  return text('c', type) + properties(value, walk) + hidden(value, type, walk);
}

/** Properties that are not enumerable. An accessor among them may do anything when it is asked. */
function hidden(value: object, type: string, walk: Walk): string {
  const isHidden = (key: PropertyKey): boolean => !Object.prototype.propertyIsEnumerable.call(value, key);
  // Where an error was made does not say what it is.
  const keys = Reflect.ownKeys(value).filter(
    (key) => isHidden(key) && !(key === 'stack' && types.isNativeError(value)),
  );
  if (keys.length === 0) return '';
  const tokens = keys.map((key) => {
    const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
    if (!('value' in descriptor)) throw unkeyable(`an instance of ${type} with hidden accessors`);
    return (typeof key === 'symbol' ? symbol(key) : text('k', key)) + token(descriptor.value, walk);
  });
  return `h${keys.length}:${tokens.toSorted().join('')}`;
}

function properties(value: object, walk: Walk): string {
  const keys = Object.keys(value);
  let tokens = '';
  for (const key of keys.toSorted()) tokens += text('k', key) + token((value as Record<string, unknown>)[key], walk);
  const named = Object.getOwnPropertySymbols(value)
    .filter((key) => Object.prototype.propertyIsEnumerable.call(value, key))
    .map((key) => symbol(key) + token((value as Record<symbol, unknown>)[key], walk));
  return `${keys.length + named.length}:${tokens}${named.toSorted().join('')}`;
}

/** What stands for something outside of itself: its properties do not say what it is. */
function refuseOpaque(value: object, type: string): void {
  const outside =
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value) ||
    isObservable(value) ||
    (isFunction(value, 'next') && (Symbol.iterator in value || Symbol.asyncIterator in value)) ||
    ['pipe', 'getReader', 'then'].some((method) => isFunction(value, method));
  if (outside) throw unkeyable(`an instance of ${type}`);
}

function isFunction(value: object, name: string): boolean {
  return typeof (value as Record<string, unknown>)[name] === 'function';
}

function unkeyable(what: string): CacheKeyError {
  return new CacheKeyError(`an argument is or holds ${what}, which cannot be part of a key`);
}
