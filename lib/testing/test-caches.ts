import { CacheOptionsError } from '../errors/cache.errors.js';
import type { FarStore } from '../stores/store.js';
import type { Clock } from '../support/clock.js';
import { FakeClock } from './time/fake-clock.js';
import { LEASE_OPERATIONS, SPACE_OPERATIONS } from './faults/far-operations.js';
import type { Fault } from './faults/fault-plan.js';
import { Faults } from './faults/faults.js';

/**
 * What the caches of a test do.
 * - `normal`: they cache.
 * - `always-miss`: every read is a miss, every load runs, and nothing is stored. Callers of one key at the same time
 *   share a load as ever.
 * - `failing`: their backend throws, as in an outage: reads are misses, writes are dropped, and what cannot do without
 *   it rejects with a `CacheBackendError`.
 */
export type TestMode = 'normal' | 'always-miss' | 'failing';

const FAULTS: Readonly<Record<TestMode, Fault | undefined>> = {
  normal: undefined,
  'always-miss': { kind: 'forget' },
  failing: { kind: 'throw' },
};

/** All but `close`: what was opened is closed in every mode. */
const ON = [...SPACE_OPERATIONS, 'vouches', 'invalidateTags', 'measure', ...LEASE_OPERATIONS] as const;

/** What the caches of a test go by. */
export interface TestCachesOptions {
  /** Time. Default: a {@link FakeClock} of its own, which stands still. */
  readonly clock?: Clock | undefined;
  /** What they do at first. Default: `'normal'`. */
  readonly mode?: TestMode | undefined;
}

/**
 * The caches of an application under test, all together: their time, what they do, and what goes wrong. Every
 * application has its own: `inMemory` returns it, and with `BlossomCacheTestingModule` it is `app.get(TestCaches)`.
 */
export class TestCaches {
  /** Rules by which single operations of the backend fail, whatever the mode; see {@link Faults}. */
  readonly faults: Faults;
  readonly #modes: Faults;
  readonly #clock: Clock;
  #mode: TestMode = 'normal';
  #end: () => void = () => {};

  /** @throws {CacheOptionsError} for a mode that there is not */
  constructor({ clock = new FakeClock(), mode = 'normal' }: TestCachesOptions = {}) {
    this.#clock = clock;
    this.faults = new Faults({ clock });
    this.#modes = new Faults({ clock });
    this.mode = mode;
  }

  /** The time of all caches. @throws {CacheOptionsError} where another clock than a {@link FakeClock} was given */
  get clock(): FakeClock {
    if (this.#clock instanceof FakeClock) return this.#clock;
    throw new CacheOptionsError('TestCaches: clock is not a FakeClock: use the clock that was given');
  }

  /**
   * What the caches do, from the next operation on. After `failing` they recover as after any outage: what is written
   * then works at once, and what could not be evicted is evicted before it is served, or after two seconds at most.
   */
  get mode(): TestMode {
    return this.#mode;
  }

  /** @throws {CacheOptionsError} for a mode that there is not */
  set mode(mode: TestMode) {
    if (!Object.hasOwn(FAULTS, mode)) {
      throw new CacheOptionsError(`mode must be one of ${Object.keys(FAULTS).join(', ')}; got ${String(mode)}`);
    }
    this.#end();
    const fault = FAULTS[mode];
    this.#end = fault === undefined ? () => {} : this.#modes.add({ on: ON, fault });
    this.#mode = mode;
  }

  /** The time of all caches, whatever kind of clock it is. @internal */
  get time(): Clock {
    return this.#clock;
  }

  /** The store as a test wants it. @internal */
  wrap(store: FarStore): FarStore {
    return this.faults.wrap(this.#modes.wrap(store));
  }
}
