import { CacheOptionsError, notAvailable } from '../errors/cache.errors.js';
import { milliseconds, type Duration, type DurationText } from '../support/duration.js';
import type { Draft } from '../stores/store.js';
import { assertOptions, readTags } from './arguments.js';

/** Options of everything that stores. */
export interface SetOptions {
  /** Time to live. Default: that of the namespace, else of the cache. `0` or less: not stored. */
  readonly ttl?: Duration | undefined;
  /** Groups by which the entry can be invalidated. */
  readonly tags?: readonly string[] | undefined;
  /** How long beyond its ttl a value may be served when it cannot be renewed. Not in this release. */
  readonly grace?: Duration | undefined;
}

/** Options of a read that loads what is missing. */
export interface GetOrSetOptions extends Omit<SetOptions, 'tags'> {
  /** As in {@link SetOptions}, or a function that is asked once per load, before the loader runs. */
  readonly tags?: readonly string[] | (() => readonly string[]) | undefined;
  /** Loads although a fresh entry is there, and replaces it. */
  readonly forceFresh?: boolean | undefined;
  /** Ends this caller's wait with the signal's reason; the load goes on while somebody else waits for it. */
  readonly signal?: AbortSignal | undefined;
  /** Not in this release. */
  readonly softTimeout?: DurationText | undefined;
  /** Not in this release. */
  readonly hardTimeout?: DurationText | undefined;
  /** Not in this release. */
  readonly refreshAhead?: number | Duration | undefined;
}

/** Who asks for a value. */
export interface Caller {
  /** How errors name it. */
  readonly operation: string;
  /** Whether it is told that the value could not be stored, instead of being given the value. */
  readonly strict: boolean;
  /** Hears whether the value was there. */
  readonly report?: ((outcome: 'hit' | 'miss') => void) | undefined;
}

const SET_OPTIONS = ['ttl', 'tags', 'grace'] as const;
const LATER = ['grace', 'softTimeout', 'hardTimeout', 'refreshAhead', 'allowStale', 'graceBackoff'] as const;
const GET_OR_SET_OPTIONS = [...SET_OPTIONS, 'forceFresh', 'signal', 'softTimeout', 'hardTimeout', 'refreshAhead'];

function checkSetOptions(options: unknown, operation: string): void {
  assertOptions(options, SET_OPTIONS, operation);
  refuseLater(options, operation);
}

export function checkGetOrSetOptions(options: unknown, operation: string): void {
  assertOptions(options, GET_OR_SET_OPTIONS, operation);
  refuseLater(options, operation);
}

/** @throws {CacheOptionsError} for an option that a later release brings. */
export function refuseLater(options: unknown, operation: string): void {
  for (const name of LATER) {
    if ((options as Record<string, unknown> | undefined)?.[name] !== undefined) {
      throw notAvailable(`${operation}: the option '${name}'`, operation);
    }
  }
}

/** Turns what a caller asked for into what is stored, by the defaults of a cache or namespace. */
export class DraftPolicy {
  constructor(
    /** Milliseconds. */
    private readonly defaultTtl: number,
    /** Milliseconds by which a ttl is lengthened at most, at random. */
    private readonly jitter: number,
  ) {}

  draft(value: unknown, ttl: unknown, tags: readonly string[], operation: string): Draft {
    return { value, ttl: this.#ttl(ttl, operation), grace: 0, tags };
  }

  /** The draft for a value stored by hand. */
  fromOptions(value: unknown, options: SetOptions | undefined, operation: string): Draft {
    checkSetOptions(options, operation);
    const tags = options?.tags === undefined ? [] : readTags(options.tags, operation);
    return this.draft(value, options?.ttl, tags, operation);
  }

  #ttl(ttl: unknown, operation: string): number {
    const span = ttl === undefined ? this.defaultTtl : milliseconds(ttl, `${operation}: ttl`);
    return span > 0 && this.jitter > 0 ? span + Math.random() * this.jitter : span;
  }
}

/** The tags of a load, asked for before its loader runs. */
export function loadTags(tags: GetOrSetOptions['tags'], operation: string): readonly string[] {
  if (tags === undefined) return [];
  return readTags(typeof tags === 'function' ? tags() : tags, operation);
}

/** @throws {CacheOptionsError} */
export function assertNumber(value: unknown, operation: string): asserts value is number {
  if (typeof value === 'number' && Number.isFinite(value)) return;
  throw new CacheOptionsError(`${operation}: the amount must be a finite number`, { operation });
}
