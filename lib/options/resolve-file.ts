import { resolve } from 'node:path';
import type { FileStoreOptions } from '../stores/file/file.store.js';
import { limit, MEGABYTE, oneOf, text, wrong } from './checks.js';
import type { FileTier } from './options.js';

export const FILE_OPTIONS = ['cacheDir', 'maxSizeMb', 'evictionPolicy', 'durability'] as const;

const DEFAULT_SIZE_MB = 1_024;

/** @param where what comes before the names of the options in errors */
export function resolveFile(
  options: FileTier,
  scope: Pick<FileStoreOptions, 'prefix' | 'version'>,
  where = '',
): FileStoreOptions {
  const directory = text(options.cacheDir, `${where}cacheDir`);
  if (directory === undefined || directory.includes('\0')) {
    throw wrong(`${where}cacheDir`, 'the path of a directory, such as /var/cache/app', directory);
  }
  return Object.freeze({
    ...scope,
    directory: resolve(directory),
    maxBytes: (limit(options.maxSizeMb, `${where}maxSizeMb`) ?? DEFAULT_SIZE_MB) * MEGABYTE,
    evictionPolicy: oneOf(options.evictionPolicy, 'lru', ['lru', 'fifo', 'lfu'], `${where}evictionPolicy`),
    durability: oneOf(options.durability, 'process', ['process', 'power'], `${where}durability`),
  });
}
