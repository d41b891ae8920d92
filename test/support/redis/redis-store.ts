import { Codec } from '../../../lib/codec/codec.js';
import type { SealerOptions } from '../../../lib/codec/sealer.js';
import { CacheEvents } from '../../../lib/events/cache-events.js';
import type { RedisPlace, RedisStoreOptions } from '../../../lib/stores/redis/redis-options.js';
import { RedisStore, type RedisNotices, type RedisTimes } from '../../../lib/stores/redis/redis.store.js';
import type { Store } from '../../../lib/stores/store.js';
import type { Clock } from '../../../lib/support/clock.js';
import { PLAIN } from '../file-store.js';
import { FakeClock } from '../fake-clock.js';

let scopes = 0;

/** What one `RedisStoreRig` opens stores with. */
export interface RedisRigOptions extends Partial<RedisStoreOptions> {
  readonly sealer?: SealerOptions;
  readonly notices?: RedisNotices;
  /** Default: entries live by the clock of the test as it is. */
  readonly times?: RedisTimes;
}

/** A part of a server's keys of its own, and the stores that were opened in it. */
export class RedisStoreRig {
  readonly prefix = `test ${process.pid} ${(scopes += 1)}`;
  readonly #open: RedisStore[] = [];

  constructor(
    private readonly place: RedisPlace,
    readonly clock: Clock = new FakeClock(),
    private readonly options: RedisRigOptions = {},
  ) {}

  open(options: RedisRigOptions = {}, events = silentEvents()): RedisStore {
    const {
      sealer = PLAIN,
      notices = SILENT,
      times = { offset: 0, slack: 60_000 },
      ...all
    } = {
      place: this.place,
      prefix: this.prefix,
      version: '',
      commandTimeout: 5_000,
      maxBytes: 8_388_608,
      near: false,
      maxStaleness: 1_000,
      ...this.options,
      ...options,
    };
    const codec = new Codec({ ...sealer, types: [], strictTypes: false });
    const store = new RedisStore(all, codec, sealer, events, this.clock, notices, times);
    this.#open.push(store);
    return store;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map((store) => store.close()));
  }
}

/** Keys of every server of a cluster: none of three is left out by thirty. */
const EVERYWHERE = Array.from({ length: 30 }, (_, index) => `heard ${index}`);

/**
 * Nothing is announced to the store any more that was changed before: a server announces it before it answers what it
 * is asked later over the same connection.
 */
export async function heard(store: Store, clock: Clock): Promise<void> {
  await store.space('heard').readMany(EVERYWHERE, clock.now());
}

const SILENT: RedisNotices = { untracked: () => {} };

function silentEvents(): CacheEvents {
  return new CacheEvents((error) => {
    throw error;
  });
}
