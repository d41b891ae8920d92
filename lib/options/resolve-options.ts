import { assertOptions, nameOf } from '../cache/arguments.js';
import { refuseLater } from '../cache/call-options.js';
import { CacheOptionsError, notAvailable } from '../errors/cache.errors.js';
import type { FileStoreOptions } from '../stores/file/file.store.js';
import type { MemoryStoreOptions } from '../stores/memory/memory.pool.js';
import { systemClock, type Clock } from '../support/clock.js';
import { milliseconds } from '../support/duration.js';
import { boolean, callable, text, wrong } from './checks.js';
import type { BlossomCacheOptions, HybridCacheOptions, MemoryCacheOptions } from './options.js';
import { FILE_OPTIONS, resolveFile } from './resolve-file.js';
import { MEMORY_OPTIONS, resolveMemory } from './resolve-memory.js';
import { resolveStored, STORED_OPTIONS, type ResolvedStored } from './resolve-stored.js';

/** The options of one cache, complete and checked. */
export interface ResolvedOptions {
  readonly name: string | undefined;
  readonly enabled: boolean;
  /** Milliseconds. */
  readonly ttl: number;
  /** Milliseconds. */
  readonly ttlJitter: number;
  readonly varyBy: (() => string) | undefined;
  readonly anonymousGuards: readonly unknown[];
  readonly clock: Clock;
  readonly tiers: Tiers;
}

/** Where entries are kept; with both, memory stands in front of the files. */
export interface Tiers {
  readonly memory?: MemoryStoreOptions;
  readonly file?: ResolvedStored & { readonly store: FileStoreOptions };
}

const COMMON = [
  'backend', 'name', 'enabled', 'isGlobal', 'ttl', 'ttlJitter', 'prefix', 'version', 'varyBy', 'anonymousGuards', 'clock',
] as const; // prettier-ignore

/** What can be said besides, by backend. */
const BACKENDS: Readonly<Record<string, readonly string[]>> = {
  memory: MEMORY_OPTIONS,
  file: [...FILE_OPTIONS, ...STORED_OPTIONS],
  hybrid: ['memory', 'file', 'redis', ...STORED_OPTIONS],
  off: [],
};
const LATER = ['redis', 'cache-manager', 'keyv'];

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
  if (LATER.includes(backend)) {
    throw notAvailable(`${where}: backend '${backend}'`, undefined, "use 'memory', 'file' or 'hybrid'");
  }
  const own = Object.hasOwn(BACKENDS, backend) ? BACKENDS[backend]! : undefined;
  if (own === undefined) {
    const known = [...Object.keys(BACKENDS), ...LATER].join(', ');
    throw new CacheOptionsError(`${where}: backend must be one of ${known}; got '${backend}'`);
  }
  refuseLater(options, where);
  assertOptions(options, [...COMMON, ...own], where);
  return Object.freeze({ ...common(options), tiers: tiers(options) });
}

function tiers(options: BlossomCacheOptions): Tiers {
  const scope = { prefix: text(options.prefix, 'prefix') ?? '', version: version(options.version) };
  switch (options.backend) {
    case 'file':
      return { file: { ...resolveStored(options), store: resolveFile(options, scope) } };
    case 'hybrid':
      return hybrid(options, scope);
    case 'off':
      return {};
    default:
      return { memory: resolveMemory(options as MemoryCacheOptions) };
  }
}

function hybrid(options: HybridCacheOptions, scope: { prefix: string; version: string }): Tiers {
  const { memory = {}, file, redis } = options;
  if (redis !== undefined) throw notAvailable('BlossomCacheModule: redis', undefined, 'use file');
  if (file === undefined) {
    throw wrong('file', "given with backend 'hybrid', such as file: { cacheDir: '/var/cache/app' }", file);
  }
  assertOptions(memory, MEMORY_OPTIONS, 'BlossomCacheModule: memory');
  assertOptions(file, FILE_OPTIONS, 'BlossomCacheModule: file');
  return {
    memory: resolveMemory(memory, 'memory.'),
    file: { ...resolveStored(options), store: resolveFile(file, scope, 'file.') },
  };
}

function common(options: BlossomCacheOptions): Omit<ResolvedOptions, 'tiers'> {
  boolean(options.isGlobal, 'isGlobal', true);
  const ttl = milliseconds(options.ttl === undefined ? '1h' : options.ttl, 'ttl');
  const ttlJitter = milliseconds(options.ttlJitter === undefined ? 0 : options.ttlJitter, 'ttlJitter');
  if (ttlJitter < 0 || ttlJitter === Infinity) throw wrong('ttlJitter', 'a span of 0 or more', options.ttlJitter);
  return {
    name: text(options.name, 'name'),
    enabled: boolean(options.enabled, 'enabled', true) && options.backend !== 'off',
    ttl,
    ttlJitter,
    varyBy: callable<() => string>(options.varyBy, 'varyBy'),
    anonymousGuards: guards(options.anonymousGuards),
    clock: clock(options.clock),
  };
}

function version(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'string' && value !== '' && value.isWellFormed()) return value;
  throw wrong('version', 'a number, or a string that is not empty', value);
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
