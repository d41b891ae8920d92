import type { CacheCore } from '../cache/cache-core.js';
import { Codec } from '../codec/codec.js';
import type { CacheLog } from '../events/cache-log.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import { findDriver } from '../stores/file/sqlite.js';
import type { Backing } from '../write-behind/backing.js';
import { BullBacking } from '../write-behind/bull.backing.js';
import { FileJournal } from '../write-behind/file.journal.js';
import { MEMORY_JOURNAL, type Journal } from '../write-behind/journal.js';
import { LocalBacking } from '../write-behind/local.backing.js';
import { WriteBehind } from '../write-behind/write-behind.js';

/** The write-behind queues of a cache; nothing is opened before one of them has a handler. */
export function openWriteBehind(options: ResolvedOptions, core: CacheCore, log: CacheLog): WriteBehind {
  const codec = new Codec(options.codec);
  const backing = openBacking(options, codec, core, log);
  return new WriteBehind({ core, log, codec, backing, flushTimeout: options.writeBehind.flushTimeout });
}

function openBacking(options: ResolvedOptions, codec: Codec, core: CacheCore, log: CacheLog): Backing {
  const { name = 'default', clock, writeBehind } = options;
  const { place } = writeBehind;
  if (place.journal === 'bullmq') {
    const onError = (error: unknown): void =>
      log.failure(`cache '${name}': write-behind over BullMQ`, 'has trouble', error);
    return new BullBacking({ ...place, codec, clock, onError });
  }
  return new LocalBacking(openJournal(options, codec, log), clock, core.timers, (queue, writes) =>
    log.warnOnce(
      `unhandled ${name} ${queue}`,
      `cache '${name}': the write-behind journal holds ${writes} writes of '${queue}', and nobody handles it: they stay there`,
    ),
  );
}

function openJournal(
  { name = 'default', writeBehind: { place } }: ResolvedOptions,
  codec: Codec,
  log: CacheLog,
): Journal {
  if (place.journal !== 'file') return MEMORY_JOURNAL;
  const { directory, scope } = place;
  const onTrouble = (message: string): void =>
    log.warnOnce(`journal ${name} ${message}`, `cache '${name}': the write-behind journal: ${message}`);
  return new FileJournal({ directory, scope, codec, driver: findDriver(), onTrouble });
}
