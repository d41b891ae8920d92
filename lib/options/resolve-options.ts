import { assertOptions, nameOf } from '../cache/arguments.js';
import { refuseLater } from '../cache/call-options.js';
import { CacheOptionsError, notAvailable } from '../errors/cache.errors.js';
import type { MemoryStoreOptions } from '../stores/memory/memory.pool.js';
import { systemClock, type Clock } from '../support/clock.js';
import { milliseconds } from '../support/duration.js';
import type { BlossomCacheOptions, CommonOptions, MemoryCacheOptions } from './options.js';

/** The options of one cache, complete and checked. */
export interface ResolvedOptions {
  readonly name: string | undefined;
  readonly enabled: boolean;
  /** Milliseconds. */
  readonly ttl: number;
  /** Milliseconds. */
  readonly ttlJitter: number;
  readonly prefix: string;
  readonly version: string;
  readonly varyBy: (() => string) | undefined;
  readonly anonymousGuards: readonly unknown[];
  readonly clock: Clock;
  readonly memory: MemoryStoreOptions;
}

const COMMON = [
  'backend', 'name', 'enabled', 'isGlobal', 'ttl', 'ttlJitter', 'prefix', 'version', 'varyBy', 'anonymousGuards', 'clock',
] as const; // prettier-ignore
const MEMORY = ['maxSize', 'maxSizeMb', 'evictionPolicy', 'isolation', 'sizeOf'] as const;
const MEGABYTE = 1_048_576;
const LATER = ['file', 'redis', 'hybrid', 'cache-manager', 'keyv'];

/**
 * Puts in the defaults and checks everything.
 * @throws {CacheOptionsError} naming the option and what it should be.
 */
export function resolveOptions(options: BlossomCacheOptions = {}): ResolvedOptions {
  const where = 'BlossomCacheModule';
  if (typeof options !== 'object' || options === null) {
    throw new CacheOptionsError(`${where}: options must be an object; got ${nameOf(options)}`);
  }
  const backend: string = options.backend === undefined ? 'memory' : options.backend;
  if (LATER.includes(backend)) throw notAvailable(`${where}: backend '${backend}'`, undefined, "use 'memory'");
  if (backend !== 'memory' && backend !== 'off') {
    throw new CacheOptionsError(`${where}: backend must be one of memory, off, ${LATER.join(', ')}; got '${backend}'`);
  }
  refuseLater(options, where);
  assertOptions(options, backend === 'memory' ? [...COMMON, ...MEMORY] : COMMON, where);
  return Object.freeze({ ...common(options), memory: Object.freeze(memory(options as MemoryCacheOptions)) });
}

/** What the boot log says of a cache. */
export function describeOptions(options: ResolvedOptions): string {
  const name = options.name ?? 'default';
  if (!options.enabled) return `cache '${name}': off, nothing is stored`;
  const { maxSize, maxBytes, evictionPolicy } = options.memory;
  const limits = [
    ...(maxSize === Infinity ? [] : [`at most ${maxSize} entries`]),
    ...(maxBytes === Infinity ? [] : [`at most ${maxBytes / MEGABYTE} MB`]),
  ];
  const ttl = options.ttl === Infinity ? 'for ever' : `${options.ttl / 1_000} s`;
  return `cache '${name}': memory (${evictionPolicy}, ${limits.join(', ') || 'no limit'}, ttl ${ttl})`;
}

function common(options: BlossomCacheOptions): Omit<ResolvedOptions, 'memory'> {
  boolean(options, 'isGlobal', true);
  const ttl = milliseconds(options.ttl === undefined ? '1h' : options.ttl, 'ttl');
  const ttlJitter = milliseconds(options.ttlJitter === undefined ? 0 : options.ttlJitter, 'ttlJitter');
  if (ttlJitter < 0 || ttlJitter === Infinity) throw wrong('ttlJitter', 'a span of 0 or more', options.ttlJitter);
  return {
    name: text(options, 'name'),
    enabled: boolean(options, 'enabled', true) && options.backend !== 'off',
    ttl,
    ttlJitter,
    prefix: text(options, 'prefix') ?? '',
    version: version(options.version),
    varyBy: callable(options, 'varyBy') as (() => string) | undefined,
    anonymousGuards: guards(options.anonymousGuards),
    clock: clock(options.clock),
  };
}

function memory(options: MemoryCacheOptions): MemoryStoreOptions {
  const maxSizeMb = limit(options.maxSizeMb, 'maxSizeMb');
  const maxSize = limit(options.maxSize, 'maxSize');
  if (maxSize !== undefined && maxSize !== Infinity && !Number.isInteger(maxSize)) {
    throw wrong('maxSize', 'a whole number', maxSize);
  }
  return {
    maxSize: maxSize ?? (maxSizeMb === undefined ? 1_000 : Infinity),
    maxBytes: (maxSizeMb ?? Infinity) * MEGABYTE,
    evictionPolicy: oneOf(options.evictionPolicy, 'lru', ['lru', 'fifo', 'lfu'], 'evictionPolicy'),
    isolation: oneOf(options.isolation, 'reference', ['reference', 'freeze', 'clone'], 'isolation'),
    sizeOf: callable(options, 'sizeOf') as MemoryCacheOptions['sizeOf'],
  };
}

function limit(value: unknown, option: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value > 0) return value;
  throw wrong(option, 'a number greater than 0 (to store nothing, use enabled: false)', value);
}

function text(options: CommonOptions, option: 'name' | 'prefix'): string | undefined {
  const value: unknown = options[option];
  if (value === undefined || (typeof value === 'string' && value !== '' && value.isWellFormed())) return value;
  throw wrong(option, 'a string that is not empty', value);
}

function version(value: unknown): string {
  if (value === undefined) return '';
  if ((typeof value === 'number' && Number.isFinite(value)) || (typeof value === 'string' && value !== ''))
    return String(value);
  throw wrong('version', 'a number, or a string that is not empty', value);
}

function boolean(options: CommonOptions, option: 'enabled' | 'isGlobal', byDefault: boolean): boolean {
  const value: unknown = options[option] === undefined ? byDefault : options[option];
  if (typeof value === 'boolean') return value;
  throw wrong(option, 'true or false', value);
}

function callable(options: object, option: string): unknown {
  const value = (options as Record<string, unknown>)[option];
  if (value === undefined || typeof value === 'function') return value;
  throw wrong(option, 'a function', value);
}

function guards(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((guard) => typeof guard === 'function')) return Object.freeze([...value]);
  throw wrong('anonymousGuards', 'an array of guard classes', value);
}

function clock(value: Clock | undefined): Clock {
  if (value === undefined) return systemClock;
  if (typeof value?.now === 'function') return value;
  throw wrong('clock', 'an object with a method now()', value);
}

function oneOf<T extends string>(value: T | undefined, byDefault: T, known: readonly T[], option: string): T {
  if (value === undefined) return byDefault;
  if (known.includes(value)) return value;
  throw wrong(option, `one of ${known.join(', ')}`, value);
}

function wrong(option: string, expected: string, value: unknown): CacheOptionsError {
  const got = typeof value === 'number' || typeof value === 'string' ? `'${value}'` : nameOf(value);
  return new CacheOptionsError(`BlossomCacheModule: ${option} must be ${expected}; got ${got}`);
}
