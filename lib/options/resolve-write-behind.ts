import { resolve } from 'node:path';
import { assertOptions } from '../cache/arguments.js';
import { timeout } from '../support/duration.js';
import { oneOf, text, wrong } from './checks.js';
import type { CommonOptions } from './options.js';

/** How accepted writes are kept. */
export interface ResolvedWriteBehind {
  /** Where the journal lies; undefined: in memory. */
  readonly directory: string | undefined;
  /** Tells it from those of other caches in the same directory; deploys of another `version` go on with it. */
  readonly scope: string;
  /** Milliseconds. */
  readonly flushTimeout: number;
}

const OPTIONS = ['journal', 'dir', 'flushTimeout'];

/** @param cacheDir of the cache, where it has one */
export function resolveWriteBehind(
  { writeBehind: options = {}, name = '', prefix = '' }: CommonOptions,
  cacheDir: string | undefined,
): ResolvedWriteBehind {
  assertOptions(options, OPTIONS, 'BlossomCacheModule: writeBehind');
  const { flushTimeout = '10s' } = options;
  const byDefault = cacheDir === undefined && options.dir === undefined ? 'memory' : 'file';
  const journal = oneOf(options.journal, byDefault, ['memory', 'file'], 'writeBehind.journal');
  const dir = text(options.dir, 'writeBehind.dir');
  const own = dir === undefined ? cacheDir : resolve(dir);
  if (journal === 'file' && own === undefined) {
    throw wrong('writeBehind.dir', "given with journal 'file', such as '/var/lib/app/journal'", dir);
  }
  return Object.freeze({
    directory: journal === 'file' ? own : undefined,
    scope: JSON.stringify([name, prefix]),
    flushTimeout: timeout(flushTimeout, 'BlossomCacheModule: writeBehind.flushTimeout', 0),
  });
}
