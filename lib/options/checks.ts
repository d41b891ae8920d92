import { nameOf } from '../cache/arguments.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import { milliseconds } from '../support/duration.js';

export const MEGABYTE = 1_048_576;
/** Milliseconds. */
const HOUR = 3_600_000;
/** Milliseconds. */
const COMMAND_TIMEOUT = 500;

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

/** A whole number within bounds; undefined where none is given. */
export function whole(value: unknown, option: string, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && least <= (value as number) && (value as number) <= most) return value as number;
  const expected = `a whole number from ${least} to ${most}`;
  throw typeof value === 'number' ? wrong(option, expected, value) : wrongKind(option, expected, value);
}

/** A text that errors do not repeat, whatever is wrong with it. */
export function secretText(value: unknown, option: string): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '' && value.isWellFormed())) return value;
  throw wrongKind(option, 'a string that is not empty', value);
}

/** What to look into for options. */
export function record(value: unknown, option: string, example: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrongKind(option, `an object such as ${example}`, value);
}

/** Milliseconds for which an operation waits: more than none, an hour at most. */
export function commandTimeout(value: unknown, option = 'commandTimeout'): number {
  if (value === undefined) return COMMAND_TIMEOUT;
  const ms = typeof value === 'string' ? readable(value, option) : undefined;
  if (ms !== undefined && 0 < ms && ms <= HOUR) return ms;
  throw wrong(option, "a text with its unit, such as '500ms' or '2s', more than 0 and at most '1h'", value);
}

function readable(text: string, option: string): number | undefined {
  try {
    return milliseconds(text, option);
  } catch {
    return undefined;
  }
}

/** An error that names two options of which one has to go. */
export function contradiction(one: string, other: string, why: string): CacheOptionsError {
  return new CacheOptionsError(`BlossomCacheModule: ${one} and ${other} contradict each other: ${why}`);
}

/** As {@link wrong}, for what may hold credentials: it names the type of what was given and nothing of it. */
export function wrongKind(option: string, expected: string, value: unknown): CacheOptionsError {
  return new CacheOptionsError(`BlossomCacheModule: ${option} must be ${expected}; got ${nameOf(value)}`);
}

/** An error that names the option, and the type of what was given, or a harmless value itself. */
export function wrong(option: string, expected: string, value: unknown): CacheOptionsError {
  const got = typeof value === 'number' || typeof value === 'string' ? `'${value}'` : nameOf(value);
  return new CacheOptionsError(`BlossomCacheModule: ${option} must be ${expected}; got ${got}`);
}
