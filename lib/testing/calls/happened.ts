import type { Happening } from './event-log.js';
import { misused, times, verdict, type Judged } from './verdict.js';

/** What can be expected to have happened: so often, or without a number, at least once. */
export abstract class Happened {
  /** A loader of it has finished: a body has run, or what was given to `getOrSet`. */
  toHaveBeenLoaded(expected?: number): void {
    this.#count('load', 'loaded', expected);
  }

  /** A loader of it has failed. */
  toHaveFailedToLoad(expected?: number): void {
    this.#count('loadFailure', 'failed to load', expected, 'have');
  }

  /** A read found it in the cache. */
  toHaveBeenServed(expected?: number): void {
    this.#count('hit', 'served from the cache', expected);
  }

  /** A read was answered with it past its ttl, within its grace. It was counted as missed, too. */
  toHaveBeenServedStale(expected?: number): void {
    this.#count('stale', 'served stale', expected);
  }

  /** A read did not find it, whether it was then loaded or not. */
  toHaveBeenMissed(expected?: number): void {
    this.#count('miss', 'missed', expected);
  }

  /** It was stored, by hand, by a put or by a load. */
  toHaveBeenStored(expected?: number): void {
    this.#count('set', 'stored', expected);
  }

  /** It was there and was removed by its key: by `delete`, `deleteMany`, `take` or `@CacheEvict`. */
  toHaveBeenDeleted(expected?: number): void {
    this.#count('delete', 'deleted', expected);
  }

  /** It made room for others. */
  toHaveBeenEvicted(expected?: number): void {
    this.#count('evict', 'evicted for lack of room', expected);
  }

  /** It was reclaimed at the end of its ttl and grace, which may be later than that end. */
  toHaveExpired(expected?: number): void {
    this.#count('expire', 'expired', expected, 'have');
  }

  protected abstract judged(): Judged;

  #count(type: Happening, participle: string, expected: number | undefined, verb = 'have been'): void {
    if (expected !== undefined && (!Number.isInteger(expected) || expected < 0)) {
      throw misused(`expectCache: a number of times is a whole number of 0 or more; got ${String(expected)}`);
    }
    const { subject, negated, entries, told } = this.judged();
    const count = entries.reduce((sum, { counts }) => sum + (counts[type] ?? 0), 0);
    const was = verb === 'have' ? '' : 'was ';
    const found = count === 0 ? 'that did not happen' : `it ${was}${participle}${times(count)}`;
    verdict({
      subject,
      negated,
      expected: `to ${verb} ${participle}${times(expected)}`,
      met: expected === undefined ? count > 0 : count === expected,
      instead: told === undefined ? found : `${found} (${told})`,
      ...(expected === undefined ? {} : { values: { actual: count, expected } }),
    });
  }
}
