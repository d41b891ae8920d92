import { resolve } from 'node:path';
import { assertOptions } from '../cache/arguments.js';
import { timeout } from '../support/duration.js';
import { oneOf, text, wrong } from './checks.js';
import type { CommonOptions } from './options.js';

/** How accepted writes are kept. */
export interface ResolvedWriteBehind {
  readonly place: JournalPlace;
  /** Milliseconds. */
  readonly flushTimeout: number;
}

type JournalPlace =
  | { readonly journal: 'memory' }
  | {
      readonly journal: 'file';
      readonly directory: string;
      /** Tells it from those of other caches in the same directory; deploys of another `version` go on with it. */
      readonly scope: string;
    }
  | {
      readonly journal: 'bullmq';
      readonly configKey: string | undefined;
      /** What the names of its queues begin with. */
      readonly prefix: string;
    };

const OPTIONS = ['journal', 'dir', 'configKey', 'flushTimeout'];

/** @param cacheDir of the cache, where it has one */
export function resolveWriteBehind(options: CommonOptions, cacheDir: string | undefined): ResolvedWriteBehind {
  const { flushTimeout = '10s' } = options.writeBehind ?? {};
  assertOptions(options.writeBehind, OPTIONS, 'BlossomCacheModule: writeBehind');
  return Object.freeze({
    place: Object.freeze(place(options, cacheDir)),
    flushTimeout: timeout(flushTimeout, 'BlossomCacheModule: writeBehind.flushTimeout', 0),
  });
}

function place(
  { writeBehind = {}, name = '', prefix = '' }: CommonOptions,
  cacheDir: string | undefined,
): JournalPlace {
  const dir = text(writeBehind.dir, 'writeBehind.dir');
  const configKey = text(writeBehind.configKey, 'writeBehind.configKey');
  const byDefault = cacheDir === undefined && dir === undefined ? 'memory' : 'file';
  const journal = oneOf(writeBehind.journal, byDefault, ['memory', 'file', 'bullmq'], 'writeBehind.journal');
  if (dir !== undefined && journal !== 'file') throw wrong('writeBehind.dir', "left out, or journal 'file'", dir);
  if (configKey !== undefined && journal !== 'bullmq') {
    throw wrong('writeBehind.configKey', "left out, or journal 'bullmq'", configKey);
  }
  if (journal === 'memory') return { journal };
  if (journal === 'bullmq') {
    return {
      journal,
      configKey,
      prefix: [prefix, name, 'write-behind', ''].filter((part, at) => part !== '' || at === 3).join('.'),
    };
  }
  const directory = dir === undefined ? cacheDir : resolve(dir);
  if (directory === undefined) {
    throw wrong('writeBehind.dir', "given with journal 'file', such as '/var/lib/app/journal'", dir);
  }
  return { journal, directory, scope: JSON.stringify([name, prefix]) };
}
