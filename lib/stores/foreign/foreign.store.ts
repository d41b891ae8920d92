import type { Codec } from '../../codec/codec.js';
import { Sealer, type SealerOptions } from '../../codec/sealer.js';
import type { CacheEvents } from '../../events/cache-events.js';
import type { Clock } from '../../support/clock.js';
import { WeakRegistry } from '../../support/weak-registry.js';
import type { FarStore, StoreSize } from '../store.js';
import { adaptIfThere, adaptStore } from './adapt-store.js';
import type { ForeignKind } from './foreign.backend.js';
import type { ForeignRoom } from './foreign.room.js';
import { ForeignSpace } from './foreign.space.js';
import { Names } from './names.js';
import { Stamps } from './stamps.js';
import { Wire } from './wire.js';

/** Everything a store by others can be told; the module's options resolve to it. */
export interface ForeignStoreOptions {
  readonly backend: ForeignKind;
  /**
   * A Keyv instance, an adapter of Keyv or a `Map`; a store of cache-manager 5, or a cache over one; or a promise of
   * one of them.
   */
  readonly store: object;
  /** Come before every key and tag. */
  readonly prefix: string;
  readonly version: string;
  /** Milliseconds that an operation may take. */
  readonly commandTimeout: number;
  /**
   * Whether this process alone uses the store, so that atomic operations can be put together from reads and writes.
   * Default: whether the store is known to live in this process.
   */
  readonly exclusive?: boolean | undefined;
}

/** Tags that one operation names at most. */
const PORTION = 250;

/** Entries in a store that somebody else made, as texts, with all that the cache promises and such a store can keep. */
export class ForeignStore implements FarStore {
  readonly shared: boolean;
  readonly reclaims = false;
  readonly #room: ForeignRoom;
  readonly #spaces = new WeakRegistry((namespace) => new ForeignSpace(this.#room, namespace));

  /** @throws {CacheOptionsError} where the store is none; where a promise of one is none, every operation rejects with it */
  constructor(options: ForeignStoreOptions, codec: Codec, sealer: SealerOptions, events: CacheEvents, clock: Clock) {
    const { backend: kind, store, prefix, version, exclusive } = options;
    const there = adaptIfThere(kind, store);
    const backend = there === undefined ? Promise.resolve(store).then((made) => adaptStore(kind, made)) : Promise.resolve(there); // prettier-ignore
    this.shared = !(exclusive ?? there?.local === true);
    this.#room = {
      kind,
      wire: new Wire(kind, backend, options.commandTimeout, clock),
      exclusive,
      scope: `${prefix.length}:${prefix}${version.length}:${version}:`,
      names: new Names(prefix, version),
      stamps: new Stamps(clock),
      codec,
      sealer: new Sealer(sealer),
      maxBytes: sealer.maxBytes,
      events,
      clock,
    };
  }

  space(namespace: string): ForeignSpace {
    return this.#spaces.get(namespace);
  }

  /**
   * First the stamp of all tags, then those of the tags: who finds the former has read the latter before. A tag has two, of
   * which the second alone goes where what is stale may be served.
   */
  async invalidateTags(tags: readonly string[], allowStale = false): Promise<void> {
    const { wire, names } = this.#room;
    const all = [...new Set(tags)].map((tag) => names.of(allowStale ? 'soft' : 'tag', tag));
    for (let from = 0; from < all.length; from += PORTION) {
      await wire.run('invalidateTags', async (trip) => {
        await trip.delete(names.of('tags'));
        await trip.deleteAll(all.slice(from, from + PORTION));
      });
    }
  }

  accepts(value: unknown): void {
    this.#room.codec.serialise(value);
  }

  /** What such a store holds nobody can tell without reading all of it. */
  measure(): StoreSize {
    return { size: undefined, bytes: undefined };
  }

  /** Stops listening to the store, which stays open: it belongs to whoever made it. */
  close(): void {
    this.#room.wire.close();
  }
}
