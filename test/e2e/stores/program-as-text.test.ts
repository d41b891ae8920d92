import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { COMPILED_LIB } from '../../support/compiled-lib.js';
import { directory } from './stores-rig.js';

const LIB = pathToFileURL(COMPILED_LIB).href;

const program = (cacheDir: string): string => `
  import 'reflect-metadata';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { BlossomCacheModule, CacheService } from '${LIB}index.js';
  class Root {}
  Module({ imports: [BlossomCacheModule.forRoot({ backend: 'file', cacheDir: '${cacheDir}' })] })(Root);
  const app = await NestFactory.createApplicationContext(Root, { logger: false });
  const cache = app.get(CacheService);
  await cache.set('k', 'v');
  console.log(await cache.get('k'));
  await app.close();`;

it('files are written in a process whose program is a text, and its other flags are those of the thread', () => {
  const home = directory();
  const file = join(home, 'preloaded.mjs');
  writeFileSync(file, "import { isMainThread } from 'node:worker_threads'; if (!isMainThread) console.log('thread');");
  const flags = ['--import', pathToFileURL(file).href, '--input-type=module', '--eval', program(join(home, 'cache'))];
  const { stdout } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  expect(stdout.trim().split('\n').toSorted()).toEqual(['thread', 'v']);
});
