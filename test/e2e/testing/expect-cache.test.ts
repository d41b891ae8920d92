import { AssertionError } from 'node:assert';
import { Injectable } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { BlossomCacheModule, Cacheable, CacheService, cacheToken } from '../../../lib/index.js';
import { BlossomCacheTestingModule, expectCache, FakeClock, TestCaches } from '../../../lib/testing/index.js';
import { testing, Users } from './testing-rig.js';

let app: TestingModule;
let cache: CacheService;
let users: Users;
let clock: FakeClock;

beforeEach(async () => {
  app = await testing([BlossomCacheTestingModule.forRoot({ maxSize: 5, caches: ['sessions'], namespaces: ['plans'] })]);
  cache = app.get(CacheService);
  users = app.get(Users);
  ({ clock } = app.get(TestCaches));
});

/** The message of an expectation that is not met. */
async function failure(expectation: () => unknown): Promise<string> {
  try {
    await expectation();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
  throw new Error('the expectation was met');
}

describe('what happened to an entry', () => {
  it('was loaded, served, missed and stored', async () => {
    await users.findOne(1);
    await users.findOne(1);
    const entry = expectCache(app).call(users, 'findOne', 1);
    entry.toHaveBeenLoaded();
    entry.toHaveBeenLoaded(1);
    entry.toHaveBeenServed(1);
    entry.toHaveBeenMissed(1);
    entry.toHaveBeenStored(1);
    entry.not.toHaveBeenLoaded(2);
    entry.toHaveBeenDeleted(0);
    entry.not.toHaveBeenEvicted();
    expectCache(app).call(users, 'findOne', 2).not.toHaveBeenMissed();
  });

  it('says what is the case instead', async () => {
    await users.findOne(1);
    await users.findOne(1);
    const entry = expectCache(app).call(users, 'findOne', 1);
    const told = '(what happened: miss, load, set, hit)';
    const of = 'the entry of this call of Users.findOne';
    expect(await failure(() => entry.toHaveBeenLoaded(2))).toBe(
      `expected ${of} to have been loaded 2 times; it was loaded once ${told}`,
    );
    expect(await failure(() => entry.not.toHaveBeenServed())).toBe(
      `expected ${of} not to have been served from the cache; it was served from the cache once ${told}`,
    );
    expect(await failure(() => entry.toHaveBeenDeleted())).toBe(
      `expected ${of} to have been deleted; that did not happen ${told}`,
    );
    expect(await failure(() => expectCache(app).key('mistaken').toHaveBeenLoaded())).toMatch(
      /^expected the entry 'mistaken' to have been loaded; that did not happen \(nothing happened to it, but to 'Users.findOne:/,
    );
  });

  it('shows numbers to whoever prints differences', async () => {
    await cache.get('k');
    const error = await Promise.resolve()
      .then(() => expectCache(cache).key('k').toHaveBeenMissed(3))
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ actual: 1, expected: 3, code: 'ERR_ASSERTION' });
  });

  it('by key: deleted, evicted, expired, failed, stale', async () => {
    const expected = expectCache(cache);
    await cache.set('deleted', 1);
    await cache.delete('deleted');
    await cache.delete('deleted');
    expected.key('deleted').toHaveBeenDeleted(1);
    await cache.set('expired', 1, { ttl: '1s' });
    clock.advance(3_000);
    expected.key('expired').toHaveExpired(1);
    await cache.getOrSet('failed', () => Promise.reject(new Error('down'))).catch(() => {});
    expected.key('failed').toHaveFailedToLoad(1);
    expected.key('failed').toHaveBeenLoaded(0);
    await cache.set('stale', 'old', { ttl: '1s', grace: '1m' });
    clock.advance(1_000);
    await cache.getOrSet('stale', () => Promise.reject(new Error('down')), { grace: '1m' });
    expected.key('stale').toHaveBeenServedStale(1);
    await cache.setMany({ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 });
    expected.key('a').toHaveBeenEvicted();
    expected.key('f').not.toHaveBeenEvicted();
  });

  it('by decorators: a put stores, an eviction deletes', async () => {
    await users.rename(1, 'Grace');
    expectCache(app).call(users, 'findOne', 1).toHaveBeenStored(1);
    expectCache(app).call(users, 'findOne', 1).not.toHaveBeenLoaded();
    await users.findOne(1);
    expectCache(app).call(users, 'findOne', 1).toHaveBeenServed(1);
    await users.remove(1);
    expectCache(app).call(users, 'findOne', 1).toHaveBeenDeleted(1);
  });

  it('in the namespace in which a method caches, and in no other', async () => {
    await users.report('monday');
    expectCache(app).call(users, 'report', 'monday').toHaveBeenLoaded(1);
    expectCache(app).namespace('reports').key('day:monday').toHaveBeenLoaded(1);
    expectCache(app).key('day:monday').not.toHaveBeenLoaded();
  });

  it('of whom the entry is, the context says', async () => {
    let tenant = 'a';
    const app = await testing([BlossomCacheTestingModule.forRoot({ varyBy: () => tenant })]);
    await app.get(Users).findOne(1);
    await app.get(CacheService).set('k', 1);
    tenant = 'b';
    expectCache(app).key('k').not.toHaveBeenStored();
    expectCache(app).call(app.get(Users), 'findOne', 1).not.toHaveBeenLoaded();
    tenant = 'a';
    expectCache(app).key('k').toHaveBeenStored(1);
    await expectCache(app).key('k').toHold(1);
    expectCache(app).call(app.get(Users), 'findOne', 1).toHaveBeenLoaded(1);
  });
});

