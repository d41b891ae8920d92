import { Controller, Get, Injectable } from '@nestjs/common';
import { Observable, of, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  Cacheable,
  CacheConfig,
  cacheContext,
  CachePut,
  CacheService,
  cacheToken,
  withCacheOptions,
} from '../../../lib/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { boot } from '../module/module-rig.js';
import { settle } from '../service/service-rig.js';
import { start } from '../decorators/decorators-rig.js';
import { Source } from './freshness-rig.js';

const TERMS = { ttl: 10, grace: 60, graceBackoff: '30s' } as const;

describe('decorated methods', () => {
  it('serve the old result when the body fails, and the body error when there is none', async () => {
    const source = new Source().says('old');
    @Injectable()
    class Reports {
      @Cacheable(TERMS)
      async find(_id: number): Promise<unknown> {
        return source.load();
      }
    }
    const clock = new FakeClock();
    const { service } = await start(Reports, { clock });
    await service.find(1);
    clock.advance(10_000);
    const error = new Error('source down');
    source.throws(error);
    expect(await service.find(1)).toBe('old');
    await expect(service.find(2)).rejects.toBe(error);
  });

  it('take what their class says, and what the namespace and the cache say', async () => {
    const source = new Source().says('old');
    @Injectable()
    @CacheConfig({ ttl: 10, grace: 60 })
    class ByClass {
      @Cacheable()
      async find(): Promise<unknown> {
        return source.load();
      }

      @Cacheable({ grace: 0 })
      async without(): Promise<unknown> {
        return source.load();
      }
    }
    @Injectable()
    class ByNamespace {
      @Cacheable({ namespace: 'kept' })
      async find(): Promise<unknown> {
        return source.load();
      }
    }
    @Injectable()
    class ByCache {
      @Cacheable()
      async find(): Promise<unknown> {
        return source.load();
      }
    }
    const clock = new FakeClock();
    const { app } = await boot(
      [
        BlossomCacheModule.forRoot({ clock, ttl: 10, grace: 30, softTimeout: '0ms' }),
        BlossomCacheModule.forFeature({ namespace: 'kept', grace: 120 }),
      ],
      [ByClass, ByNamespace, ByCache],
    );
    const [byClass, byNamespace, byCache] = [app.get(ByClass), app.get(ByNamespace), app.get(ByCache)];
    const calls = [() => byClass.find(), () => byClass.without(), () => byNamespace.find(), () => byCache.find()];
    for (const call of calls) await call();
    source.throws();
    const outcomes = (): Promise<string[]> => Promise.all(calls.map((call) => call().then(String, () => 'failed')));
    clock.advance(39_000);
    expect(await outcomes()).toEqual(['old', 'failed', 'old', 'old']);
    await settle();
    clock.advance(30_000);
    expect(await outcomes()).toEqual(['old', 'failed', 'old', 'failed']);
    await settle();
    clock.advance(31_000);
    expect(await outcomes()).toEqual(['failed', 'failed', 'old', 'failed']);
    await app.get<CacheService>(cacheToken('kept')).set('by hand', 'old');
    clock.advance(100_000);
    expect(await app.get<CacheService>(cacheToken('kept')).getOrSet('by hand', source.load)).toBe('old');
  });

  it('keep a put beyond its ttl', async () => {
    @Injectable()
    class Users {
      fails = false;

      @Cacheable({ key: (id: number) => `user ${id}`, ttl: 10, grace: 60 })
      async find(_id: number): Promise<string> {
        if (this.fails) throw new Error('source down');
        return 'found';
      }

      @CachePut({ key: (id: number) => `user ${id}`, ttl: 10, grace: 60 })
      async save(_id: number, name: string): Promise<string> {
        return name;
      }
    }
    const clock = new FakeClock();
    const { service } = await start(Users, { clock });
    await service.save(1, 'Ada');
    clock.advance(10_000);
    service.fails = true;
    expect(await service.find(1)).toBe('Ada');
  });

  it('are told of the old result, and may say that it is still right', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Feed {
      @Cacheable(TERMS)
      async read(): Promise<unknown> {
        const context = cacheContext();
        seen.push(context.stale);
        return context.hasStale ? context.notModified() : { etag: 1 };
      }
    }
    const clock = new FakeClock();
    const { service, cache } = await start(Feed, { clock });
    await service.read();
    clock.advance(10_000);
    expect(await service.read()).toEqual({ etag: 1 });
    clock.advance(9_000);
    await service.read();
    expect(seen).toEqual([undefined, { etag: 1 }]);
    expect((await cache.getStats()).sets).toBe(2);
  });

  it('are refreshed with the mode refresh, and fall back on what is there', async () => {
    const source = new Source().says('old');
    @Injectable()
    class Reports {
      @Cacheable(TERMS)
      async find(): Promise<unknown> {
        return source.load();
      }
    }
    const { service } = await start(Reports);
    await service.find();
    source.throws();
    expect(await withCacheOptions({ mode: 'refresh' }, () => service.find())).toBe('old');
  });

  it('that return an Observable serve all emissions of the old result', async () => {
    let source = (): Observable<number> => of(1, 2, 3);
    @Injectable()
    class Ticks {
      @Cacheable({ ...TERMS, softTimeout: '100ms' })
      watch(): Observable<number> {
        return new Observable<number>((subscriber) => source().subscribe(subscriber));
      }
    }
    const clock = new FakeClock();
    const { service } = await start(Ticks, { clock });
    const read = (): Promise<number[]> => lastValueFrom(service.watch().pipe(toArray()));
    expect(await read()).toEqual([1, 2, 3]);
    clock.advance(10_000);
    source = () => new Observable(() => {});
    const slow = read();
    await settle();
    clock.advance(100);
    expect(await slow).toEqual([1, 2, 3]);
  });

  it('that return an Observable go on with what a subscriber has begun to follow', async () => {
    let emit!: { next(value: number): void; complete(): void };
    let source: Observable<number> = of(1, 2);
    @Injectable()
    class Ticks {
      @Cacheable({ ...TERMS, softTimeout: '100ms' })
      watch(): Observable<number> {
        return new Observable<number>((subscriber) => source.subscribe(subscriber));
      }
    }
    const clock = new FakeClock();
    const { service } = await start(Ticks, { clock });
    await lastValueFrom(service.watch());
    clock.advance(10_000);
    source = new Observable((subscriber) => void (emit = subscriber));
    const followed = lastValueFrom(service.watch().pipe(toArray()));
    await settle();
    emit.next(3);
    clock.advance(100);
    await settle();
    emit.next(4);
    emit.complete();
    expect(await followed).toEqual([3, 4]);
  });
});

it('a handler answers STALE with what it answered before', async () => {
  const source = new Source().says({ name: 'old' });
  @Controller('reports')
  class Reports {
    @Cacheable(TERMS)
    @Get()
    async find(): Promise<unknown> {
      return source.load();
    }
  }
  const clock = new FakeClock();
  const { Test } = await import('@nestjs/testing');
  const module = await Test.createTestingModule({
    imports: [BlossomCacheModule.forRoot({ clock })],
    controllers: [Reports],
  }).compile();
  const app = module.createNestApplication();
  await app.listen(0);
  const { port } = app.getHttpServer().address() as { port: number };
  const ask = async (): Promise<[string | null, unknown]> => {
    const response = await fetch(`http://127.0.0.1:${port}/reports`);
    return [response.headers.get('x-cache'), await response.json()];
  };
  expect(await ask()).toEqual(['MISS', { name: 'old' }]);
  expect(await ask()).toEqual(['HIT', { name: 'old' }]);
  clock.advance(10_000);
  source.throws();
  expect(await ask()).toEqual(['STALE', { name: 'old' }]);
  await app.close();
});
