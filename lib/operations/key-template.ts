import { CacheKeyError } from '../errors/cache.errors.js';
import { argumentsDigest } from './argument-key.js';

/** Between two values that no punctuation of the template keeps apart; no escaped value contains it. */
const BOUNDARY = '%x';

/**
 * Builds a key from a template and escapes what is put in, so that no input can forge the key of another:
 * `` key`v1:user:${id}` ``. Letters and digits stay as they are, numbers are written out, every other
 * character of a value becomes `%` and its code; an object becomes a hash of what is in it.
 * @throws {CacheKeyError} for a value that cannot be part of a key.
 */
export function key(parts: TemplateStringsArray, ...values: readonly unknown[]): string {
  let made = parts[0]!;
  for (const [index, value] of values.entries()) {
    const next = parts[index + 1]!;
    const apart = index === values.length - 1 || /[^A-Za-z0-9%]/.test(next);
    made += escaped(value) + next + (apart ? '' : BOUNDARY);
  }
  return made;
}

function escaped(value: unknown): string {
  if (typeof value === 'string') return encode(value);
  if (value === null || value === undefined) return `%${String(value)}`;
  if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') {
    return `%o${argumentsDigest([value])}`;
  }
  return encode(Object.is(value, -0) ? '-0' : String(value));
}

function encode(value: string): string {
  if (!value.isWellFormed()) throw new CacheKeyError('key`…`: a value holds half of a surrogate pair');
  return encodeURIComponent(value).replace(
    /[-_.!'()*~]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
