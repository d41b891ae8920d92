import { hash } from 'node:crypto';
import { types } from 'node:util';
import { CacheKeyError } from '../errors/cache.errors.js';

/**
 * The arguments of a call as one text, such that two calls have the same text exactly if their arguments are
 * equal: every part carries its type, every text and list its length, object keys are sorted. Maps and Sets
 * keep their order, which a method may depend on. References back to an enclosing object are kept as such.
 * An instance is its class name with what `toJSON` says or, without one, its own properties.
 * @throws {CacheKeyError} for what has no such text: functions, streams, request objects, instances whose
 * state cannot be seen.
 */
export function canonicalArguments(args: readonly unknown[]): string {
  try {
    return list('(', args, NOWHERE);
  } catch (error) {
    if (error instanceof RangeError) throw unkeyable('something nested too deeply');
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

type Path = readonly object[];
const NOWHERE: Path = [];

function token(value: unknown, path: Path): string {
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
      return value === null ? 'N' : reference(value as object, path);
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

function list(type: string, values: readonly unknown[], path: Path): string {
  let tokens = `${type}${values.length}:`;
  for (let i = 0; i < values.length; i += 1) tokens += token(values[i], path);
  return tokens;
}

function reference(value: object, path: Path): string {
  const enclosing = path.lastIndexOf(value);
  if (enclosing !== -1) return `^${path.length - enclosing};`;
  const inside = [...path, value];
  return builtIn(value, inside) ?? ordinary(value, inside);
}

function builtIn(value: object, path: Path): string | undefined {
  if (Array.isArray(value)) return array(value, path);
  if (types.isDate(value)) return `d${value.getTime()};`;
  if (types.isMap(value)) return list('M', [...value].flat(1), path);
  if (types.isSet(value)) return list('S', [...value], path);
  if (types.isRegExp(value)) return text('r', value.source) + text('', value.flags);
  if (ArrayBuffer.isView(value)) {
    return text('b', value.constructor.name) + binary(value.buffer, value.byteOffset, value.byteLength);
  }
  if (types.isAnyArrayBuffer(value)) return `B${binary(value, 0, value.byteLength)}`;
  if (types.isBoxedPrimitive(value)) return `x${token(value.valueOf(), path)}`;
  if (types.isNativeError(value)) return text('e', value.name) + text('', value.message) + properties(value, path);
  return undefined;
}

function array(value: readonly unknown[], path: Path): string {
  let tokens = '';
  for (let i = 0; i < value.length; i += 1) tokens += i in value ? token(value[i], path) : 'H';
  return `a${value.length}:${tokens}`;
}

function binary(buffer: ArrayBufferLike, offset: number, length: number): string {
  return text('', Buffer.from(buffer, offset, length).toString('base64'));
}

function ordinary(value: object, path: Path): string {
  const type = className(value);
  if (type === undefined) return `o${properties(value, path)}`;
  refuseOpaque(value, type);
  if ('toJSON' in value && typeof value.toJSON === 'function') return text('j', type) + token(value.toJSON(), path);
  if (Reflect.ownKeys(value).length === 0) throw unkeyable(`an instance of ${type}, whose state cannot be seen`);
  return text('c', type) + properties(value, path);
}

/** The class of an instance; undefined for a plain object, of whatever realm. */
function className(value: object): string | undefined {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return undefined;
  return value.constructor?.name || '(anonymous)';
}

function properties(value: object, path: Path): string {
  const keys = Object.keys(value);
  const symbols = Object.getOwnPropertySymbols(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key),
  );
  let tokens = '';
  for (const key of keys.toSorted()) tokens += text('k', key) + token((value as Record<string, unknown>)[key], path);
  const named = symbols.map((key) => symbol(key) + token((value as Record<symbol, unknown>)[key], path));
  return `${keys.length + named.length}:${tokens}${named.toSorted().join('')}`;
}

/** What stands for something outside of itself: its properties do not say what it is. */
function refuseOpaque(value: object, type: string): void {
  const outside =
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value) ||
    ['pipe', 'subscribe', 'getReader', 'next', 'then'].some((method) => method in value && isFunction(value, method));
  if (outside) throw unkeyable(`an instance of ${type}`);
}

function isFunction(value: object, name: string): boolean {
  return typeof (value as Record<string, unknown>)[name] === 'function';
}

function unkeyable(what: string): CacheKeyError {
  return new CacheKeyError(`an argument is or holds ${what}, which cannot be part of a key`);
}
