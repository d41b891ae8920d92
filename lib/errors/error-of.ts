import { CacheBackendError, CacheError } from './cache.errors.js';

/**
 * What a caller is told: the error, and if it is the cache's own, the operation that it ended. Of a backend it is another
 * error, since one failure may end many operations.
 */
export function errorOf(operation: string, error: unknown): unknown {
  if (!(error instanceof CacheError) || error.operation === operation) return error;
  if (error instanceof CacheBackendError) {
    const { message, timedOut } = error;
    return new CacheBackendError(message, { operation, timedOut, ...('cause' in error ? { cause: error.cause } : {}) });
  }
  return error.operation === undefined ? Object.assign(error, { operation }) : error;
}

/** What fails with {@link errorOf} whatever it is given. */
export function failing(operation: string): (error: unknown) => never {
  return (error) => {
    throw errorOf(operation, error);
  };
}

/** Runs what answers at once. @throws what it throws, as an error of the operation */
export function during<T>(operation: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw errorOf(operation, error);
  }
}
