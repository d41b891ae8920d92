import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { expect, it } from 'vitest';
import { BlossomCacheModule, Cacheable, CacheEvict, CachePut, CacheService, CacheTags } from '../../lib/index.js';

@Injectable()
class Users {
  runs = 0;
  @Cacheable()
  async find(id: number): Promise<{ id: number; run: number }> {
    this.runs += 1;
    return { id, run: this.runs };
  }
  @Cacheable({ key: (id: number) => `u:${id}` })
  @CacheTags('user', (id: number) => `user:${id}`)
  async tagged(id: number): Promise<number> {
    this.runs += 1;
    return this.runs;
  }
  @CacheEvict({ of: 'find', args: (id: number) => [id] })
  async update(id: number): Promise<void> {}
  @CachePut({ of: 'find' })
  async put(id: number): Promise<{ id: number; run: number }> {
    return { id, run: -1 };
  }
}
@Module({ imports: [BlossomCacheModule.forRoot()], providers: [Users] })
class App {}

it('works', async () => {
  const app = await Test.createTestingModule({ imports: [App] }).compile();
  const users = app.get(Users);
  expect(await Promise.all(Array.from({ length: 1000 }, () => users.find(1)))).toHaveLength(1000);
  expect(users.runs).toBe(1);
  expect(await users.find(1)).toEqual({ id: 1, run: 1 });
  await users.update(1);
  expect((await users.find(1)).run).toBe(2);
  await users.put(1);
  expect((await users.find(1)).run).toBe(-1);
  const cache = app.get(CacheService);
  await users.tagged(5);
  expect(await cache.get('u:5')).toBe(3);
  await cache.invalidateTags(['user:5']);
  expect(await cache.get('u:5')).toBeUndefined();
  expect(cache.keyOf(users, 'find', [1])).toMatch(/^Users\.find:[0-9a-f]{64}$/);
  expect(await cache.getStats()).toMatchObject({ size: 1 });
  await app.close();
});
