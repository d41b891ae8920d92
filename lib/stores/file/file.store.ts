import type { Codec } from '../../codec/codec.js';
import type { SealerOptions } from '../../codec/sealer.js';
import { CacheOptionsError } from '../../errors/cache.errors.js';
import type { CacheEvents } from '../../events/cache-events.js';
import { schedule, type Clock } from '../../support/clock.js';
import { WeakRegistry } from '../../support/weak-registry.js';
import { LeaseKeeper } from '../lease-keeper.js';
import type { FarStore, StoreSize } from '../store.js';
import type { Due, Notice } from './commands.js';
import { DatabaseFile } from './database-file.js';
import { EntryReader } from './entry-reader.js';
import type { FileBackend } from './file.backend.js';
import type { FileLease } from './file.lease.js';
import { FileSpace } from './file.space.js';
import { scopeOf } from './names.js';
import { RecentUses } from './recent-uses.js';
import type { Durability } from './schema.js';
import { findDriver, type SqliteDriver } from './sqlite.js';
import type { FilePolicy } from './standings.js';
import { WriteQueue } from './write-queue.js';

/** Everything a file store can be told; the module's options resolve to it. */
export interface FileStoreOptions {
  readonly directory: string;
  /** Bytes on disk at most. */
  readonly maxBytes: number;
  readonly evictionPolicy: FilePolicy;
  readonly durability: Durability;
  /** Come before the names of namespaces and tags. */
  readonly prefix: string;
  readonly version: string;
  /** Default: the first that can be loaded. */
  readonly driver?: SqliteDriver | undefined;
  /** Milliseconds: see {@link EntryReader}. Default: 50. */
  readonly notice?: number | undefined;
  /** Milliseconds for which a lease outlives a holder that has died. Default: 3000. */
  readonly leaseTime?: number | undefined;
  /** Milliseconds for which a write waits for other processes' writes. Default: 500. */
  readonly lockTimeout?: number | undefined;
}

const DEFAULTS = { notice: 50, leaseTime: 3_000, lockTimeout: 500 } as const;
/** Milliseconds for which opening at boot waits for another process. */
const OPENING_TIMEOUT = 5_000;
/** Milliseconds after which uses are written though nothing else is. */
const USES_DELAY = 1_000;
/** Milliseconds between two sweeps, so that reads and writes come between them. */
const SWEEP_PAUSE = 20;

/**
 * Entries in a SQLite database in one directory, which several processes of one machine may share. It reads on
 * the calling thread and writes in a thread of its own.
 */
export class FileStore implements FarStore {
  readonly shared = true;
  readonly reclaims = true;
  readonly #backend: FileBackend;
  readonly #spaces = new WeakRegistry((namespace) => new FileSpace(this.#backend, namespace));
  #cancelSweep: (() => void) | undefined;
  #cancelUses: (() => void) | undefined;
  #closed = false;

  /** @throws {CacheOptionsError} where the directory cannot be used or there is no SQLite. */
  constructor(
    options: FileStoreOptions,
    codec: Codec,
    sealer: SealerOptions,
    private readonly events: CacheEvents,
    private readonly clock: Clock,
  ) {
    const { directory, durability, maxBytes, evictionPolicy: policy } = options;
    const driver = options.driver ?? findDriver();
    const scope = scopeOf(options.prefix, options.version);
    const leaseTime = options.leaseTime ?? DEFAULTS.leaseTime;
    const lockTimeout = options.lockTimeout ?? DEFAULTS.lockTimeout;
    const uses = policy === 'fifo' ? undefined : new RecentUses(() => this.#usesWait());
    const queue = new WriteQueue(
      { directory, scope, driver, durability, policy, maxBytes, sealer, leaseTime, lockTimeout },
      clock,
      {
        uses: () => uses?.gather() ?? [],
        notice: (notice) => this.#noticed(notice),
        done: (due) => this.#written(due),
      },
    );
    const reader = new EntryReader(
      new DatabaseFile(directory),
      { driver, durability, maxBytes, busyTimeout: OPENING_TIMEOUT, scope, notice: options.notice ?? DEFAULTS.notice },
      (identity) => queue.reportDamage(identity),
    );
    const leases = new LeaseKeeper<FileLease>(leaseTime / 3, ({ space, key, token }) =>
      queue.ask({ op: 'renew', space, key, token }),
    );
    const encrypted = sealer.keys.length > 0;
    this.#backend = { scope, reader, queue, uses, leases, codec, encrypted, events };
    start(reader, directory);
  }

  space(namespace: string): FileSpace {
    return this.#spaces.get(namespace);
  }

  async invalidateTags(tags: readonly string[], allowStale = false): Promise<void> {
    if (tags.length > 0) await this.#backend.queue.ask({ op: 'invalidate', tags, allowStale });
  }

  accepts(value: unknown): void {
    this.#backend.codec.serialise(value);
  }

  /** `bytes` are those of keys and values, without what the database needs around them. */
  async measure(): Promise<StoreSize> {
    const measured = (await this.#backend.queue.request('measure')) as StoreSize | undefined;
    return measured ?? { size: undefined, bytes: undefined };
  }

  /** Commits what was asked for before. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#backend.leases.close();
    await this.#backend.queue.close();
    this.#cancelSweep?.();
    this.#cancelUses?.();
    this.#backend.reader.close();
  }

  #usesWait(): void {
    this.#cancelUses ??= schedule(this.clock, USES_DELAY, () => {
      this.#cancelUses = undefined;
      if (!this.#closed) this.#backend.queue.ask({ op: 'used', uses: [] }).catch(() => {});
    });
  }

  /** Something has been written: it is seen from now on. */
  #written({ at }: Due): void {
    this.#backend.reader.expire();
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    if (at === Infinity || this.#closed) return;
    const pause = Math.min(Math.max(at - this.clock.now(), SWEEP_PAUSE), LONGEST_PAUSE);
    this.#cancelSweep = schedule(this.clock, pause, () => {
      this.#cancelSweep = undefined;
      this.#backend.queue.request('sweep').catch(() => {});
    });
  }

  #noticed(notice: Notice): void {
    if (notice.kind === 'setAside') {
      this.events.emit('setAside', { reason: notice.reason });
      return;
    }
    const { scope } = this.#backend;
    for (const [space, key] of notice.entries) {
      // What belongs to a cache with another prefix or version is none of this one's business.
      if (!space.startsWith(scope)) continue;
      const about = { namespace: space.slice(scope.length), key };
      if (notice.cause === 'expired') this.events.emit('expire', { ...about, cause: 'ttl' });
      else this.events.emit('evict', { ...about, cause: 'bytes' });
    }
  }
}

/** Milliseconds that a timer can wait for. */
const LONGEST_PAUSE = 2 ** 31 - 1;

/** A directory that cannot be used is an error now. */
function start(reader: EntryReader, directory: string): void {
  try {
    reader.start();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CacheOptionsError(
      `cacheDir: '${directory}' cannot be used: ${reason}; give a local directory that this process may create and write`,
      { cause },
    );
  }
}
