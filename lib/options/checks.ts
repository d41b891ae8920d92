import { nameOf } from '../cache/arguments.js';
import { CacheOptionsError } from '../errors/cache.errors.js';

export const MEGABYTE = 1_048_576;

/** A limit that is greater than 0; undefined where none is given. */
export function limit(value: unknown, option: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value > 0) return value;
  throw wrong(option, 'a number greater than 0 (to store nothing, use enabled: false)', value);
}

export function text(value: unknown, option: string): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '' && value.isWellFormed())) return value;
  throw wrong(option, 'a string that is not empty', value);
}

export function boolean(value: unknown, option: string, byDefault: boolean): boolean {
  if (value === undefined) return byDefault;
  if (typeof value === 'boolean') return value;
  throw wrong(option, 'true or false', value);
}

export function callable<F>(value: unknown, option: string): F | undefined {
  if (value === undefined || typeof value === 'function') return value as F | undefined;
  throw wrong(option, 'a function', value);
}

export function oneOf<T extends string>(value: T | undefined, byDefault: T, known: readonly T[], option: string): T {
  if (value === undefined) return byDefault;
  if (known.includes(value)) return value;
  throw wrong(option, `one of ${known.join(', ')}`, value);
}

/** An error that names the option, and the type of what was given, or a harmless value itself. */
export function wrong(option: string, expected: string, value: unknown): CacheOptionsError {
  const got = typeof value === 'number' || typeof value === 'string' ? `'${value}'` : nameOf(value);
  return new CacheOptionsError(`BlossomCacheModule: ${option} must be ${expected}; got ${got}`);
}
