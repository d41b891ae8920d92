import { assertOptions, nameOf } from '../cache/arguments.js';
import { FRESHNESS_OPTIONS } from '../cache/call-options.js';
import { NO_TERMS, resolveTerms, type LoadTerms } from '../cache/call-policy.js';
import type { CodecOptions } from '../codec/codec.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { FileStoreOptions } from '../stores/file/file.store.js';
import type { ResolvedMonitor } from '../monitor/monitor-options.js';
import type { MemoryStoreOptions } from '../stores/memory/memory.pool.js';
import { systemClock, type Clock } from '../support/clock.js';
import { milliseconds } from '../support/duration.js';
import type { RedisStoreOptions } from '../stores/redis/redis-options.js';
import { boolean, callable, commandTimeout, contradiction, text, wrong } from './checks.js';
import type {
  BlossomCacheOptions,
  HybridCacheOptions,
  MemoryCacheOptions,
  RedisCacheOptions,
  RedisTier,
  StoreWrapper,
} from './options.js';
import { FILE_OPTIONS, resolveFile } from './resolve-file.js';
import { FOREIGN_OPTIONS, resolveForeign, type ResolvedForeign } from './resolve-foreign.js';
import { MEMORY_OPTIONS, resolveMemory, type ResolvedMemory } from './resolve-memory.js';
import { resolveMonitor } from './resolve-monitor.js';
import { maxStaleness, REDIS_OPTIONS, resolveRedis } from './resolve-redis.js';
import { resolveStored, STORED_OPTIONS, type ResolvedStored } from './resolve-stored.js';
import { resolveWriteBehind, type ResolvedWriteBehind } from './resolve-write-behind.js';

/** The options of one cache, complete and checked. */
export interface ResolvedOptions {
  readonly name: string | undefined;
  readonly enabled: boolean;
  /** Milliseconds. */
  readonly ttl: number;
  /** Milliseconds. */
  readonly ttlJitter: number;
  readonly terms: LoadTerms;
  readonly varyBy: (() => string) | undefined;
  readonly anonymousGuards: readonly unknown[];
  readonly clock: Clock;
  readonly monitor: ResolvedMonitor;
  readonly faults: StoreWrapper | undefined;
  readonly tiers: Tiers;
  readonly writeBehind: ResolvedWriteBehind;
  /** How writes become bytes that wait for their source: as entries do. */
  readonly codec: CodecOptions;
}

/** Where entries are kept; with two, memory stands in front of the other one. */
export interface Tiers {
  readonly memory?: ResolvedMemory;
  readonly file?: ResolvedStored & { readonly store: FileStoreOptions };
  readonly redis?: ResolvedStored & { readonly store: RedisStoreOptions };
  readonly foreign?: ResolvedStored & { readonly store: ResolvedForeign };
  /** For tests: memory that keeps values and fails as the store does in whose place it is. No option leads here. */
  readonly standIn?: ResolvedStored & { readonly store: Omit<MemoryStoreOptions, 'isolation'>; readonly for: string };
}

interface Scope {
  readonly prefix: string;
  readonly version: string;
}

const COMMON = [
  'backend', 'name', 'enabled', 'isGlobal', 'ttl', 'ttlJitter', 'prefix', 'version', 'varyBy', 'anonymousGuards', 'clock', 'writeBehind',
  'monitor', 'faults',
  ...FRESHNESS_OPTIONS,
] as const; // prettier-ignore

/** What can be said besides, by backend. */
const BACKENDS: Readonly<Record<string, readonly string[]>> = {
  memory: MEMORY_OPTIONS,
  file: [...FILE_OPTIONS, ...STORED_OPTIONS],
  redis: [...REDIS_OPTIONS, ...STORED_OPTIONS],
  hybrid: ['memory', 'file', 'redis', 'commandTimeout', 'maxStaleness', ...STORED_OPTIONS],
  'cache-manager': [...FOREIGN_OPTIONS, ...STORED_OPTIONS],
  keyv: [...FOREIGN_OPTIONS, ...STORED_OPTIONS],
  off: [],
};

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
  const own = Object.hasOwn(BACKENDS, backend) ? BACKENDS[backend]! : undefined;
  if (own === undefined) {
    throw new CacheOptionsError(
      `${where}: backend must be one of ${Object.keys(BACKENDS).join(', ')}; got '${backend}'`,
    );
  }
  assertOverRedis('maxStaleness', options);
  assertOptions(options, [...COMMON, ...own], where);
  const places = tiers(options);
  const { file, redis, foreign } = places;
  return Object.freeze({
    ...common(options),
    tiers: places,
    writeBehind: resolveWriteBehind(options, file?.store.directory),
    codec: (file ?? redis ?? foreign ?? resolveStored({})).codec,
  });
}

