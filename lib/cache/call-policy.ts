import { CacheOptionsError } from '../errors/cache.errors.js';
import { during } from '../errors/error-of.js';
import type { Draft } from '../stores/store.js';
import { milliseconds, timeout, type Duration } from '../support/duration.js';
import { readTags } from './arguments.js';
import { checkSetOptions, type FreshnessOptions, type GetOrSetOptions, type SetOptions } from './call-options.js';
import type { RefreshAhead } from './freshness.js';

/** How long things last for one call. Spans in milliseconds. */
export interface LoadTerms {
  readonly grace: number;
  readonly graceBackoff: number;
  readonly softTimeout: number | undefined;
  readonly hardTimeout: number | undefined;
  readonly refreshAhead: RefreshAhead | undefined;
}

/** What holds for calls that say nothing themselves. */
export interface CallDefaults extends LoadTerms {
  /** Milliseconds. */
  readonly ttl: number;
}

/** What a namespace may say. */
export interface NamespaceDefaults extends FreshnessOptions {
  readonly ttl?: Duration | undefined;
}

/** What holds where nobody says anything; the ttl is that of the cache. */
export const NO_TERMS: LoadTerms = Object.freeze({
  grace: 0,
  graceBackoff: 30_000,
  softTimeout: undefined,
  hardTimeout: undefined,
  refreshAhead: undefined,
});

/**
 * What options say, and defaults where they say nothing.
 * @param where how errors name the place of the options.
 * @throws {CacheOptionsError} naming the option
 */
export function resolveTerms(options: FreshnessOptions, defaults: LoadTerms, where: string): LoadTerms {
  const { grace, graceBackoff, softTimeout, hardTimeout, refreshAhead } = options;
  return {
    grace: grace === undefined ? defaults.grace : graceOf(grace, where),
    graceBackoff:
      graceBackoff === undefined ? defaults.graceBackoff : timeout(graceBackoff, `${where}: graceBackoff`, 0),
    softTimeout: softTimeout === undefined ? defaults.softTimeout : timeout(softTimeout, `${where}: softTimeout`, 0),
    hardTimeout: hardTimeout === undefined ? defaults.hardTimeout : timeout(hardTimeout, `${where}: hardTimeout`, 1),
    refreshAhead: refreshAhead === undefined ? defaults.refreshAhead : aheadOf(refreshAhead, where),
  };
}

/** Turns what a caller asked for into what is stored and how it is loaded, by the defaults of a cache or namespace. */
export class CallPolicy {
  constructor(
    readonly defaults: CallDefaults,
    /** Milliseconds by which a ttl is lengthened at most, at random. */
    private readonly jitter: number,
  ) {}

  /** The same with other defaults. @throws {CacheOptionsError} */
  with(defaults: NamespaceDefaults, where: string): CallPolicy {
    const ttl = defaults.ttl === undefined ? this.defaults.ttl : milliseconds(defaults.ttl, `${where}: ttl`);
    return new CallPolicy({ ttl, ...resolveTerms(defaults, this.defaults, where) }, this.jitter);
  }

  terms(options: GetOrSetOptions, operation: string): LoadTerms {
    return during(operation, () => resolveTerms(options, this.defaults, operation));
  }

  /** When an entry is to be renewed ahead, for a call with these options. */
  refreshAhead({ refreshAhead }: GetOrSetOptions, operation: string): RefreshAhead | undefined {
    if (refreshAhead === undefined) return this.defaults.refreshAhead;
    return during(operation, () => aheadOf(refreshAhead, operation));
  }

  /** @param grace milliseconds */
  draft(value: unknown, ttl: unknown, grace: number, tags: readonly string[], operation: string): Draft {
    return { value, ttl: this.#ttl(ttl, operation), grace, tags };
  }

  /** The draft for a value stored by hand. */
  fromOptions(value: unknown, options: SetOptions | undefined, operation: string): Draft {
    checkSetOptions(options, operation);
    const tags = options?.tags === undefined ? [] : readTags(options.tags, operation);
    const grace =
      options?.grace === undefined ? this.defaults.grace : during(operation, () => graceOf(options.grace, operation));
    return this.draft(value, options?.ttl, grace, tags, operation);
  }

  #ttl(ttl: unknown, operation: string): number {
    const span =
      ttl === undefined ? this.defaults.ttl : during(operation, () => milliseconds(ttl, `${operation}: ttl`));
    return span > 0 && this.jitter > 0 ? span + Math.random() * this.jitter : span;
  }
}

function graceOf(grace: unknown, where: string): number {
  const span = milliseconds(grace, `${where}: grace`);
  if (span >= 0) return span;
  throw new CacheOptionsError(`${where}: grace must be 0 (none) or more; got ${String(grace)}`);
}

function aheadOf(refreshAhead: unknown, where: string): RefreshAhead | undefined {
  const window = milliseconds(refreshAhead, `${where}: refreshAhead`);
  if (window <= 0 || refreshAhead === 1) return undefined;
  return typeof refreshAhead === 'number' && refreshAhead < 1 ? { part: refreshAhead } : { window };
}
