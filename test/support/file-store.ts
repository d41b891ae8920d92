import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Codec } from '../../lib/codec/codec.js';
import type { SealerOptions } from '../../lib/codec/sealer.js';
import { CacheEvents } from '../../lib/events/cache-events.js';
import { FileStore, type FileStoreOptions } from '../../lib/stores/file/file.store.js';
import type { Clock } from '../../lib/support/clock.js';
import { FakeClock } from './fake-clock.js';

/** A store with room for whatever a test puts into it. */
export const ROOMY = {
  maxBytes: 1_073_741_824,
  evictionPolicy: 'lru',
  durability: 'process',
  prefix: '',
  version: '',
} as const;

export const PLAIN: SealerOptions = { compression: undefined, maxBytes: 67_108_864, keys: [], allowPlaintext: false };

/** A directory of its own for file stores, and the stores that were opened in it. */
export class FileStoreRig {
  readonly directory = mkdtempSync(join(tmpdir(), 'blossom-file-'));
  readonly #open: FileStore[] = [];

  constructor(
    readonly clock: Clock = new FakeClock(),
    private readonly options: Partial<FileStoreOptions> = {},
    private readonly sealer: SealerOptions = PLAIN,
  ) {}

  open(options: Partial<FileStoreOptions> = {}, events = silentEvents()): FileStore {
    const { sealer } = this;
    const codec = new Codec({ ...sealer, types: [], strictTypes: false });
    const all = { ...ROOMY, directory: this.directory, notice: 0, ...this.options, ...options };
    const store = new FileStore(all, codec, sealer, events, this.clock);
    this.#open.push(store);
    return store;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map((store) => store.close()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function silentEvents(): CacheEvents {
  return new CacheEvents((error) => {
    throw error;
  });
}
