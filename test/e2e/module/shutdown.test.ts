import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  Cacheable,
  CacheBackendError,
  CacheEvict,
  CachePut,
  CacheService,
  cacheToken,
} from '../../../lib/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { boot } from './module-rig.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

describe('app.close()', () => {
  it('stops the timers of every cache and may be called twice', async () => {
    const clocks = [new FakeClock(), new FakeClock()];
    const { app } = await boot([
      BlossomCacheModule.forRoot({ clock: clocks[0] }),
      BlossomCacheModule.forRoot({ name: 'llm', clock: clocks[1] }),
    ]);
    await app.get(CacheService).set('a', 1);
    await app.get<CacheService>(cacheToken('llm')).set('a', 1);
    expect(clocks.map(({ pending }) => pending)).toEqual([1, 1]);
    await app.close();
    expect(clocks.map(({ pending }) => pending)).toEqual([0, 0]);
    await app.close();
  });

  it('leaves a load under way to those who wait for it', async () => {
    const { app } = await boot([BlossomCacheModule.forRoot()]);
    let finish!: (value: number) => void;
    const load = app.get(CacheService).getOrSet('a', () => new Promise<number>((resolve) => (finish = resolve)));
    await app.close();
    finish(5);
    expect(await load).toBe(5);
  });

  it.each<[string, (cache: CacheService) => Promise<unknown>]>([
    ['get', (cache) => cache.get('a')],
    ['exists', (cache) => cache.exists('a')],
    ['ttl', (cache) => cache.ttl('a')],
    ['set', (cache) => cache.set('a', 2)],
    ['delete', (cache) => cache.delete('a')],
    ['take', (cache) => cache.take('a')],
    ['add', (cache) => cache.add('a', 2)],
    ['getSet', (cache) => cache.getSet('a', 2)],
    ['touch', (cache) => cache.touch('a', '1m')],
    ['increment', (cache) => cache.increment('a')],
    ['getMany', (cache) => cache.getMany(['a'])],
    ['setMany', (cache) => cache.setMany({ a: 2 })],
    ['deleteMany', (cache) => cache.deleteMany(['a'])],
    ['getOrSet', (cache) => cache.getOrSet('a', () => 2)],
    ['getOrSetMany', (cache) => cache.getOrSetMany(['a'], () => ({ a: 2 }))],
    ['writeThrough', (cache) => cache.writeThrough('a', 2, async () => {})],
    ['writeBehind', (cache) => cache.writeBehind('q', 'a', 2)],
    ['clear', (cache) => cache.clear()],
    ['clear', (cache) => cache.namespace('n').clear()],
    ['invalidateTags', (cache) => cache.invalidateTags('t')],
  ])('L10 %s rejects afterwards, and says why', async (operation, ask) => {
    const { app } = await boot([BlossomCacheModule.forRoot()]);
    const cache = app.get(CacheService);
    await cache.set('a', 1, { tags: ['t'] });
    await app.close();
    await expect(ask(cache)).rejects.toThrow(CacheBackendError);
    await expect(ask(cache)).rejects.toMatchObject({ operation, message: expect.stringContaining('closed') });
  });

  it('lets decorated methods run without it, and answers what changes nothing', async () => {
    class Users {
      runs = 0;

      @Cacheable()
      async find(id: number): Promise<number> {
        this.runs += 1;
        return id;
      }

      @CachePut({ key: 'x' })
      async save(id: number): Promise<number> {
        return id;
      }

      @CacheEvict({ key: 'x' })
      async remove(id: number): Promise<number> {
        return id;
      }
    }
    const { app } = await boot([BlossomCacheModule.forRoot()], [Users]);
    const [users, cache] = [app.get(Users), app.get(CacheService)];
    await users.find(1);
    await app.close();
    expect([await users.find(1), await users.find(1), await users.save(2), await users.remove(3)]).toEqual([
      1, 1, 2, 3,
    ]);
    expect(users.runs).toBe(3);
    expect(await cache.getStats()).toMatchObject({ misses: 1, sets: 1 });
    expect(cache.namespace('n').namespaceName).toBe('n');
  });
});

describe('a process', () => {
  let dir: string;

  // Compiled within the package, so that bare imports resolve, and apart from dist, which others may be building.
  beforeAll(async () => {
    mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
    dir = mkdtempSync(join(root, 'node_modules/.cache/shutdown-'));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    await run(process.execPath, [
      tsc,
      '-p',
      join(root, 'tsconfig.json'),
      '--outDir',
      join(dir, 'lib'),
      '--declaration',
      'false',
      '--declarationMap',
      'false',
    ]);
    writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  }, 60_000);

  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const runs = async (name: string, body: string): Promise<string> => {
    const file = join(dir, `${name}.js`);
    writeFileSync(file, `${PRELUDE}\n${body}`);
    const { stdout } = await run(process.execPath, [file], { timeout: 15_000 });
    return stdout;
  };

  it('ends by itself after close()', async () => {
    const out = await runs(
      'closed',
      `const { app, cache } = await open(); await use(cache); await app.close(); console.log('closed');`,
    );
    expect(out).toBe('closed\n');
  });

  it('ends by itself without close(), entries and all: housekeeping does not keep it alive', async () => {
    const out = await runs('open', `const { cache } = await open(); await use(cache); console.log('done');`);
    expect(out).toBe('done\n');
  });

  it('that listens for HTTP ends by itself after close()', async () => {
    const out = await runs(
      'http',
      `const app = await NestFactory.create(Root, { logger: false });
       await app.listen(0);
       await use(app.get(CacheService));
       await app.close();
       console.log('closed');`,
    );
    expect(out).toBe('closed\n');
  });

  it('ends by itself where the boot fails', async () => {
    const out = await runs(
      'failed',
      `class Bad {}
       Module({ imports: [Root, BlossomCacheModule.forRoot({ name: 'b', ttl: 'soon' })] })(Bad);
       await NestFactory.createApplicationContext(Bad, { logger: false, abortOnError: false }).catch(({ code }) => console.log(code));`,
    );
    expect(out).toBe('CACHE_OPTIONS\n');
  });
});

const PRELUDE = `
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BlossomCacheModule, CacheService } from './lib/index.js';
class Root {}
Module({ imports: [BlossomCacheModule.forRoot({ ttl: '1h' })] })(Root);
const open = async () => {
  const app = await NestFactory.createApplicationContext(Root, { logger: false });
  return { app, cache: app.get(CacheService) };
};
const use = async (cache) => {
  for (let i = 0; i < 2_000; i += 1) await cache.set('k' + i, i, { tags: ['t'] });
  await cache.getOrSet('loaded', async () => 1);
  await cache.invalidateTags(['t']);
};
`;
