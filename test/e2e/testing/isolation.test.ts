import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { BlossomCacheModule, CacheService } from '../../../lib/index.js';
import { BlossomCacheTestingModule, expectCache, inMemory, TestCaches } from '../../../lib/testing/index.js';
import { compiled, testing, Users } from './testing-rig.js';

/** One module of an application, which two applications of this process import. */
@Module({ imports: [BlossomCacheTestingModule.forRoot({ namespaces: ['plans'] })], providers: [Users] })
class SharedModule {}

@Module({ imports: [BlossomCacheModule.forRoot({ backend: 'redis', prefix: 'app' })], providers: [Users] })
class RedisAppModule {}

describe('two applications of one process', () => {
  it('share no entry, no time, no mode and no fault, even if they import the same module', async () => {
    const [one, other] = [await testing([SharedModule], []), await testing([SharedModule], [])];
    await one.get(CacheService).set('k', 1, { ttl: '1s', tags: ['t'] });
    expect(await other.get(CacheService).get('k')).toBeUndefined();
    await other.get(CacheService).invalidateTags('t');
    other.get(TestCaches).clock.advance(10_000);
    other.get(TestCaches).mode = 'failing';
    other.get(TestCaches).faults.cut();
    await other.get(CacheService).clear();
    expect(await one.get(CacheService).get('k')).toBe(1);
    expect([one.get(TestCaches).mode, one.get(TestCaches).clock.now()]).toEqual(['normal', 1_700_000_000_000]);
  });

  it('count the same class apart', async () => {
    const [one, other] = [await testing([SharedModule], []), await testing([SharedModule], [])];
    const [inOne, inOther] = [one.get(Users), other.get(Users)];
    await inOne.findOne(1);
    await inOne.findOne(1);
    await inOther.findOne(1);
    expect([inOne.asked, inOther.asked]).toEqual([1, 1]);
    expectCache(one).call(inOne, 'findOne', 1).toHaveBeenServed(1);
    expectCache(other).call(inOther, 'findOne', 1).toHaveBeenServed(0);
    expectCache(other).call(inOther, 'findOne', 1).toHaveBeenLoaded(1);
    expect([(await one.get(CacheService).getStats()).hits, (await other.get(CacheService).getStats()).hits]).toEqual([
      1, 0,
    ]);
    await inOther.remove(1);
    await expectCache(one).call(inOne, 'findOne', 1).toBeHeld();
    await expectCache(other).call(inOther, 'findOne', 1).toBeGone();
    expect(() => expectCache(one).call(inOther, 'findOne', 1)).toThrow('another application');
  });

  it('go on when the other one is closed', async () => {
    const [one, other] = [await testing([SharedModule], []), await testing([SharedModule], [])];
    await one.get(Users).findOne(1);
    await other.close();
    await one.get(Users).findOne(1);
    expect(one.get(Users).asked).toBe(1);
  });

  it('share nothing when both are made to be in memory, whatever they would share otherwise', async () => {
    const builders = [1, 2].map(() => Test.createTestingModule({ imports: [RedisAppModule] }));
    const [ofOne, ofOther] = builders.map((builder) => inMemory(builder)) as [TestCaches, TestCaches];
    const [one, other] = await Promise.all([compiled(builders[0]!), compiled(builders[1]!)]);
    await one.get(Users).findOne(1);
    await other.get(Users).findOne(1);
    ofOther.mode = 'failing';
    ofOther.clock.advance(60_000);
    await one.get(Users).findOne(1);
    expect([one.get(Users).asked, other.get(Users).asked, ofOne.mode]).toEqual([1, 1, 'normal']);
    expectCache(one).toHaveBeenServed(1);
    expectCache(other).toHaveBeenServed(0);
  });
});
