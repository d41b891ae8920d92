import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COMPILED_LIB } from '../../support/compiled-lib.js';
import { directory } from './stores-rig.js';

const MODULES = fileURLToPath(new URL('../../../node_modules/', import.meta.url));
const NEEDED = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];

/** A directory with the library and these packages, and no others: what is not there is not found elsewhere. */
function installation(packages: readonly string[]): string {
  const home = directory();
  cpSync(COMPILED_LIB, join(home, 'lib'), { recursive: true });
  for (const name of packages) {
    const target = join(home, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(join(MODULES, name), target, 'dir');
  }
  return home;
}

/** Boots an application there; it prints what the cache says and what stops the boot, and ends. */
function bootIn(home: string, options: string): string[] {
  const program = `
    import 'reflect-metadata';
    import { Module } from '@nestjs/common';
    import { NestFactory } from '@nestjs/core';
    import { BlossomCacheModule } from './lib/index.js';
    class Root {}
    Module({ imports: [BlossomCacheModule.forRoot(${options})] })(Root);
    const said = (line, from) => from === 'BlossomCache' && console.log(line);
    const logger = { log: said, warn: said, error: () => {} };
    try {
      const app = await NestFactory.createApplicationContext(Root, { logger, abortOnError: false });
      console.log('booted');
      await app.close();
    } catch (error) {
      console.log(error.name + ': ' + error.message);
    }`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: home,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

describe('without a client for Redis', () => {
  it.each([
    "{ backend: 'redis', host: '127.0.0.1', port: 1 }",
    "{ backend: 'hybrid', memory: {}, redis: { port: 1 } }",
  ])('%s: the boot stops with one line that says what to install', (options) => {
    expect(bootIn(installation(NEEDED), options)).toEqual([
      "CacheOptionsError: backend 'redis' needs a client: install @redis/client@^6 (or redis@^6)",
    ]);
  });

  it('memory does not need one', () => {
    expect(bootIn(installation(NEEDED), '{}').at(-1)).toBe('booted');
  });

  it('with one the same application boots, whether its server is there or not', () => {
    const home = installation([...NEEDED, '@redis/client']);
    expect(bootIn(home, "{ backend: 'redis', port: 1 }")).toContain('booted');
  });
});
