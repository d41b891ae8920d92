import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { Keyv } from 'keyv';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  Cacheable,
  cacheToken,
  CacheService,
  type BlossomCacheOptions,
} from '../../../lib/index.js';
import { BlossomCacheOtelModule, type OtelOptions } from '../../../lib/otel/index.js';
import { eventually } from '../../support/redis/eventually.js';
import { RedisServer, stopServers } from '../../support/redis/redis-server.js';
import { boot } from '../module/module-rig.js';
import { shown, spans, within } from './otel-rig.js';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await stopServers();
});

async function traced(options: BlossomCacheOptions = {}, otel: OtelOptions = {}): Promise<CacheService> {
  const { app } = await boot([BlossomCacheModule.forRoot(options), BlossomCacheOtelModule.forRoot(otel)]);
  return app.get(cacheToken(options.name));
}

const names = (all: readonly ReadableSpan[]): string[] => all.map(({ name }) => name);
const named = (all: readonly ReadableSpan[], name: string): ReadableSpan => {
  const found = all.filter((span) => span.name === name);
  expect(names(found)).toEqual([name]);
  return found[0]!;
};
const isChild = (child: ReadableSpan, parent: ReadableSpan): void => {
  expect(child.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
};

describe('a load', () => {
  it('is a span, a child of what asked for it, and the parent of what its loader does', async () => {
    const cache = await traced();
    const load = () => within('GET /users/1', async () => 'Ada');
    await within('request', () => cache.getOrSet('k', load));
    const all = spans();
    expect(names(all)).toEqual(['GET /users/1', 'cache.load getOrSet', 'request']);
    const [inner, loading, request] = all as [ReadableSpan, ReadableSpan, ReadableSpan];
    isChild(inner, loading);
    isChild(loading, request);
    expect(loading.kind).toBe(SpanKind.INTERNAL);
    expect(loading.attributes).toEqual({ 'blossom.cache.name': 'default', 'blossom.cache.operation': 'getOrSet' });
    expect(loading.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('from memory is none', async () => {
    const cache = await traced();
    await cache.set('k', 1);
    expect([await cache.get('k'), await cache.getOrSet('k', () => 2)]).toEqual([1, 1]);
    expect(spans()).toEqual([]);
  });

  it('that many wait for is one', async () => {
    const cache = await traced();
    await Promise.all(Array.from({ length: 10 }, () => cache.getOrSet('k', async () => 1)));
    expect(names(spans())).toEqual(['cache.load getOrSet']);
  });

  it('of a decorated method is named after it', async () => {
    class Users {
      @Cacheable()
      async findOne(id: number) {
        return { id };
      }
    }
    const { app } = await boot([BlossomCacheOtelModule.forRoot(), BlossomCacheModule.forRoot()], [Users]);
    await app.init();
    await app.get(Users).findOne(1);
    expect(names(spans())).toEqual(['cache.load Users.findOne']);
  });

  it('for many keys is one, and says how many', async () => {
    const cache = await traced();
    const load = (keys: readonly string[]) => within('SELECT', async () => Object.fromEntries(keys.map((k) => [k, k])));
    await cache.getOrSetMany(['a', 'b', 'c'], load);
    const all = spans();
    expect(names(all)).toEqual(['SELECT', 'cache.load getOrSetMany']);
    isChild(all[0]!, all[1]!);
    expect(all[1]!.attributes['blossom.cache.batch.size']).toBe(3);
  });

  it('that is begun by a promise of another kind, when somebody waits for it, runs inside of its span', async () => {
    const cache = await traced();
    // oxlint-disable-next-line unicorn/no-thenable -- as query builders are
    const query = { then: (resolve: (value: string) => void) => void within('SELECT', async () => resolve('row')) };
    expect(await cache.getOrSet('k', () => query as unknown as Promise<string>)).toBe('row');
    const all: ReadableSpan[] = [];
    await eventually('both are over', () => all.push(...spans()) === 2);
    isChild(named(all, 'SELECT'), named(all, 'cache.load getOrSet'));
  });

  it('that fails says so by the class of its error, and shows nothing of its message', async () => {
    class PaymentError extends Error {}
    const cache = await traced();
    const failing = [
      () => Promise.reject(new PaymentError('card 4111')),
      () => {
        throw new PaymentError('card 4111');
      },
    ];
    for (const load of failing) {
      await expect(cache.getOrSet('k', load)).rejects.toThrow('card 4111');
      const [span] = spans();
      expect(span!.status).toEqual({ code: SpanStatusCode.ERROR });
      expect(span!.attributes['error.type']).toBe('PaymentError');
      expect(shown([span!])).not.toContain('4111');
    }
    const said = cache.getOrSet('k', (context) => {
      try {
        context.fail('card 4111');
      } catch {
        return 'a value that does not count';
      }
    });
    await expect(said).rejects.toThrow('card 4111');
    expect(spans()[0]!.attributes['error.type']).toBe('CacheLoadError');
  });
});

describe('a call of a backend', () => {
  it('of Redis is a span by the semantic conventions, with the loads between', async () => {
    const { port } = await RedisServer.start();
    const cache = await traced({ backend: 'redis', host: '127.0.0.1', port, database: 3 });
    await within('request', () => cache.getOrSet('k', async () => 'v'));
    const all = spans();
    const request = named(all, 'request');
    const calls = ['cache.read redis', 'cache.lease redis', 'cache.load getOrSet', 'cache.commit redis'];
    expect(names(all)).toEqual([...calls, 'request']);
    for (const name of calls) isChild(named(all, name), request);
    const read = named(all, 'cache.read redis');
    expect(read.kind).toBe(SpanKind.CLIENT);
    expect(read.attributes).toEqual({
      'blossom.cache.name': 'default',
      'blossom.cache.tier': 'redis',
      'db.system.name': 'redis',
      'db.operation.name': 'read',
      'db.namespace': '3',
      'server.address': '127.0.0.1',
      'server.port': port,
    });
    await cache.getMany(['k', 'l']);
    await cache.invalidateTags('t');
    await cache.clear();
    const more = spans();
    expect(names(more)).toEqual(['cache.readMany redis', 'cache.invalidateTags redis', 'cache.clear redis']);
    expect(more[0]!.attributes['db.operation.batch.size']).toBe(2);
  });

  it('is none where memory in front of it answers', async () => {
    const { port } = await RedisServer.start();
    const cache = await traced({ backend: 'hybrid', memory: {}, redis: { host: '127.0.0.1', port } });
    await cache.set('k', 'v');
    await cache.get('k');
    spans();
    for (let i = 0; i < 10; i += 1) expect(await cache.get('k')).toBe('v');
    expect(spans()).toEqual([]);
    await cache.get('nobody');
    expect(names(spans())).toEqual(['cache.read redis']);
  });

  it('of files and of stores by others is a span as well', async () => {
    const cacheDir = mkdtempSync(join(tmpdir(), 'blossom-otel-'));
    closing.push(() => rmSync(cacheDir, { recursive: true }));
    await (await traced({ backend: 'file', cacheDir })).get('k');
    const file = named(spans(), 'cache.read file');
    expect(file.kind).toBe(SpanKind.INTERNAL);
    expect(file.attributes).toMatchObject({ 'db.system.name': 'sqlite', 'blossom.cache.tier': 'file' });
    await (await traced({ backend: 'keyv', store: new Keyv(), name: 'keyv' })).get('k');
    const keyv = named(spans(), 'cache.read keyv');
    expect(keyv.attributes).toEqual({
      'blossom.cache.name': 'keyv',
      'blossom.cache.tier': 'keyv',
      'db.operation.name': 'read',
    });
  });

  it('that fails says so; what is tried in the background belongs to nobody', async () => {
    const server = await RedisServer.start();
    const cache = await traced({ backend: 'redis', host: '127.0.0.1', port: server.port, commandTimeout: '100ms' });
    await cache.get('k');
    spans();
    server.freeze();
    await within('request', () => cache.get('k'));
    const all = spans();
    const [read, request] = [named(all, 'cache.read redis'), named(all, 'request')];
    isChild(read, request);
    expect(read.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(read.attributes['error.type']).toBe('CacheBackendError');
    server.thaw();
    const tried: ReadableSpan[] = [];
    await eventually('it is tried', () => tried.push(...spans()) > 0);
    for (const span of tried) expect(span.parentSpanContext).toBeUndefined();
  });
});

describe('spans show', () => {
  const SECRETS = ['secret key', 'secret value', 'secret tag', 'secret namespace'];

  async function useAll(cache: CacheService): Promise<void> {
    const secrets = cache.namespace('secret namespace');
    const options = { tags: ['secret tag'], ttl: '1m' } as const;
    await secrets.set('secret key', 'secret value', options);
    await secrets.setMany({ 'secret key': 'secret value', other: 1 }, options);
    await secrets.get('secret key');
    await secrets.getOrSet('secret key 2', () => 'secret value', options);
    await secrets.getOrSetMany(['secret key 3', 'secret key 4'], () => ({}), options);
    await secrets.increment('secret key 5').catch(() => {});
    await secrets.deleteMany(['secret key', 'secret key 2']);
    await secrets.take('secret key');
    await secrets.touch('secret key', 5);
    await secrets.add('secret key', 'secret value');
    await secrets.getSet('secret key', 'secret value');
    await cache.invalidateTags(['secret tag']);
    await secrets.clear();
  }

  it('neither keys nor values, tags or namespaces', async () => {
    const { port } = await RedisServer.start();
    await useAll(await traced({ backend: 'redis', host: '127.0.0.1', port }));
    const all = spans();
    expect(all.length).toBeGreaterThan(12);
    for (const secret of SECRETS) expect(shown(all)).not.toContain(secret);
  });

  it('keys and namespaces when they are asked to', async () => {
    const { port } = await RedisServer.start();
    await useAll(await traced({ backend: 'redis', host: '127.0.0.1', port }, { keys: true, namespaces: true }));
    const all = spans();
    expect(named(all, 'cache.writeMany redis').attributes).toMatchObject({
      'blossom.cache.namespace': 'secret namespace',
      'blossom.cache.keys': ['secret key', 'other'],
    });
    expect(named(all, 'cache.load getOrSet').attributes['blossom.cache.keys']).toEqual(['secret key 2']);
    expect(named(all, 'cache.clear redis').attributes['blossom.cache.keys']).toBeUndefined();
    for (const secret of ['secret value', 'secret tag']) expect(shown(all)).not.toContain(secret);
  });
});

describe('tracing', () => {
  it('is of all caches, by name, and ends with the application', async () => {
    const { app } = await boot([
      BlossomCacheModule.forRoot(),
      BlossomCacheOtelModule.forRoot(),
      BlossomCacheModule.forRoot({ name: 'users' }),
    ]);
    const caches = [app.get(CacheService), app.get<CacheService>(cacheToken('users'))];
    for (const cache of caches) await cache.getOrSet('k', () => 1);
    expect(spans().map(({ attributes }) => attributes['blossom.cache.name'])).toEqual(['default', 'users']);
    await app.close();
    await expect(caches[0]!.getOrSet('l', () => 1)).rejects.toThrow('closed');
    expect(spans()).toEqual([]);
  });

  it('is not done when it is not wanted', async () => {
    const cache = await traced({}, { traces: false });
    await cache.getOrSet('k', () => 1);
    expect(spans()).toEqual([]);
  });
});
