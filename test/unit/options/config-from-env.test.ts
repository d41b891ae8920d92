import { afterEach, describe, expect, it, vi } from 'vitest';
import { CacheOptionsError } from '../../../lib/errors/cache.errors.js';
import { cacheConfigFromEnv, type EnvOptions } from '../../../lib/options/config-from-env.js';
import type { BlossomCacheOptions } from '../../../lib/options/options.js';

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
  ])('%s', (url, message) => {
    const error = errorOf(() => read(url));
    expect(error.message).toMatch(/^BLOSSOM_CACHE_URL/);
    expect(error.message).toMatch(message);
    expect(error.code).toBe('CACHE_OPTIONS');
  });

  it('a path that cannot be decoded', () => {
    expect(errorOf(() => read('file:///var/%E0%A4%A')).message).toMatch(/BLOSSOM_CACHE_URL/);
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
  ])('without repeating the secret in %s', (url) => {
    const error = errorOf(() => read(url));
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('hunter2');
  });
});
