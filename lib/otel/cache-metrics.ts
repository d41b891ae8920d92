import type { BatchObservableCallback, Meter } from '@opentelemetry/api';
import type { OpenCache } from '../boot/cache-registry.js';
import { CACHE_NAME, TIER } from './attributes.js';
import { Instruments, type Observe } from './instruments.js';

type Measured = Awaited<ReturnType<OpenCache['core']['parts']['store']['measure']>>;

/** Tells the metrics of caches to whoever collects them: then, and not before, it is looked. */
export class CacheMetrics {
  readonly #instruments: Instruments;
  readonly #callback: BatchObservableCallback = (result) => this.#collect(result.observe.bind(result));
  #closed = false;

  constructor(
    private readonly meter: Meter,
    /** Those there are at the time. */
    private readonly caches: ReadonlySet<OpenCache>,
  ) {
    this.#instruments = new Instruments(meter);
    meter.addBatchObservableCallback(this.#callback, this.#instruments.observables);
  }

  /** The caches are closed: what they did is told once more, as collectors mostly end after the application. */
  close(): void {
    this.#closed = true;
  }

  async #collect(observe: Observe): Promise<void> {
    // Not before those who collect now have called everybody.
    if (this.#closed) setImmediate(() => this.#forget());
    await Promise.all(Array.from(this.caches, (cache) => this.#observe(cache, observe)));
  }

  #forget(): void {
    this.meter.removeBatchObservableCallback(this.#callback, this.#instruments.observables);
  }

  async #observe({ core, tiers }: OpenCache, observe: Observe): Promise<void> {
    const totals = core.stats.totals();
    const labels = { [CACHE_NAME]: core.parts.name };
    const { ofCaches, ofTiers, ofTiersOfTwo } = this.#instruments;
    for (const instrument of ofCaches) instrument.observe(totals, labels, observe);
    for (const tier of tiers) {
      const ofTier = { ...labels, [TIER]: tier };
      const own = totals.tiers[tier];
      for (const instrument of ofTiers) instrument.observe(own ?? totals, ofTier, observe);
      if (own !== undefined) for (const instrument of ofTiersOfTwo) instrument.observe(own, ofTier, observe);
    }
    // A backend that does not work is not asked, which would be one more error of it.
    if (this.#closed || totals.outages > totals.recoveries) return;
    this.#observeHeld(await core.parts.store.measure(), tiers, labels, observe);
  }

  /** The tiers of a cache are named from near to far. */
  #observeHeld(held: Measured, tiers: readonly string[], labels: Record<string, string>, observe: Observe): void {
    const { ofWhatIsHeld, pending } = this.#instruments;
    const sizes = held.tiers === undefined ? [held] : [held.tiers.near, held.tiers.far];
    for (const [index, tier] of tiers.entries()) {
      for (const instrument of ofWhatIsHeld) instrument.observe(sizes[index]!, { ...labels, [TIER]: tier }, observe);
    }
    pending.observe(held.pendingEvictions ?? 0, labels, observe);
  }
}
