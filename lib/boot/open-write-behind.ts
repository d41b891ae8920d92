import type { CacheCore } from '../cache/cache-core.js';
import { Codec } from '../codec/codec.js';
import type { CacheLog } from '../events/cache-log.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import { findDriver } from '../stores/file/sqlite.js';
import { FileJournal, type FileJournalOptions } from '../write-behind/file.journal.js';
import { MEMORY_JOURNAL, type Journal } from '../write-behind/journal.js';
import { WriteBehind } from '../write-behind/write-behind.js';

/** The write-behind queues of a cache; nothing is opened before one of them has a handler. */
export function openWriteBehind(options: ResolvedOptions, core: CacheCore, log: CacheLog): WriteBehind {
  const codec = new Codec(options.codec);
  const { directory, scope, flushTimeout } = options.writeBehind;
  const name = options.name ?? 'default';
  const journal = directory === undefined ? MEMORY_JOURNAL : fileJournal({ directory, scope, codec }, name, log);
  return new WriteBehind({ core, log, codec, journal, flushTimeout });
}

function fileJournal(
  about: Pick<FileJournalOptions, 'directory' | 'scope' | 'codec'>,
  name: string,
  log: CacheLog,
): Journal {
  const onTrouble = (message: string): void =>
    log.warnOnce(`journal ${name} ${message}`, `cache '${name}': the write-behind journal: ${message}`);
  return new FileJournal({ ...about, driver: findDriver(), onTrouble });
}