describe('what happened in a cache', () => {
  it('counts all its namespaces, and a namespace its own', async () => {
    await cache.getOrSet('a', () => 1);
    await cache.namespace('plans').getOrSet('a', () => 1);
    await cache.namespace('plans').get('a');
    expectCache(cache).toHaveBeenLoaded(2);
    expectCache(cache).namespace('plans').toHaveBeenLoaded(1);
    expectCache(app, 'plans').toHaveBeenServed(1);
    expectCache(app.get<CacheService>(cacheToken('plans'))).toHaveBeenMissed(1);
    expectCache(app, 'sessions').not.toHaveBeenMissed();
    expect(await failure(() => expectCache(app, 'plans').toHaveBeenServed(2))).toBe(
      "expected namespace 'plans' to have been served from the cache 2 times; it was served from the cache once",
    );
  });

  it('tags were invalidated, and a namespace was cleared', async () => {
    await cache.invalidateTags(['a', 'b']);
    await cache.namespace('plans').clear();
    expectCache(cache).toHaveInvalidated('a');
    expectCache(cache).toHaveInvalidated('a', 'b');
    expectCache(cache).not.toHaveInvalidated('c');
    expectCache(cache).namespace('plans').toHaveBeenCleared(1);
    expectCache(cache).not.toHaveBeenCleared();
    expect(await failure(() => expectCache(cache).toHaveInvalidated('c'))).toBe(
      "expected cache 'default' to have invalidated 'c'; invalidated were 'a', 'b'",
    );
    expect(await failure(() => expectCache(cache).toHaveBeenCleared())).toBe(
      "expected cache 'default' to have been cleared; it was cleared 0 times",
    );
  });

  it('begins anew with reset', async () => {
    await users.findOne(1);
    await cache.invalidateTags(['t']);
    expectCache(cache).reset();
    await users.findOne(1);
    expectCache(cache).call(users, 'findOne', 1).toHaveBeenLoaded(0);
    expectCache(cache).call(users, 'findOne', 1).toHaveBeenServed(1);
    expectCache(cache).not.toHaveInvalidated('t');
  });

  it('counts from its first moment in a testing module, elsewhere from when it is first asked about', async () => {
    @Injectable()
    class Eager {
      constructor(cache: CacheService) {
        void cache.set('early', 1);
      }
    }
    Reflect.defineMetadata('design:paramtypes', [CacheService], Eager);
    const providers = [Users, Eager] as (typeof Users)[];
    const inTest = await testing([BlossomCacheTestingModule.forRoot()], providers);
    expectCache(inTest).key('early').toHaveBeenStored(1);
    const plain = await testing([BlossomCacheModule.forRoot()], providers);
    expectCache(plain).key('early').toHaveBeenStored(0);
    await plain.get(CacheService).get('early');
    expectCache(plain).key('early').toHaveBeenServed(1);
  });
});

