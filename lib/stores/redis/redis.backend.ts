import type { Codec } from '../../codec/codec.js';
import type { CacheEvents } from '../../events/cache-events.js';
import type { Clock } from '../../support/clock.js';
import type { LeaseKeeper } from '../lease-keeper.js';
import type { Commands } from './commands.js';
import type { LocalStamps } from './local-stamps.js';
import type { Names } from './names.js';
import type { Tracking } from './tracking.js';
import type { WriteBatch } from './write-batch.js';

/** A lease, as it is renewed. */
export interface HeldLease {
  /** Its key on the server. */
  readonly name: string;
  readonly token: Buffer;
}

/** What all namespaces of one store share. */
export interface RedisBackend {
  readonly commands: Commands;
  readonly tracking: Tracking;
  readonly stamps: LocalStamps;
  readonly leases: LeaseKeeper<HeldLease>;
  /** What is being gathered to be stored in one step. */
  readonly writes: { current: WriteBatch | undefined };
  /** Told of entries without an end, and of entries that have become void. */
  readonly endless: { expects(): void; wake(): void };
  readonly names: Names;
  readonly codec: Codec;
  /** Whether frames are encrypted, and so vouch for themselves. */
  readonly sealed: boolean;
  readonly events: CacheEvents;
  readonly clock: Clock;
  /** Whether a tier above keeps what is read. */
  readonly near: boolean;
  /** Milliseconds. */
  readonly maxStaleness: number;
  /** Milliseconds. */
  readonly commandTimeout: number;
  /** Of an entry, with what goes with its value. */
  readonly maxBytes: number;
  /** Milliseconds for which a lease outlives its holder. */
  readonly leaseTime: number;
  /** Milliseconds for which the server keeps an entry beyond its end. */
  readonly slack: number;
}
