import { Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { from, isObservable, lastValueFrom, throwError, toArray, type Observable } from 'rxjs';
import { afterEach, expect, it } from 'vitest';
import { BlossomCacheModule, Cacheable, CacheEvict } from '../../../lib/index.js';

const apps: TestingModule[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start<T>(type: Type<T>): Promise<T> {
  const app = await Test.createTestingModule({ imports: [BlossomCacheModule.forRoot()], providers: [type] }).compile();
  apps.push(await app.init());
  return app.get(type);
}

const all = <T>(source: Observable<T>): Promise<T[]> => lastValueFrom(source.pipe(toArray()));

const source = from([1, 2]);

@Injectable()
class Undeclared {
  runs = 0;
  @Cacheable()
  observable(_id: number) {
    this.runs += 1;
    return source;
  }
  @Cacheable()
  promise(id: number) {
    this.runs += 1;
    return Promise.resolve(id);
  }
  @Cacheable()
  throwing() {
    this.runs += 1;
    return this.runs > 0 ? this.fail() : Promise.resolve(1);
  }
  @CacheEvict({ of: 'promise' })
  evicting(id: number) {
    this.runs += 1;
    return Promise.resolve(id);
  }
  @CacheEvict({ of: 'promise' })
  evictingAndThrowing(_id: number) {
    this.runs += 1;
    return this.fail();
  }
  private fail(): Promise<number> {
    throw new RangeError('at once');
  }
}

it('a method that does not declare what it returns: Observables and Promises are told apart by the first call', async () => {
  expect(Reflect.getMetadata('design:returntype', Undeclared.prototype, 'observable')).toBeUndefined();
  const service = await start(Undeclared);
  const [one, two] = [service.observable(1), service.observable(1)];
  expect([isObservable(one), isObservable(two)]).toEqual([true, true]);
  expect([await all(one), await all(two), await all(service.observable(1))]).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
  expect(service.runs).toBe(1);
  const promises = [service.promise(1), service.promise(1)];
  expect(promises.every((promise) => promise instanceof Promise)).toBe(true);
  expect([...(await Promise.all(promises)), await service.promise(1), service.runs]).toEqual([1, 1, 1, 2]);
  expect([await service.evicting(1), service.runs, await service.promise(1), service.runs]).toEqual([1, 3, 1, 4]);
});

it('a method that does not declare what it returns and throws at once runs once for one call', async () => {
  const service = await start(Undeclared);
  await expect(service.throwing()).rejects.toThrow(RangeError);
  expect(service.runs).toBe(1);
  await expect(service.evictingAndThrowing(1)).rejects.toThrow(RangeError);
  expect(service.runs).toBe(2);
});

it('O12: a method that does not declare it and returns a plain value is refused, not made async', async () => {
  @Injectable()
  class Users {
    runs = 0;
    @(Cacheable() as MethodDecorator)
    find() {
      return (this.runs += 1);
    }
  }
  const service = await start(Users);
  const refusal = expect(service.find()).rejects;
  await refusal.toThrow(/Users\.find must return a Promise or an Observable.*async/);
  expect(service.runs).toBe(1);
});

it('an Observable of a method that does not declare it, when it fails, is not cached', async () => {
  @Injectable()
  class Users {
    runs = 0;
    @Cacheable()
    list() {
      this.runs += 1;
      return throwError(() => new RangeError('no'));
    }
  }
  const service = await start(Users);
  for (const runs of [1, 2]) {
    await expect(all(service.list())).rejects.toThrow(RangeError);
    expect(service.runs).toBe(runs);
  }
});
