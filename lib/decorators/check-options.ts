import { assertOptions } from '../cache/arguments.js';
import { FRESHNESS_OPTIONS } from '../cache/call-options.js';
import { NO_TERMS, resolveTerms } from '../cache/call-policy.js';
import { checkWarmOptions } from '../cache/warming/warm-options.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type {
  CacheableOptions,
  CacheConfigOptions,
  CacheEvictOptions,
  CachePutOptions,
  CacheWarmOptions,
} from '../operations/operation.js';
import { milliseconds, timeout as timeoutOf } from '../support/duration.js';

const PLACE = ['cache', 'namespace'];
const STORE = [...PLACE, 'varyBy', 'ttl', 'tags', 'condition', 'unless'];
const CACHEABLE = [...STORE, 'key', ...FRESHNESS_OPTIONS];
const PUT = [...STORE, 'key', 'of', 'args', 'grace'];
const EVICT = [...PLACE, 'varyBy', 'condition', 'beforeInvocation', 'key', 'keys', 'tags', 'allEntries', 'of', 'args'];
const CONFIG = [...PLACE, 'ttl', 'id', 'varyBy', ...FRESHNESS_OPTIONS];

const WARM = [...PLACE, 'blocking', 'timeout', 'concurrency', 'refresh', 'log', 'name'];
/** Milliseconds. */
const DAY = 86_400_000;

const FUNCTIONS = ['condition', 'unless', 'args'];
const LISTS = ['keys', 'tags'];
const SWITCHES = ['beforeInvocation', 'allEntries'];
const TEXTS = ['cache', 'namespace', 'id'];

export function checkCacheable(options: CacheableOptions): CacheableOptions {
  return check('@Cacheable', options, CACHEABLE);
}

export function checkPut(options: CachePutOptions): CachePutOptions {
  const checked = check('@CachePut', options, PUT);
  if (checked.key === undefined && checked.of === undefined) {
    throw new CacheOptionsError("@CachePut: say what to store: key: (...args) => '…', or of: 'method'");
  }
  if (checked.key !== undefined && isGiven(checked, 'of')) {
    throw new CacheOptionsError('@CachePut: key and of both say under which key: leave one');
  }
  return checked;
}

export function checkEvict(options: CacheEvictOptions): CacheEvictOptions {
  const checked = check('@CacheEvict', options, EVICT);
  if (['key', 'keys', 'tags', 'allEntries', 'of'].every((name) => isMissing(checked, name))) {
    throw new CacheOptionsError('@CacheEvict: say what to evict: key, keys, of, tags, or allEntries: true');
  }
  return checked;
}

export function checkConfig(options: CacheConfigOptions): CacheConfigOptions {
  return check('@CacheConfig', options, CONFIG);
}

export function checkWarm(options: CacheWarmOptions): CacheWarmOptions {
  const checked = check('@CacheWarm', options, WARM);
  const { blocking, timeout, concurrency, refresh, log, name } = checked;
  checkWarmOptions({ concurrency, refresh, log, name }, '@CacheWarm');
  expect('@CacheWarm', { blocking }, 'blocking', 'true or false', (value) => typeof value === 'boolean');
  if (timeout === undefined) return checked;
  if (blocking !== true) throw new CacheOptionsError('@CacheWarm: timeout goes with blocking: true; leave it out');
  if (timeoutOf(timeout, '@CacheWarm: timeout', 1) <= DAY) return checked;
  throw new CacheOptionsError(`@CacheWarm: timeout must be at most '1d'; got '${timeout}'`);
}

function check<O extends object>(decorator: string, options: O, known: readonly string[]): O {
  assertOptions(options, known, decorator);
  if (options === undefined) throw new CacheOptionsError(`${decorator}: options are missing`);
  const given = options as Record<string, unknown>;
  for (const name of FUNCTIONS) expect(decorator, given, name, 'a function', (value) => typeof value === 'function');
  for (const name of TEXTS) expect(decorator, given, name, 'a string that is not empty', isText);
  expect(
    decorator,
    given,
    'key',
    'a function or a string',
    (value) => typeof value === 'function' || typeof value === 'string',
  );
  for (const name of LISTS) expect(decorator, given, name, 'a function or an array of strings', isListOrFunction);
  expect(
    decorator,
    given,
    'varyBy',
    "a function or 'public'",
    (value) => typeof value === 'function' || value === 'public',
  );
  if (given['ttl'] !== undefined && typeof given['ttl'] !== 'function') milliseconds(given['ttl'], `${decorator}: ttl`);
  for (const name of SWITCHES) expect(decorator, given, name, 'true or false', (value) => typeof value === 'boolean');
  if (isGiven(given, 'args') && !isGiven(given, 'of')) {
    throw new CacheOptionsError(`${decorator}: args are those of the method that of names: add of, or leave them out`);
  }
  resolveTerms(options, NO_TERMS, decorator);
  return Object.freeze({ ...options });
}

function expect(
  decorator: string,
  options: Record<string, unknown>,
  name: string,
  what: string,
  is: (value: unknown) => boolean,
): void {
  if (options[name] === undefined || is(options[name])) return;
  throw new CacheOptionsError(`${decorator}: ${name} must be ${what}`);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isListOrFunction(value: unknown): boolean {
  return typeof value === 'function' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
}

function isGiven(options: object, name: string): boolean {
  return (options as Record<string, unknown>)[name] !== undefined;
}

function isMissing(options: object, name: string): boolean {
  const value: unknown = (options as Record<string, unknown>)[name];
  return value === undefined || value === false;
}
