import { describe, expect, it } from 'vitest';
import { CacheOptionsError } from '../../../lib/errors/cache.errors.js';
import { duration, milliseconds } from '../../../lib/support/duration.js';

const READABLE: readonly [string, number][] = [
  ['0ms', 0],
  ['250ms', 250],
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
  ['1.5h', 5_400_000],
  ['0.5ms', 0.5],
  ['-5s', -5_000],
];

const UNREADABLE = [
  '', ' ', '5', 's', '5 s', ' 5s', '5s ', '5sec', '5S', '5w', '5y', '1h30m', '5s\n', '.5s', '5.s', '1e3s', '+5s', '--5s',
  'Infinity', 'NaNs', '٥s', '5μs', '0x5s', '1_000s', '1,5s', 'banana',
]; // prettier-ignore

describe('duration()', () => {
  it.each(READABLE)('%s', (text, ms) => {
    expect(duration(text)).toBe(text);
    expect(milliseconds(text, 'ttl')).toBe(ms);
  });

  it.each(UNREADABLE)('refuses %j', (text) => {
    expect(() => duration(text)).toThrow(CacheOptionsError);
    expect(() => duration(text)).toThrow(/^duration must be /);
    expect(() => milliseconds(text, 'the ttl')).toThrow(/^the ttl must be a number of seconds/);
  });

  it.each([5, NaN, null, undefined, {}, ['5s'], true])('refuses %s, which is no text', (value) => {
    expect(() => duration(value as string)).toThrow(CacheOptionsError);
  });
});

describe('milliseconds', () => {
  it.each([
    [1, 1_000],
    [0.0015, 1.5],
    [0, 0],
    [-2, -2_000],
    [Infinity, Infinity],
    [-Infinity, -Infinity],
  ])('a number is seconds: %d', (seconds, ms) => {
    expect(milliseconds(seconds, 'ttl')).toBe(ms);
  });

  it.each([NaN, null, undefined, {}, [], [5], true, 5n, Symbol('s'), () => 5, new Date(0), Object.create(null)])(
    'refuses what is neither',
    (value) => {
      expect(() => milliseconds(value, 'the ttl')).toThrow(CacheOptionsError);
      expect(() => milliseconds(value, 'the ttl')).toThrow(/^the ttl must be a number of seconds/);
    },
  );
});
