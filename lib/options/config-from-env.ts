import { CacheOptionsError } from '../errors/cache.errors.js';
import type {
  BlossomCacheOptions,
  CommonOptions,
  HybridCacheOptions,
  MemoryLimits,
  RedisTier,
  StoredOptions,
} from './options.js';
import { readRedisUrl } from './redis-url.js';
import { MEMORY_OPTIONS } from './resolve-memory.js';
import { STORED_OPTIONS } from './resolve-stored.js';

/** What is said of Redis beside a URL. */
type ServerOptions = Pick<RedisTier, 'commandTimeout' | 'maxValueMb'>;

/**
 * What `cacheConfigFromEnv` takes besides: everything that is the same in every environment. Limits of memory
 * apply where the URL says that there is a memory tier, how values are stored where it says that they are, and
 * what is about Redis where it names a server.
 */
export interface EnvOptions
  extends CommonOptions, MemoryLimits, StoredOptions, ServerOptions, Pick<HybridCacheOptions, 'maxStaleness'> {
  /** The URL to use where the variable is not set. Without it an unset variable is an error. */
  readonly default?: string | undefined;
  /** Name of the variable. Default: `BLOSSOM_CACHE_URL`. */
  readonly variable?: string | undefined;
  /** Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Parameters of a URL and what they are: everything else in a configuration is no matter of the environment. */
const NUMBERS = ['maxSize', 'maxSizeMb', 'maxValueMb'];
/** Those of a hybrid that are not its far tier's. */
const COMMON_TEXTS = ['ttl', 'ttlJitter', 'prefix', 'version', 'maxStaleness'] as const;
const TEXTS: readonly string[] = ['evictionPolicy', 'isolation', 'durability', 'commandTimeout', ...COMMON_TEXTS];
const SERVER_OPTIONS = ['commandTimeout', 'maxValueMb'] as const;
const OPTIONAL = [...MEMORY_OPTIONS, ...STORED_OPTIONS, ...SERVER_OPTIONS, 'maxStaleness'] as const;

/**
 * Reads which backend to use from one environment variable, so that development, test and production differ
 * by nothing else: `memory:`, `memory:?maxSize=5000`, `file:///var/cache/app?maxSizeMb=100`,
 * `redis://host:6379/0?prefix=app`, `hybrid:redis://host:6379/0?memory.maxSize=100`, `off:`. Parameters override `options`.
 * @throws {CacheOptionsError} if it is not set and there is no default, or cannot be read. Credentials in the
 * URL are not repeated in the message.
 */
export function cacheConfigFromEnv(options: EnvOptions = {}): BlossomCacheOptions {
  const { default: fallback, variable = 'BLOSSOM_CACHE_URL', env = process.env, ...others } = options;
  const set = env[variable];
  const url = set === undefined || set === '' ? fallback : set;
  if (url === undefined) {
    throw new CacheOptionsError(
      `${variable} is not set: set it to a cache URL such as 'memory:', or give cacheConfigFromEnv a default`,
    );
  }
  return { ...omit(others, OPTIONAL), ...withOptions(readUrl(url, variable), others) };
}

/** Adds to what was read those options that apply to it. */
function withOptions(read: BlossomCacheOptions, options: EnvOptions): BlossomCacheOptions {
  const limits = pick(options, MEMORY_OPTIONS);
  const stored = pick(options, STORED_OPTIONS);
  const server = pick(options, SERVER_OPTIONS);
  switch (read.backend) {
    case 'off':
      return read;
    case 'memory':
      return { ...limits, ...read };
    case 'redis':
      return { ...stored, ...server, ...read };
    case 'hybrid': {
      const memory = Object.keys(limits).length > 0 ? { memory: { ...limits, ...read.memory } } : {};
      if (read.redis === undefined) return { ...stored, ...read, ...memory };
      const redis = { ...server, ...read.redis };
      return { ...stored, ...pick(options, ['maxStaleness']), ...read, ...memory, redis };
    }
    default:
      return { ...stored, ...read };
  }
}

/** Those of the options that are given. */
function pick<T extends object, K extends keyof T>(options: T, names: readonly K[]): Partial<Pick<T, K>> {
  const given = names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
  return Object.fromEntries(given) as Partial<Pick<T, K>>;
}

function omit<T extends object, K extends keyof T>(options: T, names: readonly K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name as K))) as Omit<T, K>;
}

