import { AsyncLocalStorage } from 'node:async_hooks';
import { CacheLoadError } from '../../errors/cache.errors.js';
import type { GetOrSetOptions } from '../call-options.js';
import type { LoadTerms } from '../call-policy.js';
import type { Landing } from '../loading/flight.js';
import { LoadScope } from '../loading/load-scope.js';

/** What one item of a warming came to. */
export interface Warmed {
  readonly outcome: 'loaded' | 'fresh' | 'failed';
  /** Something was loaded and is not in the cache. */
  readonly unstored: boolean;
  /** Of one that failed. */
  readonly error?: unknown;
}

/**
 * Hears what the cached calls of one item come to, and has them done thoroughly: nothing goes on in the background that
 * the bound on how much is done at a time would not hold for.
 */
export class WarmWatch {
  readonly #around = LoadScope.current();
  #hits = 0;
  #loads = 0;
  #unstored = false;
  #failure: { readonly error: unknown } | undefined;
  #ended = false;

  private constructor(
    /** Whether what is fresh is loaded, too. */
    readonly refresh: boolean,
  ) {}

  /** Runs one item. It rejects with nothing: what fails is what it came to. */
  static async run(refresh: boolean, work: () => unknown): Promise<Warmed> {
    const watch = new WarmWatch(refresh);
    open += 1;
    try {
      await watches.run(watch, work);
      return watch.#said();
    } catch (error) {
      return { outcome: 'failed', unstored: false, error };
    } finally {
      watch.#ended = true;
      open -= 1;
    }
  }

  /** The item that the current call is made for; not by what it loads: that is part of the load. */
  static current(): WarmWatch | undefined {
    if (open === 0) return undefined;
    const watch = watches.getStore();
    return watch === undefined || watch.#ended || LoadScope.current() !== watch.#around ? undefined : watch;
  }

  hit(): void {
    this.#hits += 1;
  }

  landed({ failure, cause, stale, notStored, unstored }: Landing): void {
    this.#loads += 1;
    const failed = failure ?? cause ?? (stale === undefined ? undefined : { error: unrenewed(stale) });
    if (failed !== undefined) this.#failure ??= failed;
    if (notStored !== undefined || unstored !== undefined) this.#unstored = true;
  }

  /** A call left the cache out. */
  leftOut(): void {
    this.#unstored = true;
  }

  /** The options of a call as it is done here. */
  options(given: GetOrSetOptions): GetOrSetOptions {
    return this.refresh ? { ...given, forceFresh: true } : given;
  }

  /** Who answers early leaves a load behind. */
  terms(given: LoadTerms): LoadTerms {
    return { ...given, softTimeout: undefined };
  }

  #said(): Warmed {
    if (this.#failure !== undefined) return { outcome: 'failed', unstored: false, ...this.#failure };
    const outcome = this.#hits > 0 && this.#loads === 0 && !this.#unstored ? 'fresh' : 'loaded';
    return { outcome, unstored: this.#unstored };
  }
}

const watches = new AsyncLocalStorage<WarmWatch>();
/** Items under way in this process. Asking AsyncLocalStorage costs more than a hit in memory: not done without any. */
let open = 0;

function unrenewed(why: string): CacheLoadError {
  return new CacheLoadError(`an old value is served: ${why}`, { operation: 'warm' });
}
