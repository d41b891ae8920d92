import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { COMPILED_LIB } from '../../support/compiled-lib.js';
import { directory } from '../stores/stores-rig.js';

const LIB = pathToFileURL(COMPILED_LIB).href;

/** An application without a server, whose database refuses the first call; it prints what the second one was given. */
const program = (options: object): string => `
  import 'reflect-metadata';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { BlossomCacheModule, CacheService, WriteBehindHandler } from '${LIB}index.js';
  class Profiles {
    calls = 0;
    async write(items) {
      this.calls += 1;
      if (this.calls === 1) throw new Error('not now');
      console.log(items.map(({ key, value }) => key + '=' + value).join());
    }
  }
  const method = Object.getOwnPropertyDescriptor(Profiles.prototype, 'write');
  WriteBehindHandler('profiles', { delay: '10ms', backoff: '300ms' })(Profiles.prototype, 'write', method);
  class Root {}
  Module({ imports: [BlossomCacheModule.forRoot({ writeBehind: ${JSON.stringify(options)} })], providers: [Profiles] })(Root);
  const app = await NestFactory.createApplicationContext(Root, { logger: false });
  await app.get(CacheService).writeBehind('profiles', 'ada', 1);
  await app.close();
  console.log('closed');`;

it.each([
  ['memory', (): object => ({ journal: 'memory' })],
  ['file', (): object => ({ journal: 'file', dir: directory() })],
])('%s: a process that has nothing else to do is there until all is flushed', (_, options) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program(options())],
    {
      encoding: 'utf8',
    },
  );
  expect(stderr).toBe('');
  expect(stdout.trim().split('\n')).toEqual(['ada=1', 'closed']);
  expect(status).toBe(0);
});
