import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { COMPILED_LIB } from '../../support/compiled-lib.js';
import { directory } from './stores-rig.js';

const LIB = pathToFileURL(COMPILED_LIB).href;
const PRELOADED = "import { isMainThread } from 'node:worker_threads'; console.log('preloaded', isMainThread);";

const program = (cacheDir: string): string => `
  import 'reflect-metadata';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { BlossomCacheModule, CacheService, WriteBehindHandler } from '${LIB}index.js';
  class Users { async write() {} }
  WriteBehindHandler('users')(Users.prototype, 'write', Object.getOwnPropertyDescriptor(Users.prototype, 'write'));
  class Root {}
  const options = { backend: 'file', cacheDir: '${cacheDir}', writeBehind: { journal: 'file', dir: '${cacheDir}-behind' } };
  Module({ imports: [BlossomCacheModule.forRoot(options)], providers: [Users] })(Root);
  const app = await NestFactory.createApplicationContext(Root, { logger: false });
  const cache = app.get(CacheService);
  await cache.writeBehind('users', 'ada', 1);
  await cache.delete('ada');
  await cache.set('k', 'v');
  console.log(await cache.get('k'));
  await app.close();`;

it.each([
  ['--import', (file: string): [string[], object] => [['--import', file], {}]],
  ['NODE_OPTIONS', (file: string): [string[], object] => [[], { NODE_OPTIONS: `--import ${file}` }]],
])('what %s loads before the application runs once, not in the threads of the cache', (_, preloading) => {
  const home = directory();
  const file = join(home, 'preloaded.mjs');
  writeFileSync(file, PRELOADED);
  const [flags, env] = preloading(pathToFileURL(file).href);
  const script = program(join(home, 'cache'));
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '--eval', script], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  expect(stderr.replace(/^.*ExperimentalWarning: SQLite.*\n.*\n/, '')).toBe('');
  expect(stdout.trim().split('\n')).toEqual(['preloaded true', 'v']);
});
