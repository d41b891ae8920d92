import { CacheOptionsError } from '../errors/cache.errors.js';

/** A span of time with its unit: `'250ms'`, `'30s'`, `'5m'`, `'1h'`, `'7d'`. */
export type DurationText = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/**
 * A span of time: a number of **seconds** (fractions allowed, `Infinity` for ever) or a text with its unit.
 */
export type Duration = number | DurationText;

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const PATTERN = /^(-?\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * Checks a plain string, from an environment variable say, and returns it as a {@link DurationText}.
 * @throws {CacheOptionsError} when it has no unit or cannot be read.
 */
export function duration(text: string): DurationText {
  readText(text, 'duration');
  return text as DurationText;
}

/**
 * Milliseconds in `value`.
 * @param option how the error names the culprit.
 * @throws {CacheOptionsError} for `NaN`, a text without unit, or anything else that is no duration.
 */
export function milliseconds(value: unknown, option: string): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value * 1_000;
  if (typeof value === 'string') return readText(value, option);
  throw unreadable(value, option);
}

/**
 * Milliseconds in a timeout, which is a text with its unit: for a number nobody could tell which.
 * @param option how the error names the culprit.
 * @param least milliseconds that are the least that makes sense.
 * @throws {CacheOptionsError}
 */
export function timeout(value: unknown, option: string, least: number): number {
  const ms = typeof value === 'string' && PATTERN.test(value) ? readText(value, option) : -Infinity;
  if (ms >= least) return ms;
  const shown = typeof value === 'string' ? `'${value}'` : String(value);
  throw new CacheOptionsError(
    `${option} must be a text with its unit, such as '250ms' or '5s', ${least === 0 ? '0 or more' : 'more than 0'}; got ${shown}`,
  );
}

function readText(text: unknown, option: string): number {
  const match = typeof text === 'string' ? PATTERN.exec(text) : null;
  if (match === null) throw unreadable(text, option);
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

function unreadable(value: unknown, option: string): CacheOptionsError {
  const shown = typeof value === 'string' ? `'${value}'` : typeof value === 'number' ? String(value) : typeof value;
  return new CacheOptionsError(
    `${option} must be a number of seconds, Infinity, or a text with a unit such as '250ms', '30s', '5m', '1h' or '7d'; got ${shown}`,
  );
}
