import type { Codec } from '../../codec/codec.js';
import type { CacheEvents } from '../../events/cache-events.js';
import type { EntryReader } from './entry-reader.js';
import type { LeaseKeeper } from '../lease-keeper.js';
import type { FileLease } from './file.lease.js';
import type { RecentUses } from './recent-uses.js';
import type { WriteQueue } from './write-queue.js';

/** What all namespaces of one file store share. */
export interface FileBackend {
  /** Comes before the names of namespaces and tags in the database. */
  readonly scope: string;
  readonly reader: EntryReader;
  readonly queue: WriteQueue;
  /** Undefined where the eviction policy does not ask for them. */
  readonly uses: RecentUses | undefined;
  readonly leases: LeaseKeeper<FileLease>;
  readonly codec: Codec;
  /** Whether the codec notices every change of a value's bytes by itself. */
  readonly encrypted: boolean;
  readonly events: CacheEvents;
}
