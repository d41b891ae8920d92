import type { Attributes, Meter, Observable } from '@opentelemetry/api';
import type { CacheStats, CacheTotals, TierTotals } from '../events/cache-stats.js';
import { EVICTION_CAUSE, LOAD_OUTCOME, RESULT } from './attributes.js';

type Observed = readonly (readonly [value: number | undefined, attributes?: Attributes])[];

interface Described {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
}

/** A number that is read from what a cache or a tier says of itself. */
interface Reading<T> extends Described {
  readonly kind: 'counter' | 'level';
  read(from: T): Observed;
}

/** What is held at a moment. */
export type Held = Pick<CacheStats, 'size' | 'bytes'>;

const requests = ({ hits, misses }: TierTotals): Observed => [
  [hits, { [RESULT]: 'hit' }],
  [misses, { [RESULT]: 'miss' }],
];

const OF_CACHES: readonly Reading<CacheTotals>[] = [
  { name: 'blossom.cache.requests', kind: 'counter', unit: '{request}', description: 'Reads, by whether they found a fresh entry', read: requests },
  { name: 'blossom.cache.stale_hits', kind: 'counter', unit: '{request}', description: 'Misses that were answered with an entry past its ttl', read: (t) => [[t.staleHits]] },
  { name: 'blossom.cache.sets', kind: 'counter', unit: '{entry}', description: 'Entries stored', read: (t) => [[t.sets]] },
  { name: 'blossom.cache.deletes', kind: 'counter', unit: '{entry}', description: 'Entries removed by hand', read: (t) => [[t.deletes]] },
  { name: 'blossom.cache.loads', kind: 'counter', unit: '{load}', description: 'Loads that are over', read: (t) => [[t.loads, { [LOAD_OUTCOME]: 'success' }], [t.loadFailures, { [LOAD_OUTCOME]: 'failure' }]] },
  { name: 'blossom.cache.load.time', kind: 'counter', unit: 's', description: 'Time spent in all loads together', read: (t) => [[t.loadTime / 1_000]] },
  { name: 'blossom.cache.errors', kind: 'counter', unit: '{error}', description: 'Failures of the cache itself', read: (t) => [[t.errors]] },
  { name: 'blossom.cache.outages', kind: 'counter', unit: '{outage}', description: 'How often the backend stopped working', read: (t) => [[t.outages]] },
  { name: 'blossom.cache.backend.down', kind: 'level', unit: '1', description: '1 while the backend does not work, else 0', read: (t) => [[t.outages - t.recoveries]] },
]; // prettier-ignore

/** Of the tiers of a hybrid; elsewhere it is the same as of the cache. */
const OF_TIERS_OF_TWO: readonly Reading<TierTotals>[] = [
  { name: 'blossom.cache.tier.requests', kind: 'counter', unit: '{request}', description: 'Reads of one tier of a hybrid, by whether they found a fresh entry', read: requests },
]; // prettier-ignore

const OF_TIERS: readonly Reading<TierTotals>[] = [
  { name: 'blossom.cache.evictions', kind: 'counter', unit: '{entry}', description: 'Entries that made room for others', read: ({ evictionsByCause: by }) => [[by?.size, { [EVICTION_CAUSE]: 'size' }], [by?.bytes, { [EVICTION_CAUSE]: 'bytes' }]] },
  { name: 'blossom.cache.expirations', kind: 'counter', unit: '{entry}', description: 'Entries reclaimed at the end of their ttl', read: (t) => [[t.expirations]] },
]; // prettier-ignore

const OF_WHAT_IS_HELD: readonly Reading<Held>[] = [
  { name: 'blossom.cache.entries', kind: 'level', unit: '{entry}', description: 'Entries held, where that is known', read: ({ size }) => [[size]] },
  { name: 'blossom.cache.size', kind: 'level', unit: 'By', description: 'Bytes held, where that is known', read: ({ bytes }) => [[bytes]] },
]; // prettier-ignore

const PENDING: Described = {
  name: 'blossom.cache.pending_evictions',
  unit: '{eviction}',
  description: 'Evictions that the backend has yet to be told of',
};

/** Takes one observation. */
export type Observe = (instrument: Observable, value: number, attributes: Attributes) => void;

/** A reading that has its instrument. */
class Instrument<T> {
  readonly observable: Observable;

  constructor(
    meter: Meter,
    private readonly reading: Reading<T>,
  ) {
    const { name, kind, unit, description } = reading;
    const about = { unit, description };
    this.observable =
      kind === 'counter'
        ? meter.createObservableCounter(name, about)
        : meter.createObservableUpDownCounter(name, about);
  }

  observe(from: T, labels: Attributes, observe: Observe): void {
    for (const [value, more] of this.reading.read(from)) {
      if (value !== undefined) observe(this.observable, value, { ...labels, ...more });
    }
  }
}

/** All instruments, made from one meter. */
export class Instruments {
  readonly ofCaches: readonly Instrument<CacheTotals>[];
  readonly ofTiersOfTwo: readonly Instrument<TierTotals>[];
  readonly ofTiers: readonly Instrument<TierTotals>[];
  readonly ofWhatIsHeld: readonly Instrument<Held>[];
  readonly pending: Instrument<number>;

  constructor(meter: Meter) {
    const of = <T>(readings: readonly Reading<T>[]): Instrument<T>[] =>
      readings.map((reading) => new Instrument(meter, reading));
    this.ofCaches = of(OF_CACHES);
    this.ofTiersOfTwo = of(OF_TIERS_OF_TWO);
    this.ofTiers = of(OF_TIERS);
    this.ofWhatIsHeld = of(OF_WHAT_IS_HELD);
    this.pending = new Instrument(meter, { ...PENDING, kind: 'level', read: (count) => [[count]] });
  }

  get observables(): Observable[] {
    const { ofCaches, ofTiersOfTwo, ofTiers, ofWhatIsHeld, pending } = this;
    return [...ofCaches, ...ofTiersOfTwo, ...ofTiers, ...ofWhatIsHeld, pending].map(({ observable }) => observable);
  }
}
