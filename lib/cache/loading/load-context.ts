import { CacheLoadError, CacheOptionsError } from '../../errors/cache.errors.js';
import { during } from '../../errors/error-of.js';
import type { Entry } from '../../stores/store.js';
import { milliseconds, type Duration } from '../../support/duration.js';
import { readTags } from '../arguments.js';

/** What a loader has said. */
interface Said {
  readonly ttl: Duration | undefined;
  readonly tags: readonly string[];
  /** Why the value is not to be stored. */
  readonly leftOut: string | undefined;
  readonly personal: boolean;
  readonly failure: CacheLoadError | undefined;
  readonly notModified: boolean;
}

/**
 * What a loader can say about the value it is about to return: the argument of a `getOrSet` factory, and
 * what `cacheContext()` answers inside a decorated body.
 */
export class LoadContext {
  #ttl: Duration | undefined;
  #tags: readonly string[] = [];
  #leftOut: string | undefined;
  #personal = false;
  #failure: CacheLoadError | undefined;
  #notModified = false;
  /** What the load is to replace. @internal */
  before: Entry | undefined;
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
    during('ctx.setTtl', () => milliseconds(ttl, 'ctx.setTtl: ttl'));
    this.#ttl = ttl;
  }

  /** Adds tags to those the load was started with. An invalidation of one of them during the load counts. */
  setTags(tags: readonly string[]): void {
    this.#tags = [...this.#tags, ...readTags(tags, 'ctx.setTags')];
  }

  /**
   * The value from before: past its ttl but within its grace, or the fresh one that is being replaced. `undefined` where
   * there is none, or where that was the value: see {@link hasStale}. It is not to be changed.
   */
  get stale(): unknown {
    return this.before?.value;
  }

  /** Whether there is a value from before. */
  get hasStale(): boolean {
    return this.before !== undefined;
  }

  /** Hands the value to those who wait for it and does not store it; what is there from before stays. */
  skip(): void {
    this.leaveOut('skipped');
  }

  /** As {@link skip}, for another reason. @internal */
  leaveOut(reason: string): void {
    this.#leftOut ??= reason;
  }

  /**
   * The load has failed: as if the loader had thrown, also where it catches what this throws.
   * @param reason an error becomes the `cause`
   * @throws {CacheLoadError} always
   */
  fail(reason: string | Error = 'the loader said that it failed'): never {
    this.#failure =
      reason instanceof Error ? new CacheLoadError(reason.message, { cause: reason }) : new CacheLoadError(reason);
    throw this.#failure;
  }

  /**
   * The value from before is still right: it is kept with its tags for another ttl, whatever the loader returns.
   * @returns the value from before, for `return ctx.notModified()`
   * @throws {CacheOptionsError} where there is none; ask {@link hasStale}
   */
  notModified<T>(): T {
    if (this.before === undefined) {
      throw new CacheOptionsError('ctx.notModified: there is no value from before; ask ctx.hasStale first', {
        operation: 'ctx.notModified',
      });
    }
    this.#notModified = true;
    return this.before.value as T;
  }

  /**
   * The value is for whoever ran this loader: it is not stored, and those who wait run their own.
   * @internal
   */
  keepPersonal(): void {
    this.#personal = true;
  }

  /** @internal What has been said so far. */
  get said(): Said {
    return {
      ttl: this.#ttl,
      tags: this.#tags,
      leftOut: this.#leftOut,
      personal: this.#personal,
      failure: this.#failure,
      notModified: this.#notModified,
    };
  }
}