describe('what an entry is', () => {
  it('holds a value, with tags and a ttl', async () => {
    await users.findOne(1);
    const entry = expectCache(app).call(users, 'findOne', 1);
    await entry.toBeHeld();
    await entry.toHold({ id: 1, name: 'Ada' });
    await entry.not.toHold({ id: 1, name: 'Grace' });
    await entry.toHaveTags('user:1');
    await entry.not.toHaveTags('user:2');
    await entry.toHaveTtl('10s');
    await entry.not.toHaveTtl('12s');
    await entry.toHaveTtl('12s', '2s');
    clock.advance(4_000);
    await entry.toHaveTtl(6, 0);
    await expectCache(app).call(users, 'findOne', 2).not.toBeHeld();
    await cache.set('for ever', undefined, { ttl: Infinity });
    await expectCache(app).key('for ever').toHaveTtl(Infinity);
    await expectCache(app).key('for ever').toHold(undefined);
    await expectCache(app).key('nobody').not.toHold(undefined);
  });

  it('is gone, and why', async () => {
    const expected = expectCache(cache);
    await cache.set('deleted', 1);
    await cache.delete('deleted');
    await expected.key('deleted').toBeGone();
    await expected.key('deleted').toBeGone('removed');
    await cache.set('expired', 1, { ttl: 1 });
    clock.advance(1_000);
    await expected.key('expired').toBeGone('expired');
    await cache.set('tagged', 1, { tags: ['t'] });
    await cache.invalidateTags('t');
    await expected.key('tagged').toBeGone('invalidated');
    await expected.key('nobody').toBeGone('absent');
    await expected.key('nobody').not.toBeGone('removed');
    expect(await failure(() => expected.key('tagged').toBeHeld())).toBe(
      "expected the entry 'tagged' to be held; it is not there: its tag 't' was invalidated",
    );
  });

  it('past its ttl, within its grace, is not held', async () => {
    await cache.set('k', 1, { ttl: 1, grace: '1m' });
    clock.advance(1_000);
    await expectCache(cache).key('k').toBeGone('expired');
    await expectCache(cache).key('k').not.toHold(1);
  });

  it('says what is the case instead', async () => {
    await cache.set('k', { a: [1] }, { ttl: '1m', tags: ['t'] });
    const entry = expectCache(cache).key('k');
    const of = "expected the entry 'k'";
    expect(await failure(() => entry.toHold({ a: [2] }))).toBe(`${of} to hold { a: [ 2 ] }; it holds { a: [ 1 ] }`);
    expect(await failure(() => entry.toHaveTags('u'))).toBe(`${of} to have the tag 'u'; it has 't'`);
    expect(await failure(() => entry.toHaveTtl('2m'))).toBe(`${of} to have a ttl of 120 s; it has 60 s`);
    expect(await failure(() => entry.toBeGone())).toBe(`${of} to be gone; it holds { a: [ 1 ] }`);
    expect(await failure(() => entry.not.toBeHeld())).toBe(`${of} not to be held; it is`);
  });

  it('is looked up without being counted', async () => {
    await cache.set('k', 1);
    await expectCache(cache).key('k').toBeHeld();
    await expectCache(cache).key('nobody').toBeGone();
    expect(await cache.getStats()).toMatchObject({ hits: 0, misses: 0 });
    expectCache(cache).key('k').not.toHaveBeenServed();
  });
});

describe('an expectation that makes no sense', () => {
  it('is an error of another kind', async () => {
    @Injectable()
    class Elsewhere {
      @Cacheable({ cache: 'sessions' })
      async find(): Promise<number> {
        return 1;
      }
    }
    const providers = [Users, Elsewhere] as (typeof Users)[];
    const other = await testing([BlossomCacheTestingModule.forRoot({ caches: ['sessions'] })], providers);
    const elsewhere = other.get(Elsewhere);
    expect(() => expectCache(other).call(elsewhere, 'find')).toThrow("caches in 'sessions', and not in 'default'");
    await elsewhere.find();
    expectCache(other, 'sessions').call(elsewhere, 'find').toHaveBeenLoaded(1);
    expect(() => expectCache(other).call(other.get(Users), 'plain')).toThrow('is not decorated with @Cacheable');
    expect(() => expectCache(cache).key(1 as never)).toThrow('key');
    expect(() => expectCache(cache).toHaveBeenLoaded(-1)).toThrow('a whole number of 0 or more');
    expect(() => expectCache(cache).toHaveInvalidated()).toThrow('toHaveInvalidated needs the tags');
    await expect(expectCache(cache).key('k').toHaveTags()).rejects.toThrow('toHaveTags needs the tags');
    await expect(
      expectCache(cache)
        .key('k')
        .toHaveTtl('soon' as '1s'),
    ).rejects.toMatchObject({ code: 'CACHE_OPTIONS' });
  });

  it('is a compile error where the arguments are not those of the method', () => {
    // @ts-expect-error -- findOne takes a number
    expectCache(app).call(users, 'findOne', 'one');
  });
});