function readUrl(text: string, variable: string): BlossomCacheOptions {
  if (/^(?:hybrid:)?rediss?:[^?]*\?.*[@#]/is.test(text)) {
    throw new CacheOptionsError(
      `${variable} has an '@' or a '#' behind its '?': in credentials and parameters these three are percent-encoded`,
    );
  }
  const scheme = /^([a-z]+):/i.exec(text)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'memory':
      return { backend: 'memory', ...parameters(text, variable) };
    case 'off':
      return { backend: 'off', ...parameters(text, variable) };
    case 'file':
      return { backend: 'file', cacheDir: pathOf(text, variable), ...parameters(text, variable) };
    case 'redis':
    case 'rediss':
      return { backend: 'redis', url: serverUrl(text, variable), ...parameters(text, variable) };
    case 'hybrid':
      return { backend: 'hybrid', ...farTier(text.slice('hybrid:'.length), variable) };
    default:
      throw new CacheOptionsError(
        `${variable} must be a URL that begins with memory:, file:, redis:, rediss:, hybrid: or off:; got ${
          scheme === undefined ? 'no URL' : `'${scheme}:'`
        }`,
      );
  }
}

function farTier(text: string, variable: string): object {
  const { far: url, near } = splitTiers(text, variable);
  const { backend, ...given }: Readonly<Record<string, unknown>> = { ...readUrl(url, variable) };
  const memory = Object.keys(near).length === 0 ? {} : { memory: near };
  const common = { ...pick(given, COMMON_TEXTS), ...memory };
  if (backend === 'file' || backend === 'redis') return { ...common, [backend]: omit(given, COMMON_TEXTS) };
  throw new CacheOptionsError(
    `${variable}: hybrid: is followed by the far tier, such as hybrid:redis://host:6379 or hybrid:file:///dir`,
  );
}

/** `memory.…` parameters are the near tier's; the rest of the URL is the far one's. */
function splitTiers(text: string, variable: string): { far: string; near: Record<string, string | number> } {
  const at = text.indexOf('?');
  if (at === -1) return { far: text, near: {} };
  const all = [...new URLSearchParams(text.slice(at + 1))];
  const near: [string, string][] = [];
  const rest: [string, string][] = [];
  for (const [name, value] of all) {
    if (name.startsWith('memory.')) near.push([name.slice('memory.'.length), value]);
    else rest.push([name, value]);
  }
  const far = new URLSearchParams(rest).toString();
  return {
    far: text.slice(0, at) + (far === '' ? '' : `?${far}`),
    near: parameters(`?${new URLSearchParams(near).toString()}`, variable),
  };
}

/** The URL of a server without what is said of the cache. */
function serverUrl(text: string, variable: string): string {
  const url = text.split('?')[0]!;
  readRedisUrl(url, variable);
  return url;
}

function pathOf(text: string, variable: string): string {
  const path = decoded(
    text
      .slice('file:'.length)
      .split('?')[0]!
      .replace(/^\/\/(?=\/)/, ''),
  );
  if (path === undefined || path === '' || path.startsWith('//')) {
    throw new CacheOptionsError(`${variable}: file: needs a directory, such as file:///var/cache/app`);
  }
  return path;
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function parameters(text: string, variable: string): Record<string, string | number> {
  const query = text.includes('?') ? text.slice(text.indexOf('?') + 1) : '';
  const found: Record<string, string | number> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (NUMBERS.includes(name)) found[name] = Number(value);
    else if (TEXTS.includes(name)) found[name] = value;
    else {
      throw new CacheOptionsError(
        `${variable}: unknown parameter '${name}'; known are ${[...NUMBERS, ...TEXTS].join(', ')}`,
      );
    }
  }
  return found;
}
