import { CacheEvents } from '../../../lib/events/cache-events.js';
import { ISOLATORS, type Isolation } from '../../../lib/stores/isolation.js';
import { MemoryStore } from '../../../lib/stores/memory/memory.store.js';
import type { FarStore } from '../../../lib/stores/store.js';
import { TieredStore } from '../../../lib/stores/tiered/tiered.store.js';
import type { Clock } from '../../../lib/support/clock.js';

/** A near tier over a far store. */
export function tiered(far: FarStore, clock: Clock, isolation: Isolation = 'reference', maxSize = 10_000) {
  const events = { near: silentEvents(), far: silentEvents() };
  const near = new MemoryStore(
    { maxSize, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'reference' },
    events.near,
    clock,
  );
  const store = new TieredStore(near, far, ISOLATORS[isolation], events, clock);
  return { store, near, events };
}

/** A channel whose listeners must not throw. */
export function silentEvents(): CacheEvents {
  return new CacheEvents((error) => {
    throw error;
  });
}
