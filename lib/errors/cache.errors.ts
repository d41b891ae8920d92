/** Stable, machine-readable reason of a {@link CacheError}. */
export type CacheErrorCode =
  | 'CACHE_OPTIONS'
  | 'CACHE_KEY'
  | 'CACHE_RECURSION'
  | 'CACHE_TYPE'
  | 'CACHE_SERIALIZATION'
  | 'CACHE_TIMEOUT'
  | 'CACHE_LOAD'
  | 'CACHE_BACKEND';

/**
 * Base of every error the cache itself raises. An error thrown by a loader or by a decorated body is never
 * wrapped in one. Messages name options and operations, never keys or values, so that they can be logged.
 */
export abstract class CacheError extends Error {
  abstract readonly code: CacheErrorCode;
  /** The operation that failed, such as `increment` or `@Cacheable UsersService.findOne`. */
  readonly operation: string | undefined;

  constructor(message: string, options: { cause?: unknown; operation?: string } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.operation = options.operation;
  }

  override get name(): string {
    return this.constructor.name;
  }
}

/** An option, of the module, a call or a decorator, that cannot be meant as written. */
export class CacheOptionsError extends CacheError {
  readonly code = 'CACHE_OPTIONS';
}

/** A key or tag that cannot be stored (`CACHE_KEY`), or a load that waits for itself (`CACHE_RECURSION`). */
export class CacheKeyError extends CacheError {
  readonly code: 'CACHE_KEY' | 'CACHE_RECURSION';

  constructor(
    message: string,
    options: { cause?: unknown; operation?: string; code?: 'CACHE_KEY' | 'CACHE_RECURSION' } = {},
  ) {
    super(message, options);
    this.code = options.code ?? 'CACHE_KEY';
  }
}

/** An operation on a value of the wrong type, such as `increment` on a text. The stored value is unchanged. */
export class CacheTypeError extends CacheError {
  readonly code = 'CACHE_TYPE';
}

/** A value that cannot be kept: a function, a symbol, a stream, a promise. Nothing has been written. */
export class CacheSerializationError extends CacheError {
  readonly code = 'CACHE_SERIALIZATION';
}

/** A load that took longer than its `hardTimeout`. */
export class CacheTimeoutError extends CacheError {
  readonly code = 'CACHE_TIMEOUT';
}

/** A loader that said with `ctx.fail()` that it failed. What a loader throws itself is never wrapped in one. */
export class CacheLoadError extends CacheError {
  readonly code = 'CACHE_LOAD';
}

/** A backend that failed where the caller must know: atomic operations, or any with `onError: 'throw'`. */
export class CacheBackendError extends CacheError {
  readonly code = 'CACHE_BACKEND';
  /**
   * Whether the operation was given up because no answer came within its time, rather than refused by the backend:
   * then it may still have taken effect. Default: false.
   */
  readonly timedOut: boolean;

  constructor(message: string, options: { cause?: unknown; operation?: string; timedOut?: boolean } = {}) {
    super(message, options);
    this.timedOut = options.timedOut ?? false;
  }
}
