import { isUtf8 } from 'node:buffer';
import { CacheSerializationError } from '../errors/cache.errors.js';
import { MAX_DEPTH } from './limits.js';
import { UnreadableError } from './unreadable.error.js';

/**
 * Whether JSON gives back exactly this: texts, booleans, null, finite numbers other than -0, arrays without holes,
 * plain objects, each of them in one place only.
 */
export function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? new PlainCheck().object(value, 1) : isPlainPrimitive(value);
}

/** Whether JSON has a form for what is not an object; null counts as one that it has. */
export function isPlainPrimitive(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return value === 0 ? 1 / value > 0 : Number.isFinite(value);
    default:
      return value === null;
  }
}

/** What decoding puts in the place of bytes that are no UTF-8. */
const REPLACEMENT = '\uFFFD';

/** A walk over one value. */
class PlainCheck {
  readonly #seen = new Set<object>();

  object(value: object, depth: number): boolean {
    if (depth > MAX_DEPTH || this.#seen.has(value)) return false;
    this.#seen.add(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#record(value as Record<string, unknown>, depth);
    return prototype === Array.prototype && Array.isArray(value) && this.#list(value, depth);
  }

  #record(value: Readonly<Record<string, unknown>>, depth: number): boolean {
    const keys = Object.keys(value);
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i]!;
      const item = value[key];
      if (key === '__proto__') return false;
      if (!(typeof item === 'object' && item !== null ? this.object(item, depth + 1) : isPlainPrimitive(item)))
        return false;
    }
    return Object.getOwnPropertySymbols(value).length === 0;
  }

  #list(value: readonly unknown[], depth: number): boolean {
    for (let i = 0; i < value.length; i += 1) {
      const item = value[i];
      if (!(typeof item === 'object' && item !== null ? this.object(item, depth + 1) : isPlainPrimitive(item)))
        return false;
    }
    return true;
  }
}

/**
 * The text of a value that holds nothing else than JSON can hold.
 * @throws {CacheSerializationError} where every object or array has been taught another form
 */
export function jsonText(value: unknown): string {
  if (!('toJSON' in Object.prototype || 'toJSON' in Array.prototype)) return JSON.stringify(value);
  throw new CacheSerializationError('Object.prototype or Array.prototype has a toJSON: no value has a JSON of its own');
}

/** @param value that {@link isPlain} */
export function writePlain(value: unknown): Uint8Array {
  return Buffer.from(jsonText(value));
}

/** @throws {UnreadableError} for anything that {@link writePlain} does not write */
export function parsePlain(bytes: Uint8Array, from: number): unknown {
  const text = readText(bytes, from);
  const value = parseJson(text);
  if (mayBeHostile(text)) assertPlain(value, 1);
  return value;
}

/** @throws {UnreadableError} for what is not UTF-8 */
export function readText(bytes: Uint8Array, from = 0): string {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString(undefined, from);
  if (text.includes(REPLACEMENT) && !isUtf8(buffer.subarray(from)))
    throw new UnreadableError('content', 'not the text it should be');
  return text;
}

/** @throws {UnreadableError} without the cause, whose message has some of the text in it */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableError('content', 'not the JSON it should be');
  }
}

/** Whether the text is long enough to be nested too deeply, or may have a property named `__proto__`. */
function mayBeHostile(text: string): boolean {
  return text.length > 2 * MAX_DEPTH || text.includes('__proto__') || text.includes('\\u');
}

function assertPlain(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw new UnreadableError('depth', 'nested too deeply');
  if (Array.isArray(value)) for (const item of value) assertPlain(item, depth + 1);
  else assertPlainRecord(value as Record<string, unknown>, depth);
}

function assertPlainRecord(value: Readonly<Record<string, unknown>>, depth: number): void {
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw new UnreadableError('content', 'not the JSON it should be');
    assertPlain(value[key], depth + 1);
  }
}
