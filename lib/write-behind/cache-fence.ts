import type { CacheCore } from '../cache/cache-core.js';
import type { Lease, StoreSpace } from '../stores/store.js';
import type { PendingWrite } from './write-queue.js';

/**
 * The cache around a write to its source: the entries are leased first, so that no load that has read the source before is
 * stored afterwards, and hold what was written in the end, unless something else happened to them meanwhile. Then
 * they are removed. The cache failing is no reason not to write.
 */
export class CacheFence {
  constructor(private readonly core: CacheCore) {}

  /** Runs `write`, which reaches the source with all of these; rejects with what it rejects with. */
  async around(writes: readonly PendingWrite[], write: () => Promise<unknown>): Promise<void> {
    const newest = [
      ...new Map(writes.map((one) => [`${one.namespace.length}:${one.namespace}${one.located}`, one])).values(),
    ];
    const leases = await Promise.all(newest.map((one) => this.#lease(one)));
    try {
      await write();
    } catch (error) {
      await Promise.all(leases.map((lease) => this.#unlessItFails(() => lease?.release())));
      throw error;
    }
    await Promise.all(newest.map((one, index) => this.#put(one, leases[index])));
  }

  /** They have not reached the source, and will not. */
  async evict(writes: readonly PendingWrite[]): Promise<void> {
    await Promise.all(writes.map((write) => this.#remove(write)));
  }

  async #lease({ namespace, located, tags }: PendingWrite): Promise<Lease | undefined> {
    this.core.changes.count += 1;
    return this.#unlessItFails(async () => {
      const answer = await this.#space(namespace).lease(located, tags, 'write');
      return 'commit' in answer ? answer : undefined;
    });
  }

  async #put(write: PendingWrite, lease: Lease | undefined): Promise<void> {
    const { value, tags, grace, expiresAt } = write;
    const ttl = expiresAt - this.core.parts.clock.now();
    const stored = await this.#unlessItFails(() => lease?.commit({ value, tags, grace, ttl }));
    if (stored !== true) await this.#remove(write);
    this.core.changes.count += 1;
  }

  async #remove({ namespace, located }: PendingWrite): Promise<void> {
    await this.#unlessItFails(() => this.#space(namespace).remove(located));
  }

  #space(namespace: string): StoreSpace {
    return this.core.loads(namespace).store;
  }

  async #unlessItFails<T>(action: () => T): Promise<Awaited<T> | undefined> {
    try {
      return await action();
    } catch (error) {
      this.core.parts.events.emit('error', { operation: 'writeBehind', error });
      return undefined;
    }
  }
}