function tiers(options: BlossomCacheOptions): Tiers {
  const scope: Scope = { prefix: text(options.prefix, 'prefix') ?? '', version: version(options.version) };
  switch (options.backend) {
    case 'file':
      return { file: { ...resolveStored(options), store: resolveFile(options, scope) } };
    case 'redis':
      return { redis: redis(options, scope) };
    case 'hybrid':
      return hybrid(options, scope);
    case 'cache-manager':
    case 'keyv':
      return { foreign: { ...resolveStored(options), store: resolveForeign(options, scope) } };
    case 'off':
      return {};
    default:
      return { memory: resolveMemory(options as MemoryCacheOptions) };
  }
}

function hybrid(options: HybridCacheOptions, scope: Scope): Tiers {
  const { memory = {}, file, redis: server } = options;
  assertOptions(memory, MEMORY_OPTIONS, 'BlossomCacheModule: memory');
  const near = { memory: resolveMemory(memory, 'memory.') };
  if (file !== undefined && server !== undefined) {
    throw contradiction('file', 'redis', 'a hybrid has one of them below its memory');
  }
  if (server !== undefined) return { ...near, redis: hybridRedis(options, server, scope) };
  if (file === undefined) {
    const example = "file: { cacheDir: '/var/cache/app' } or redis: { url: 'redis://localhost:6379' }";
    throw wrong('file', `given with backend 'hybrid', or redis, such as ${example}`, file);
  }
  assertOverRedis('commandTimeout', options);
  assertOptions(file, FILE_OPTIONS, 'BlossomCacheModule: file');
  return { ...near, file: { ...resolveStored(options), store: resolveFile(file, scope, 'file.') } };
}

function redis(options: RedisCacheOptions, scope: Scope): NonNullable<Tiers['redis']> {
  const waits = { commandTimeout: commandTimeout(options.commandTimeout), maxStaleness: maxStaleness(undefined) };
  const store = resolveRedis(options, { ...scope, ...waits, near: false });
  return { ...resolveStored(options, store.maxBytes), store };
}

function hybridRedis(options: HybridCacheOptions, server: RedisTier, scope: Scope): NonNullable<Tiers['redis']> {
  assertOptions(server, REDIS_OPTIONS, 'BlossomCacheModule: redis');
  const [top, own] = [options.commandTimeout, server.commandTimeout];
  if (top !== undefined && own !== undefined) {
    throw contradiction('commandTimeout', 'redis.commandTimeout', 'they mean the same; give one');
  }
  const waits = {
    commandTimeout: own === undefined ? commandTimeout(top) : commandTimeout(own, 'redis.commandTimeout'),
    maxStaleness: maxStaleness(options.maxStaleness),
  };
  const store = resolveRedis(server, { ...scope, ...waits, near: true }, 'redis.');
  return { ...resolveStored(options, store.maxBytes), store };
}

/** Refuses an option of a hybrid over Redis anywhere else. */
function assertOverRedis(option: 'commandTimeout' | 'maxStaleness', options: BlossomCacheOptions): void {
  const given = options as Partial<HybridCacheOptions>;
  if (given[option] === undefined || (given.backend === 'hybrid' && given.redis !== undefined)) return;
  throw new CacheOptionsError(`BlossomCacheModule: ${option} is for a hybrid over redis; remove it`);
}

function common(options: BlossomCacheOptions): Omit<ResolvedOptions, 'tiers' | 'writeBehind' | 'codec'> {
  boolean(options.isGlobal, 'isGlobal', true);
  const ttl = milliseconds(options.ttl === undefined ? '1h' : options.ttl, 'ttl');
  const ttlJitter = milliseconds(options.ttlJitter === undefined ? 0 : options.ttlJitter, 'ttlJitter');
  if (ttlJitter < 0 || ttlJitter === Infinity) throw wrong('ttlJitter', 'a span of 0 or more', options.ttlJitter);
  return {
    name: text(options.name, 'name'),
    enabled: boolean(options.enabled, 'enabled', true) && options.backend !== 'off',
    ttl,
    ttlJitter,
    terms: Object.freeze(resolveTerms(options, NO_TERMS, 'BlossomCacheModule')),
    varyBy: callable<() => string>(options.varyBy, 'varyBy'),
    anonymousGuards: guards(options.anonymousGuards),
    clock: clock(options.clock),
    monitor: resolveMonitor(options.monitor),
    faults: faults(options.faults),
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

function faults(value: StoreWrapper | undefined): StoreWrapper | undefined {
  if (value === undefined || typeof value?.wrap === 'function') return value;
  throw wrong('faults', 'an object with a method wrap(store), such as Faults of nestjs-blossom-cache/testing', value);
}

function clock(value: Clock | undefined): Clock {
  if (value === undefined) return systemClock;
  if (typeof value?.now === 'function') return value;
  throw wrong('clock', 'an object with a method now()', value);
}
