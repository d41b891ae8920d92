import { notAvailable } from '../errors/cache.errors.js';
import { milliseconds, type Duration } from '../support/duration.js';
import { readTags } from './arguments.js';

/** What a loader has said. */
interface Said {
  readonly ttl: Duration | undefined;
  readonly tags: readonly string[];
  readonly skipped: boolean;
  readonly personal: boolean;
}

/**
 * What a loader can say about the value it is about to return: the argument of a `getOrSet` factory, and
 * what `cacheContext()` answers inside a decorated body.
 */
export class LoadContext {
  #ttl: Duration | undefined;
  #tags: readonly string[] = [];
  #skipped = false;
  #personal = false;
  readonly #signal: () => AbortSignal;

  /** @internal */
  constructor(signal: () => AbortSignal) {
    this.#signal = signal;
  }

  /** Aborted when nobody waits for this load any more. */
  get signal(): AbortSignal {
    return this.#signal();
  }

  /** Stores the value with this ttl instead of the one asked for. `0` or less: not at all. */
  setTtl(ttl: Duration): void {
    milliseconds(ttl, 'ctx.setTtl: ttl');
    this.#ttl = ttl;
  }

  /** Adds tags to those the load was started with. An invalidation of one of them during the load counts. */
  setTags(tags: readonly string[]): void {
    this.#tags = [...this.#tags, ...readTags(tags, 'ctx.setTags')];
  }

  /** Hands the value to those who wait for it and does not store it. */
  skip(): void {
    this.#skipped = true;
  }

  /**
   * The value is for whoever ran this loader: it is not stored, and those who wait run their own.
   * @internal
   */
  keepPersonal(): void {
    this.#personal = true;
  }

  /** The value from before, if there is one. Not in this release. */
  get stale(): unknown {
    throw notAvailable('ctx.stale');
  }

  /** Counts as a failure without throwing. Not in this release. */
  fail(_reason?: string): never {
    throw notAvailable('ctx.fail');
  }

  /** Keeps the value from before for another ttl. Not in this release. */
  notModified(): never {
    throw notAvailable('ctx.notModified');
  }

  /** @internal What has been said so far. */
  get said(): Said {
    return { ttl: this.#ttl, tags: this.#tags, skipped: this.#skipped, personal: this.#personal };
  }
}
