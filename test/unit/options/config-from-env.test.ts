import { afterEach, describe, expect, it, vi } from 'vitest';
import { CacheOptionsError } from '../../../lib/errors/cache.errors.js';
import { cacheConfigFromEnv, type EnvOptions } from '../../../lib/options/config-from-env.js';
import type { BlossomCacheOptions } from '../../../lib/options/options.js';
import { resolveOptions } from '../../../lib/options/resolve-options.js';

const read = (url: string | undefined, options: EnvOptions = {}): BlossomCacheOptions =>
  cacheConfigFromEnv({ ...options, env: { BLOSSOM_CACHE_URL: url } });

function errorOf(make: () => unknown): CacheOptionsError {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(CacheOptionsError);
    return error as CacheOptionsError;
  }
  throw new Error('there was no error');
}

afterEach(() => vi.unstubAllEnvs());

describe('cacheConfigFromEnv reads', () => {
  it.each<[string, BlossomCacheOptions]>([
    ['memory:', { backend: 'memory' }],
    ['MEMORY:', { backend: 'memory' }],
    ['memory:?maxSize=5000', { backend: 'memory', maxSize: 5000 }],
    ['memory:?maxSizeMb=0.5&evictionPolicy=lfu', { backend: 'memory', maxSizeMb: 0.5, evictionPolicy: 'lfu' }],
    ['memory:?isolation=clone&ttl=5m', { backend: 'memory', isolation: 'clone', ttl: '5m' }],
    [
      'memory:?ttlJitter=10s&prefix=app&version=v2',
      { backend: 'memory', ttlJitter: '10s', prefix: 'app', version: 'v2' },
    ],
    ['memory:?prefix=a%26b', { backend: 'memory', prefix: 'a&b' }],
    ['off:', { backend: 'off' }],
    ['file:///var/cache/app', { backend: 'file', cacheDir: '/var/cache/app' }],
    ['file:/var/cache/app', { backend: 'file', cacheDir: '/var/cache/app' }],
    ['file:./cache', { backend: 'file', cacheDir: './cache' }],
    ['file:///var/my%20cache?maxSizeMb=100', { backend: 'file', cacheDir: '/var/my cache', maxSizeMb: 100 }],
    ['redis://host:6379/0', { backend: 'redis', url: 'redis://host:6379/0' }],
    ['redis://ann:hunter2@host', { backend: 'redis', url: 'redis://ann:hunter2@host' }],
    ['rediss://host', { backend: 'redis', url: 'rediss://host' }],
    [
      'redis://ann:hunter2@host:1/2?ttl=5m&prefix=app&version=3&commandTimeout=2s&maxValueMb=1',
      {
        backend: 'redis',
        url: 'redis://ann:hunter2@host:1/2',
        ttl: '5m',
        prefix: 'app',
        version: '3',
        commandTimeout: '2s',
        maxValueMb: 1,
      },
    ],
    ['redis://host?', { backend: 'redis', url: 'redis://host' }],
    ['redis://host?prefix=a%40b%23', { backend: 'redis', url: 'redis://host', prefix: 'a@b#' }],
    [
      'hybrid:rediss://host:1/2?memory.maxSize=100&maxStaleness=2s&ttl=1m&commandTimeout=1s&maxValueMb=2',
      {
        backend: 'hybrid',
        memory: { maxSize: 100 },
        redis: { url: 'rediss://host:1/2', commandTimeout: '1s', maxValueMb: 2 },
        maxStaleness: '2s',
        ttl: '1m',
      },
    ],
    ['hybrid:redis://host:6379/0', { backend: 'hybrid', redis: { url: 'redis://host:6379/0' } }],
    ['hybrid:file:///dir?maxSizeMb=9', { backend: 'hybrid', file: { cacheDir: '/dir', maxSizeMb: 9 } }],
  ])('%s', (url, expected) => {
    expect(read(url)).toEqual(expected);
  });

  it('memory.* parameters of a hybrid, as its documentation shows', () => {
    expect(read('hybrid:redis://host:6379/0?memory.maxSize=100')).toMatchObject({
      backend: 'hybrid',
      memory: { maxSize: 100 },
    });
  });

  const aboutRedis = { commandTimeout: '1s', maxValueMb: 2, maxStaleness: '3s', onError: 'throw', maxSize: 7 } as const;
  it.each<[string, object]>([
    ['memory:', { backend: 'memory', maxSize: 7 }],
    ['off:', { backend: 'off' }],
    ['file:/dir', { backend: 'file', cacheDir: '/dir', onError: 'throw' }],
    ['redis://host', { backend: 'redis', url: 'redis://host', onError: 'throw', commandTimeout: '1s', maxValueMb: 2 }],
    ['hybrid:file:/dir', { backend: 'hybrid', memory: { maxSize: 7 }, file: { cacheDir: '/dir' }, onError: 'throw' }],
    [
      'hybrid:redis://host?maxStaleness=5s&commandTimeout=9s',
      {
        backend: 'hybrid',
        memory: { maxSize: 7 },
        redis: { url: 'redis://host', commandTimeout: '9s', maxValueMb: 2 },
        maxStaleness: '5s',
        onError: 'throw',
      },
    ],
  ])('what applies of what is given besides: %s', (url, expected) => {
    const options = read(url, aboutRedis);
    expect(options).toEqual(expected);
    expect(() => resolveOptions(options)).not.toThrow();
  });

  it('the variable that it is told, from the environment of the process', () => {
    vi.stubEnv('BLOSSOM_CACHE_URL', 'off:');
    vi.stubEnv('OTHER_URL', 'memory:?maxSize=3');
    expect(cacheConfigFromEnv()).toEqual({ backend: 'off' });
    expect(cacheConfigFromEnv({ variable: 'OTHER_URL' })).toEqual({ backend: 'memory', maxSize: 3 });
  });

  it.each([undefined, ''])('the default where the variable is %j', (url) => {
    expect(read(url, { default: 'memory:?maxSize=2' })).toEqual({ backend: 'memory', maxSize: 2 });
  });

  it('the variable rather than the default', () => {
    expect(read('off:', { default: 'memory:' })).toEqual({ backend: 'off' });
  });

  it('options besides, which parameters override', () => {
    const varyBy = (): string => 'x';
    const options = { ttl: '1h', name: 'llm', isGlobal: false, varyBy } as const;
    expect(read('memory:?ttl=5s', options)).toEqual({
      backend: 'memory',
      ttl: '5s',
      name: 'llm',
      isGlobal: false,
      varyBy,
    });
    expect(options.ttl).toBe('1h');
  });
});

