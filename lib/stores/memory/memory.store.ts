import type { CacheEvents } from '../../events/cache-events.js';
import type { Clock } from '../../support/clock.js';
import { WeakRegistry } from '../../support/weak-registry.js';
import type { FarStore, StoreSize } from '../store.js';
import { MemoryPool, type MemoryStoreOptions } from './memory.pool.js';
import { MemorySpace } from './memory.space.js';

/** Entries in the process's own memory. Everything but `measure` is answered at once. */
export class MemoryStore implements FarStore {
  readonly shared = false;
  readonly reclaims = true;
  readonly #pool: MemoryPool;
  readonly #spaces = new WeakRegistry((namespace) => new MemorySpace(this.#pool, namespace));

  constructor(options: MemoryStoreOptions, events: CacheEvents, clock: Clock) {
    this.#pool = new MemoryPool(options, events, clock);
  }

  space(namespace: string): MemorySpace {
    return this.#spaces.get(namespace);
  }

  invalidateTags(tags: readonly string[], allowStale = false): void {
    for (const tag of tags) {
      if (allowStale) this.#pool.tags.soften(tag);
      else this.#invalidate(tag);
    }
  }

  /** Freezing refuses nothing, and would be done too early. */
  accepts(value: unknown): void {
    const { store, read } = this.#pool.isolator;
    if (read !== undefined) store(value);
  }

  measure(): Promise<StoreSize> {
    return this.#pool.measure();
  }

  close(): void {
    this.#pool.close();
  }

  #invalidate(tag: string): void {
    const stamp = this.#pool.tags.invalidate(tag);
    if (stamp !== undefined) this.#pool.discard(stamp.entries.values(), { reason: 'invalidated', tag });
  }
}
