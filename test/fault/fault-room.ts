import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Codec } from '../../lib/codec/codec.js';
import { encryptionKeys } from '../../lib/codec/encryption-keys.js';
import { CacheEvents, type CacheEventType } from '../../lib/events/cache-events.js';
import { FileStore, type FileStoreOptions } from '../../lib/stores/file/file.store.js';
import { DATABASE_FILE } from '../../lib/stores/file/schema.js';
import { GuardedStore } from '../../lib/stores/guarded/guarded.store.js';
import type { Draft } from '../../lib/stores/store.js';
import { systemClock } from '../../lib/support/clock.js';
import { killAll } from '../support/child-process.js';
import { PLAIN, ROOMY } from '../support/file-store.js';

/** The key of those stores that encrypt. */
export const ENCRYPTION_KEY = 'ab'.repeat(32);

/** How a store is opened. */
export interface Opening {
  readonly directory?: string;
  readonly encryptionKey?: string;
  readonly options?: Partial<FileStoreOptions>;
}

/** A file store, the same behind a guard, and what has happened to both. */
export interface OpenedFiles {
  readonly store: FileStore;
  readonly guarded: GuardedStore;
  readonly events: CacheEvents;
  /** How often what has happened so far. */
  happened(...types: CacheEventType[]): Record<string, number>;
}

/** A directory in which things go wrong, and the stores of this process in it; all on real time. */
export class FaultRoom {
  readonly folder: string;
  readonly #opened: GuardedStore[] = [];

  constructor(parent = tmpdir()) {
    this.folder = mkdtempSync(join(parent, 'blossom-fault-'));
  }

  /** The directory of the cache. */
  get directory(): string {
    return join(this.folder, 'cache');
  }

  open({ directory = this.directory, encryptionKey, options }: Opening = {}): OpenedFiles {
    const keys = encryptionKey === undefined ? [] : encryptionKeys(encryptionKey);
    const sealer = { ...PLAIN, keys };
    const events = new CacheEvents((error) => {
      throw error;
    });
    const codec = new Codec({ ...sealer, types: [], strictTypes: false });
    const store = new FileStore({ ...ROOMY, directory, ...options }, codec, sealer, events, systemClock);
    const guarded = new GuardedStore(store, { onError: 'absorb' }, events, systemClock);
    this.#opened.push(guarded);
    return {
      store,
      guarded,
      events,
      happened: (...types) => Object.fromEntries(types.map((type) => [type, events.counts[type]])),
    };
  }

  async closeStores(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((store) => store.close()));
  }

  async close(): Promise<void> {
    await killAll();
    await this.closeStores();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The database of a cache's directory. */
export function databaseIn(directory: string): string {
  return join(directory, DATABASE_FILE);
}

export function draft(value: unknown, tags: readonly string[] = [], ttl = 3_600_000): Draft {
  return { value, ttl, grace: 0, tags };
}

/** Resolves when `condition` holds; rejects when it does not within `ms`. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, ms = 10_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await pause(5);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A number that can be set through the environment, for longer runs. */
export function knob(name: string, usual: number): number {
  const given = Number(process.env[name]);
  return given > 0 ? given : usual;
}
