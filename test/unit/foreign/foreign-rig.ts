import { Codec } from '../../../lib/codec/codec.js';
import type { SealerOptions } from '../../../lib/codec/sealer.js';
import { CacheEvents } from '../../../lib/events/cache-events.js';
import type { ForeignKind } from '../../../lib/stores/foreign/foreign.backend.js';
import { ForeignStore, type ForeignStoreOptions } from '../../../lib/stores/foreign/foreign.store.js';
import type { Clock } from '../../../lib/support/clock.js';

export const PLAIN: SealerOptions = { compression: undefined, maxBytes: 67_108_864, keys: [], allowPlaintext: false };

/** A channel whose listeners may not throw. */
export function eventsOf(): CacheEvents {
  return new CacheEvents((error) => {
    throw error;
  });
}

/** What a cache over somebody else's store is made with, where a test does not say otherwise. */
export interface ForeignRig extends Partial<Omit<ForeignStoreOptions, 'backend' | 'store'>> {
  readonly clock: Clock;
  readonly events?: CacheEvents;
  readonly sealer?: SealerOptions;
}

export function openForeign(backend: ForeignKind, store: object, rig: ForeignRig): ForeignStore {
  const { clock, events = eventsOf(), sealer = PLAIN, ...options } = rig;
  const codec = new Codec({ ...sealer, types: [], strictTypes: false });
  const all = { backend, store, prefix: '', version: '', commandTimeout: 5_000, ...options };
  return new ForeignStore(all, codec, sealer, events, clock);
}
