import type { Awaitable } from '../../support/awaitable.js';
import type { Clock } from '../../support/clock.js';
import { WeakRegistry } from '../../support/weak-registry.js';
import type { Isolator } from '../isolation.js';
import type { FarStore, Store, StoreCondition, StoreSize } from '../store.js';
import { changing } from './changing.js';
import { TieredSpace } from './tiered.space.js';
import type { NearStore, TierEvents, Tiers } from './tiers.js';

/**
 * A far store with its entries kept near. Everything is done by the far store; the near one answers what the
 * far one answered before, for as long as the far one vouches for it.
 */
export class TieredStore implements Store {
  readonly shared: boolean;
  readonly reclaims: boolean;
  readonly #tiers: Tiers;
  readonly #spaces = new WeakRegistry(
    (namespace) => new TieredSpace(this.near.space(namespace), this.far.space(namespace), namespace, this.#tiers),
  );

  constructor(
    /** Keeps what it is given by reference: readers are kept apart here. */
    private readonly near: NearStore,
    private readonly far: FarStore,
    isolator: Isolator,
    events: TierEvents,
    clock: Clock,
  ) {
    this.shared = far.shared;
    this.reclaims = far.reclaims;
    this.#tiers = { events, isolator, clock, invalidations: { count: 0 } };
  }

  space(namespace: string): TieredSpace {
    return this.#spaces.get(namespace);
  }

  invalidateTags(tags: readonly string[], allowStale?: boolean): Awaitable<void> {
    const { invalidations } = this.#tiers;
    return changing(
      () => (invalidations.count += 1),
      () => this.far.invalidateTags(tags, allowStale),
    );
  }

  accepts(value: unknown): void {
    this.far.accepts?.(value);
  }

  /** What the far store holds, which is everything there is; and what each tier does. */
  async measure(): Promise<StoreSize> {
    const [near, far] = await Promise.all([this.near.measure(), this.far.measure()]);
    return { ...far, tiers: { near, far } };
  }

  async check(): Promise<StoreCondition> {
    const far = (await this.far.check?.()) ?? { works: true, pendingEvictions: 0 };
    return { ...far, near: true };
  }

  async close(): Promise<void> {
    await Promise.all([this.near.close(), this.far.close()]);
  }
}
