import { CacheOptionsError } from '../errors/cache.errors.js';

/** Keeps instances of a class of the app's own, which would come back as plain data otherwise. */
export interface ValueType<T = any> {
  /** Stands in the stored bytes: renaming it makes entries from before unreadable, which is a miss. */
  readonly name: string;
  /** Asked for every object that is neither an array nor a plain object. The first type that says yes is taken. */
  readonly match: (value: unknown) => boolean;
  /** What is stored: anything that can be stored itself. */
  readonly encode: (value: T) => unknown;
  /** The instance again. An error makes the entry a miss. */
  readonly decode: (data: any) => T;
}

/** @throws {CacheOptionsError} where two types have one name */
export function typesByName(types: readonly ValueType[]): ReadonlyMap<string, ValueType> {
  const named = new Map(types.map((type) => [type.name, type]));
  if (named.size === types.length) return named;
  throw new CacheOptionsError('types: every type needs a name of its own; two have the same');
}
