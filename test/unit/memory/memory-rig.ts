import { CacheEvents } from '../../../lib/events/cache-events.js';
import type { MemoryStoreOptions } from '../../../lib/stores/memory/memory.pool.js';
import { MemoryStore } from '../../../lib/stores/memory/memory.store.js';
import type { MemorySpace } from '../../../lib/stores/memory/memory.space.js';
import type { Draft } from '../../../lib/stores/store.js';
import type { Clock } from '../../../lib/support/clock.js';
import { FakeClock } from '../../support/fake-clock.js';

export interface MemoryRig<C extends Clock = FakeClock> {
  readonly clock: C;
  readonly store: MemoryStore;
  readonly events: CacheEvents;
  readonly space: MemorySpace;
  /** What the store said since this was last emptied, such as `evict ns/k size`. */
  readonly log: string[];
  hit(key: string): unknown;
  hits(keys: Iterable<string>): string;
}

export function draft(value: unknown, about: Partial<Omit<Draft, 'value'>> = {}): Draft {
  return { value, ttl: Infinity, grace: 0, tags: [], ...about };
}

export function openMemory(options: Partial<MemoryStoreOptions> = {}): MemoryRig {
  return openMemoryOn(new FakeClock(), options);
}

export function openMemoryOn<C extends Clock>(clock: C, options: Partial<MemoryStoreOptions> = {}): MemoryRig<C> {
  const events = new CacheEvents((error) => {
    throw error;
  });
  const log: string[] = [];
  events.on('set', ({ namespace, key }) => log.push(`set ${namespace}/${key}`));
  events.on('evict', ({ namespace, key, cause }) => log.push(`evict ${namespace}/${key} ${cause}`));
  events.on('expire', ({ namespace, key, cause }) => log.push(`expire ${namespace}/${key} ${cause}`));
  events.on('refuse', ({ namespace, key, cause }) => log.push(`refuse ${namespace}/${key} ${cause}`));
  const store = new MemoryStore(
    { maxSize: Infinity, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'reference', ...options },
    events,
    clock,
  );
  const space = store.space('ns');
  const hit = (key: string): unknown => {
    const entry = space.read(key, clock.now());
    return entry !== undefined && clock.now() < entry.expiresAt ? entry.value : undefined;
  };
  return {
    clock,
    store,
    events,
    space,
    log,
    hit,
    hits: (keys) => [...keys].filter((key) => hit(key) !== undefined).join(''),
  };
}
