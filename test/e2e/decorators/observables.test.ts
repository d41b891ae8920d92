import { Injectable, Logger } from '@nestjs/common';
import { Readable } from 'node:stream';
import { firstValueFrom, from, isObservable, lastValueFrom, Observable, of, Subject, take, toArray } from 'rxjs';
import { afterEach, beforeEach, expect, it, vi, type MockInstance } from 'vitest';
import { Cacheable, CacheEvict, CachePut, CacheTags } from '../../../lib/index.js';
import { start } from './decorators-rig.js';

let warn: MockInstance<Logger['warn']>;

beforeEach(() => {
  warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
});

afterEach(async () => {
  vi.restoreAllMocks();
});

const all = <T>(source: Observable<T>): Promise<T[]> => lastValueFrom(source.pipe(toArray()));

it('O12, J26: an Observable stays one, and every emission is replayed', async () => {
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable()
    list(n: number): Observable<number> {
      this.runs += 1;
      return from(Array.from({ length: n }, (_, i) => i));
    }
  }
  const { service } = await start(Users);
  expect(isObservable(service.list(3))).toBe(true);
  expect(service.runs).toBe(0);
  expect([await all(service.list(3)), await all(service.list(3)), await all(service.list(0))]).toEqual([
    [0, 1, 2],
    [0, 1, 2],
    [],
  ]);
  expect(await all(service.list(0))).toEqual([]);
  expect(service.runs).toBe(2);
});

it('O12: emissions reach the first subscriber as they come, and the others at the end; the body runs once', async () => {
  const source = new Subject<number>();
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable()
    list(): Observable<number> {
      this.runs += 1;
      return source;
    }
  }
  const { service } = await start(Users);
  const seen: string[] = [];
  const first = service.list();
  first.subscribe((value) => seen.push(`first ${value}`));
  const second = all(service.list());
  const again = all(first);
  source.next(1);
  expect(seen).toEqual(['first 1']);
  source.next(2);
  source.complete();
  expect([await second, await again]).toEqual([
    [1, 2],
    [1, 2],
  ]);
  expect([seen, service.runs]).toEqual([['first 1', 'first 2'], 1]);
});

it('O12, J26: an error arrives as it was thrown, after what came before it, and is not cached', async () => {
  const failure = new Error('no');
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable()
    list(): Observable<number> {
      this.runs += 1;
      return this.runs === 1 ? new Observable((to) => (to.next(1), to.error(failure))) : of(7);
    }
  }
  const { service } = await start(Users);
  const seen: unknown[] = [];
  await new Promise<void>((done) =>
    service.list().subscribe({ next: (v) => seen.push(v), error: (e) => (seen.push(e), done()) }),
  );
  expect(seen).toEqual([1, failure]);
  expect([await all(service.list()), await all(service.list()), service.runs]).toEqual([[7], [7], 2]);
});

it('O12: a body that throws before it returns an Observable fails the subscriber, not the call', async () => {
  @Injectable()
  class Users {
    @Cacheable()
    list(): Observable<number> {
      throw new RangeError('at once');
    }
  }
  const { service } = await start(Users);
  await expect(all(service.list())).rejects.toThrow(RangeError);
});

it('O12, J26: unsubscribing early ends the source, stores nothing, and poisons nothing', async () => {
  const sources: Subject<number>[] = [];
  let ended = 0;
  @Injectable()
  class Users {
    @Cacheable()
    list(): Observable<number> {
      return new Observable<number>((to) => {
        const source = new Subject<number>();
        sources.push(source);
        source.subscribe(to);
        return () => (ended += 1);
      });
    }
  }
  const { service } = await start(Users);
  const early = firstValueFrom(service.list().pipe(take(1)));
  sources[0]!.next(1);
  expect(await early).toBe(1);
  await new Promise(setImmediate);
  expect(ended).toBe(1);
  const whole = all(service.list());
  expect(sources).toHaveLength(2);
  for (const value of [1, 2]) sources[1]!.next(value);
  sources[1]!.complete();
  expect([await whole, await all(service.list())]).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

it('O12: one who unsubscribes takes nothing from those who stay', async () => {
  const source = new Subject<number>();
  @Injectable()
  class Users {
    @Cacheable()
    list(): Observable<number> {
      return source;
    }
  }
  const { service } = await start(Users);
  const leaving = service.list().subscribe();
  const staying = all(service.list());
  leaving.unsubscribe();
  source.next(1);
  source.complete();
  expect([await staying, await all(service.list())]).toEqual([[1], [1]]);
});

it('O12: a single value taken with firstValueFrom is cached', async () => {
  @Injectable()
  class Http {
    runs = 0;
    @Cacheable()
    sync(): Observable<number> {
      this.runs += 1;
      return of(1);
    }
    @Cacheable()
    request(): Observable<number> {
      this.runs += 1;
      // As an HTTP client does: the answer, and at once the end.
      return new Observable((to) => void Promise.resolve(1).then((value) => (to.next(value), to.complete())));
    }
  }
  const { service } = await start(Http);
  await firstValueFrom(service.sync());
  await firstValueFrom(service.sync());
  expect(service.runs).toBe(1);
  await firstValueFrom(service.request());
  await firstValueFrom(service.request());
  expect(service.runs).toBe(2);
});

it('put, evict, unless, ttl and tags see the last emission', async () => {
  const seen: unknown[] = [];
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable({ unless: (last) => (seen.push(last), false), ttl: (last) => (seen.push(last), 60) })
    @CacheTags.fromResult((last: string) => `last:${last}`)
    list(): Observable<string> {
      return from(['a', `b${(this.runs += 1)}`]);
    }
    @CachePut({ of: 'list' })
    put(): Observable<string> {
      return from(['x', 'y']);
    }
    @CacheEvict({ of: 'list' })
    change(): Observable<string> {
      return of('changed');
    }
  }
  const { service, cache } = await start(Users);
  expect(await all(service.list())).toEqual(['a', 'b1']);
  expect(seen).toEqual(['b1', 'b1']);
  await cache.invalidateTags('last:b1');
  expect(await all(service.list())).toEqual(['a', 'b2']);
  expect(await all(service.put())).toEqual(['x', 'y']);
  expect(await all(service.list())).toEqual(['x', 'y']);
  // The eviction is done when the first emission arrives.
  const read = new Promise<boolean>((resolve) =>
    service.change().subscribe(() => resolve(cache.exists(cache.keyOf(service, 'list', [])))),
  );
  expect(await read).toBe(false);
  expect(await all(service.list())).toEqual(['a', 'b3']);
});

it('J27: a stream is handed to each caller, never stored, and one warning says so', async () => {
  @Injectable()
  class Files {
    @Cacheable({ key: 'k' })
    async open(): Promise<Readable> {
      return Readable.from(['a']);
    }
  }
  const { service, cache } = await start(Files);
  const streams = await Promise.all([service.open(), service.open(), service.open()]);
  streams.push(await service.open(), await service.open());
  expect(new Set(streams).size).toBe(5);
  expect(await cache.exists('k')).toBe(false);
  expect(warn.mock.calls.map(([message]) => message)).toEqual([expect.stringContaining('Files.open')]);
});

it('J27: neither is a stream that an Observable emits', async () => {
  @Injectable()
  class Files {
    @Cacheable({ key: 'k' })
    open(): Observable<Readable> {
      return of(Readable.from(['a']));
    }
  }
  const { service, cache } = await start(Files);
  expect(await lastValueFrom(service.open())).not.toBe(await lastValueFrom(service.open()));
  expect(await cache.exists('k')).toBe(false);
});
