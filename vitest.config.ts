import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';
import { COMPILED_LIB } from './test/support/compiled-lib.js';

/** Threads are started from JavaScript; the tests run on TypeScript. */
const compiledThreads: Plugin = {
  name: 'compiled-threads',
  transform(code, id) {
    if (!id.endsWith('/lib/stores/file/write-queue.ts')) return undefined;
    const compiled = JSON.stringify(pathToFileURL(join(COMPILED_LIB, 'stores/file/write-queue.js')).href);
    return { code: code.replace('import.meta.url', compiled), map: null };
  },
};

export default defineConfig({
  plugins: [compiledThreads],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/compiled-lib.ts', 'test/support/redis/find-redis.ts'],
    setupFiles: ['reflect-metadata'],
    // Most of them wait for servers and processes.
    maxWorkers: '100%',
    testTimeout: 20_000,
    retry: 0,
  },
});
