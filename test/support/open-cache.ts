import { CacheCore, type CacheParts } from '../../lib/cache/cache-core.js';
import { CacheService } from '../../lib/cache/cache.service.js';
import { CacheEvents } from '../../lib/events/cache-events.js';
import { MemoryStore } from '../../lib/stores/memory/memory.store.js';
import { FakeClock } from './fake-clock.js';

const LIMITS = { maxSize: 1_000, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'reference' } as const;

/** A memory store outside of any application. */
export function memoryStore(clock = new FakeClock(), events = silentEvents()): MemoryStore {
  return new MemoryStore(LIMITS, events, clock);
}

/** A cache outside of any application, over a store of its own or the one given. */
export function openCache(parts: Partial<CacheParts> = {}): CacheService {
  const clock = parts.clock ?? new FakeClock();
  const events = parts.events ?? silentEvents();
  const core = new CacheCore({
    name: 'test',
    enabled: true,
    store: new MemoryStore(LIMITS, events, clock),
    keyOf: () => '',
    ttl: 60_000,
    ttlJitter: 0,
    varyBy: undefined,
    ...parts,
    clock,
    events,
  });
  return new CacheService(core, '');
}

function silentEvents(): CacheEvents {
  return new CacheEvents(() => {});
}