describe('cacheConfigFromEnv refuses', () => {
  it.each([undefined, ''])('a variable that is %j, without default', (url) => {
    expect(errorOf(() => read(url)).message).toMatch(/^BLOSSOM_CACHE_URL is not set/);
  });

  it('by the name of the variable', () => {
    expect(errorOf(() => cacheConfigFromEnv({ variable: 'OTHER', env: {} })).message).toMatch(/^OTHER is not set/);
    expect(errorOf(() => cacheConfigFromEnv({ variable: 'OTHER', env: { OTHER: 'x' } })).message).toMatch(
      /^OTHER must be a URL/,
    );
  });

  it.each([
    ['memory', /no URL/],
    [' ', /no URL/],
    ['5', /no URL/],
    ['/var/cache', /no URL/],
    ['postgres://host', /'postgres:'/],
    ['memory:?maxsize=5', /unknown parameter 'maxsize'/],
    ['memory:?password=hunter2', /unknown parameter 'password'/],
    ['file:', /file: needs a directory/],
    ['file://host/dir', /file: needs a directory/],
    ['file:///dir?nope=1', /unknown parameter 'nope'/],
    ['hybrid:', /hybrid: is followed by the far tier|no URL/],
    ['hybrid:memory:', /hybrid: is followed by the far tier/],
    ['hybrid:off:', /hybrid: is followed by the far tier/],
    ['redis:', /BLOSSOM_CACHE_URL cannot be read/],
    ['redis://', /BLOSSOM_CACHE_URL cannot be read/],
    ['redis://host:port', /BLOSSOM_CACHE_URL cannot be read/],
    ['redis://host/users', /BLOSSOM_CACHE_URL .*number of the database/],
    ['redis://host?db=3', /unknown parameter 'db'/],
    ['redis://host?memory.maxSize=3', /unknown parameter 'memory.maxSize'/],
    ['hybrid:redis://host?stale=3', /unknown parameter 'stale'/],
    ['hybrid:redis://host?memory.stale=3', /unknown parameter 'stale'/],
  ])('%s', (url, message) => {
    const error = errorOf(() => read(url));
    expect(error.message).toMatch(/^BLOSSOM_CACHE_URL/);
    expect(error.message).toMatch(message);
    expect(error.code).toBe('CACHE_OPTIONS');
  });

  it('a path that cannot be decoded', () => {
    expect(errorOf(() => read('file:///var/%E0%A4%A')).message).toMatch(/BLOSSOM_CACHE_URL/);
  });

  it('what only a hybrid over redis has, when it is resolved', () => {
    for (const url of ['redis://host?maxStaleness=1s', 'hybrid:file:/dir?maxStaleness=1s', 'memory:?maxStaleness=1s']) {
      expect(errorOf(() => resolveOptions(read(url))).message).toMatch(/maxStaleness is for a hybrid over redis/);
    }
  });

  it.each([
    'postgres://ann:hunter2@host',
    'redis//ann:hunter2@host',
    ' redis://ann:hunter2@host',
    'hybrid:postgres://ann:hunter2@host',
    'memory:?password=hunter2',
    'memory:?hunter=hunter2',
    'file://ann:hunter2@host/dir',
    'host:6379?password=hunter2',
    'redis://ann:hunter2@',
    'redis://ann:hunter2@host:port',
    'redis://ann:hunter2@host/users',
    'redis://ann:hunter2%E0%A4%A@host',
    'redis://ann:hunter2@host?db=1',
    'redis://ann:hunter2@host#fragment',
    'redis://ann:pass#hunter2@host',
    'redis://ann:pass?hunter2@host',
    'redis://ann:12?hunter2@host',
    'redis://ann:12?hunter2=x@host',
    'redis://ann:12?ttl=hunter2@host',
    'redis://ann:hunter2/x@host?ttl=5s',
    'hybrid:redis://ann:hunter2@host?memory.nope=1',
    'hybrid:redis://ann:12?memory.hunter2=x@host',
    'hybrid:redis://ann:hunter2@host:port?memory.maxSize=1',
    'hybrid:hybrid:redis://ann:hunter2@host',
  ])('without repeating the secret in %s', (url) => {
    const error = errorOf(() => read(url));
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('hunter2');
  });
});
