import { expect, it } from 'vitest';
import { CacheBackendError } from '../../../lib/errors/cache.errors.js';
import type { WriterOptions } from '../../../lib/stores/file/commands.js';
import { WriteQueue } from '../../../lib/stores/file/write-queue.js';
import { FakeClock } from '../../support/fake-clock.js';
import { PLAIN } from '../../support/file-store.js';

const HOOKS = { uses: () => [], notice: () => {}, done: () => {} };

it.each<[string, Partial<WriterOptions>]>([
  ['cannot be started', { sealer: { ...PLAIN, keys: (() => {}) as never } }],
  ['dies when it starts', { directory: 5 as never }],
])('where the writing thread %s, each command is a failure of the backend, and closing ends', async (_, options) => {
  const queue = new WriteQueue(options as WriterOptions, new FakeClock(), HOOKS);
  for (let round = 0; round < 2; round += 1) {
    const asked = [1, 2].map(() => queue.ask({ op: 'clear', space: 'ns' }));
    for (const outcome of await Promise.allSettled(asked)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(CacheBackendError) });
    }
  }
  queue.reportDamage('nobody');
  await expect(queue.request('measure')).rejects.toBeInstanceOf(CacheBackendError);
  await queue.close();
  await expect(queue.ask({ op: 'clear', space: 'ns' })).rejects.toThrow('closed');
});
