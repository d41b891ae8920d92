import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createCache as createDedupe } from 'async-cache-dedupe';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { createCache as createCacheManager } from 'cache-manager';
import { LRUCache } from 'lru-cache';
import { BlossomCacheModule, Cacheable, CacheService, CacheTags } from '../dist/index.js';

const HOUR = 3_600_000;
const load = async (key) => ({ key });

class Users {
  async byKey(id) {
    return { id };
  }
  async byArguments(id) {
    return { id };
  }
  async tagged(id) {
    return { id };
  }
}

function decorate(method, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(Users.prototype, method);
  for (const decorator of decorators) decorator(Users.prototype, method, descriptor);
  Object.defineProperty(Users.prototype, method, descriptor);
}
decorate('byKey', Cacheable({ key: (id) => id }));
decorate('byArguments', Cacheable());
decorate(
  'tagged',
  CacheTags((id) => `user:${id}`),
  Cacheable({ key: (id) => `tagged:${id}` }),
);

/** Everything that is measured, warm for these keys. The first is the floor. */
export async function contenders(keys) {
  const map = new Map(keys.map((key) => [key, { key }]));
  const lru = new LRUCache({ max: 10_000, ttl: HOUR });
  const manager = createCacheManager({ ttl: HOUR });
  const bento = new BentoCache({
    default: 'memory',
    stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: 10_000 })) },
  });
  const dedupe = createDedupe({ ttl: 3_600, storage: { type: 'memory', options: { size: 10_000 } } }).define(
    'user',
    load,
  );
  class App {}
  Module({ imports: [BlossomCacheModule.forRoot({ maxSize: 100_000 })], providers: [Users] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const cache = app.get(CacheService);
  const users = app.get(Users);
  for (const key of keys) {
    lru.set(key, { key });
    await manager.set(key, { key });
    await bento.set({ key, value: { key }, ttl: HOUR });
    await cache.set(key, { key });
  }
  const all = [
    { name: 'floor: Map behind an async function', read: async (key) => map.get(key) },
    { name: 'lru-cache behind an async function', read: async (key) => lru.get(key) },
    { name: 'blossom CacheService.get', read: (key) => cache.get(key) },
    { name: 'blossom CacheService.getOrSet', read: (key) => cache.getOrSet(key, load) },
    { name: 'blossom @Cacheable with a key', read: (key) => users.byKey(key) },
    { name: 'blossom @Cacheable with a key and tags', read: (key) => users.tagged(key) },
    { name: 'blossom @Cacheable by arguments', read: (key) => users.byArguments(key) },
    { name: 'cache-manager get', read: (key) => manager.get(key) },
    { name: 'cache-manager wrap', read: (key) => manager.wrap(key, () => load(key)) },
    { name: 'async-cache-dedupe', read: (key) => dedupe.user(key) },
    { name: 'bentocache get', read: (key) => bento.get({ key }) },
    { name: 'bentocache getOrSet', read: (key) => bento.getOrSet({ key, ttl: HOUR, factory: () => load(key) }) },
  ];
  return { all, close: () => app.close() };
}
