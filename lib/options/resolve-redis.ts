import { milliseconds } from '../support/duration.js';
import type { RedisStoreOptions } from '../stores/redis/redis-options.js';
import { limit, MEGABYTE, wrong } from './checks.js';
import type { RedisTier } from './options.js';
import { resolvePlace } from './resolve-place.js';

export const REDIS_OPTIONS = [
  'host', 'port', 'database', 'username', 'password', 'ssl', 'url', 'cluster', 'sentinel', 'client', 'commandTimeout',
  'maxValueMb',
] as const; // prettier-ignore

/** Milliseconds. */
const MAX_STALENESS = 1_000;
const LONGEST_STALENESS = 3_600_000;
const DEFAULT_VALUE_MB = 8;
/** What Redis itself can hold under a key. */
const LARGEST_VALUE_MB = 512;

/** @param where what comes before the names of the options in errors */
export function resolveRedis(
  options: RedisTier,
  scope: Omit<RedisStoreOptions, 'place' | 'maxBytes'>,
  where = '',
): RedisStoreOptions {
  return Object.freeze({
    ...scope,
    place: resolvePlace(options, where),
    maxBytes: Math.floor(maxValueMb(options.maxValueMb, `${where}maxValueMb`) * MEGABYTE),
  });
}

/** Milliseconds. */
export function maxStaleness(value: unknown): number {
  if (value === undefined) return MAX_STALENESS;
  const ms = milliseconds(value, 'maxStaleness');
  if (0 < ms && ms <= LONGEST_STALENESS) return ms;
  throw wrong('maxStaleness', "a span of more than 0 and at most '1h'", value);
}

function maxValueMb(value: unknown, option: string): number {
  const megabytes = limit(value, option) ?? DEFAULT_VALUE_MB;
  if (megabytes <= LARGEST_VALUE_MB) return megabytes;
  throw wrong(option, `at most ${LARGEST_VALUE_MB}`, value);
}
