import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { COMPILED_LIB } from '../../support/compiled-lib.js';

const MODULES = fileURLToPath(new URL('../../../node_modules/', import.meta.url));
const NEEDED = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];
const PROGRAM = `
  import 'reflect-metadata';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { BlossomCacheModule } from './lib/index.js';
  import { BlossomCacheOtelModule } from './lib/otel/index.js';
  class Root {}
  Module({ imports: [BlossomCacheModule.forRoot(), BlossomCacheOtelModule.forRoot()] })(Root);
  try {
    const app = await NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
    console.log('booted');
    await app.close();
  } catch (error) {
    console.log(error.name + ': ' + error.message);
  }`;

let home: string;

afterEach(() => rmSync(home, { recursive: true }));

/** What an application prints that has these packages and no others. */
function bootWith(packages: readonly string[]): string {
  home = mkdtempSync(join(tmpdir(), 'blossom-otel-'));
  cpSync(COMPILED_LIB, join(home, 'lib'), { recursive: true });
  for (const name of packages) {
    const target = join(home, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(join(MODULES, name), target, 'dir');
  }
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', PROGRAM], { cwd: home, encoding: 'utf8' });
  expect(run.stderr).toBe('');
  return run.stdout.trim();
}

describe('the API of OpenTelemetry', () => {
  it('is missing: the boot stops with one line that says what to install', () => {
    expect(bootWith(NEEDED)).toBe(
      'CacheOptionsError: BlossomCacheOtelModule needs the API of OpenTelemetry: install @opentelemetry/api@^1.9.0',
    );
  });

  it('is all that is needed: without an SDK nothing is told, and everything works', () => {
    expect(bootWith([...NEEDED, '@opentelemetry/api'])).toBe('booted');
  });
});
