import type { SealerOptions } from '../../codec/sealer.js';
import type { LeasePurpose } from '../store.js';
import type { FilePolicy } from './standings.js';
import type { Durability } from './schema.js';
import type { SqliteDriver, SqliteFailure } from './sqlite.js';

/** What the writing thread is started with. */
export interface WriterOptions {
  readonly directory: string;
  readonly scope: string;
  readonly driver: SqliteDriver;
  readonly durability: Durability;
  readonly policy: FilePolicy;
  /** Bytes on disk at most. */
  readonly maxBytes: number;
  readonly sealer: SealerOptions;
  /** Milliseconds for which a lease is held that is not renewed. */
  readonly leaseTime: number;
  /** Milliseconds for which a batch waits for another process's transaction. */
  readonly lockTimeout: number;
}

/** An entry's place: its namespace and key as the caller names them. */
interface Target {
  readonly space: string;
  readonly key: string;
}

/** How long, and with which tags, to store; spans in milliseconds. */
export interface Terms {
  readonly ttl: number;
  readonly grace: number;
  readonly tags: readonly string[];
}

/** A draft whose serialised value lies in the batch's bytes. */
export interface PackedDraft extends Terms {
  readonly format: number;
  readonly at: number;
  readonly length: number;
}

/** What the writing thread can be asked for. */
export type Command =
  | (Target & { readonly op: 'write' | 'add' | 'swap'; readonly draft: PackedDraft })
  | (Target & { readonly op: 'remove' | 'take' })
  /** Removes what could not be read, unless something else was stored meanwhile. */
  | (Target & { readonly op: 'discard'; readonly head: Uint8Array })
  | (Target & { readonly op: 'increment'; readonly by: number; readonly terms: Terms })
  | (Target & { readonly op: 'touch'; readonly ttl: number })
  | (Target & { readonly op: 'lease'; readonly tags: readonly string[]; readonly purpose: LeasePurpose })
  | (Target & { readonly op: 'commit'; readonly token: number; readonly draft: PackedDraft })
  | (Target & { readonly op: 'yield' | 'release' | 'renew'; readonly token: number })
  | { readonly op: 'clear'; readonly space: string }
  | { readonly op: 'invalidate'; readonly tags: readonly string[]; readonly allowStale: boolean }
  | { readonly op: 'used'; readonly uses: readonly (readonly [id: number, times: number])[] };

/** An entry as it lies in the database. */
export interface RawEntry {
  readonly id: number;
  /** The id of its namespace. */
  readonly space: number;
  readonly head: Uint8Array;
  readonly value: Uint8Array;
}

/** Whether a draft was stored; `refused`: it is heavier than an entry may be. */
export type Stored = 'stored' | 'not stored' | 'refused';

/** A lease, the token of somebody else's, or an entry. */
export type LeaseResult = { readonly token: number } | { readonly busy: number } | { readonly entry: RawEntry };

/** What each command answers. */
export interface Results {
  write: Stored;
  add: Stored;
  swap: { readonly before: RawEntry | undefined; readonly stored: Stored };
  remove: boolean;
  take: RawEntry | undefined;
  discard: undefined;
  /** A number, or what is stored instead. */
  increment: { readonly value: number; readonly stored: Stored } | { readonly found: string };
  touch: boolean;
  lease: LeaseResult;
  commit: { readonly held: boolean; readonly stored: Stored };
  yield: undefined;
  release: undefined;
  renew: undefined;
  clear: undefined;
  invalidate: undefined;
  used: undefined;
}

/** Messages to the writing thread. `now` is the cache's time. */
export type Request =
  | { readonly kind: 'batch'; readonly now: number; readonly commands: readonly Command[]; readonly bytes: Uint8Array }
  | { readonly kind: 'sweep' | 'measure'; readonly now: number }
  /** The reader found this file to be damaged. */
  | { readonly kind: 'damaged'; readonly identity: string; readonly now: number }
  | { readonly kind: 'close'; readonly now: number };

/** What the writing thread answers to a request; the results in the order of the commands. */
export type Reply =
  | { readonly kind: 'done'; readonly result: unknown; readonly due: Due }
  | { readonly kind: 'failed'; readonly failure: SqliteFailure; readonly message: string };

/** When there is something to sweep: a time of the cache's clock, `Infinity` for never. */
export interface Due {
  readonly at: number;
}

/** What happens besides: entries that left by themselves, a database that had to be set aside. */
export type Notice =
  | {
      readonly kind: 'left';
      readonly cause: 'expired' | 'evicted';
      readonly entries: readonly (readonly [space: string, key: string])[];
    }
  | { readonly kind: 'setAside'; readonly reason: string };

export type FromWriter = Reply | Notice;
