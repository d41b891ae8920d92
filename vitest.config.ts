import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { COMPILED_LIB } from './test/support/compiled-lib.js';

/** Files that start a thread. */
const STARTERS = ['stores/file/write-queue', 'write-behind/file.journal'];

/** Threads are started from JavaScript; the tests run on TypeScript. */
const compiledThreads: Plugin = {
  name: 'compiled-threads',
  transform(code, id) {
    const starter = STARTERS.find((file) => id.endsWith(`/lib/${file}.ts`));
    if (starter === undefined) return undefined;
    const compiled = JSON.stringify(pathToFileURL(join(COMPILED_LIB, `${starter}.js`)).href);
    return { code: code.replace('import.meta.url', compiled), map: null };
  },
};

/** The contracts take longest, and are small files: begun last, one of them would keep one worker busy alone. */
class ContractsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is the sequencer that sorts, not a list
    const sorted = await super.sort(files);
    const isContract = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith('.contract.test.ts');
    return [...sorted.filter(isContract), ...sorted.filter((file) => !isContract(file))];
  }
}

export default defineConfig({
  plugins: [compiledThreads],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/compiled-lib.ts', 'test/support/redis/find-redis.ts'],
    setupFiles: ['reflect-metadata'],
    // Most of them wait for servers and processes.
    maxWorkers: '100%',
    testTimeout: 20_000,
    sequence: { sequencer: ContractsFirst },
    retry: 0,
  },
});
