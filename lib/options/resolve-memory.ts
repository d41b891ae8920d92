import type { MemoryStoreOptions } from '../stores/memory/memory.pool.js';
import type { Isolation } from '../stores/isolation.js';
import { callable, limit, MEGABYTE, oneOf, wrong } from './checks.js';
import type { MemoryLimits } from './options.js';

export const MEMORY_OPTIONS = ['maxSize', 'maxSizeMb', 'evictionPolicy', 'isolation', 'sizeOf'] as const;

/** Memory as the module's options say it. */
export type ResolvedMemory = Omit<MemoryStoreOptions, 'isolation'> & { readonly isolation: Isolation };

/** @param where what comes before the names of the options in errors */
export function resolveMemory(options: MemoryLimits, where = ''): ResolvedMemory {
  const maxSizeMb = limit(options.maxSizeMb, `${where}maxSizeMb`);
  const maxSize = limit(options.maxSize, `${where}maxSize`);
  if (maxSize !== undefined && maxSize !== Infinity && !Number.isInteger(maxSize)) {
    throw wrong(`${where}maxSize`, 'a whole number', maxSize);
  }
  return Object.freeze({
    maxSize: maxSize ?? (maxSizeMb === undefined ? 1_000 : Infinity),
    maxBytes: (maxSizeMb ?? Infinity) * MEGABYTE,
    evictionPolicy: oneOf(options.evictionPolicy, 'lru', ['lru', 'fifo', 'lfu'], `${where}evictionPolicy`),
    isolation: oneOf(options.isolation, 'reference', ['reference', 'freeze', 'clone'], `${where}isolation`),
    sizeOf: callable<NonNullable<MemoryLimits['sizeOf']>>(options.sizeOf, `${where}sizeOf`),
  });
}
