import { CacheBackendError } from '../../errors/cache.errors.js';
import { isPromise, type Awaitable } from '../../support/awaitable.js';

/**
 * Asks, and goes on with `done` when there is an answer, or with `failed` when the backend failed: at once where
 * the answer is at hand. Any other error is not the backend's and is thrown as it is.
 */
export function attempt<T, R>(
  ask: () => Awaitable<T>,
  done: (answer: T) => Awaitable<R>,
  failed: (error: CacheBackendError) => Awaitable<R>,
): Awaitable<R> {
  let answer: Awaitable<T>;
  try {
    answer = ask();
  } catch (error) {
    return failed(backendFailure(error));
  }
  if (!isPromise(answer)) return done(answer);
  return answer.then(done, (error: unknown) => failed(backendFailure(error)));
}

/** The error if it says that the backend failed. @throws the error if it says anything else. */
export function backendFailure(error: unknown): CacheBackendError {
  if (error instanceof CacheBackendError) return error;
  throw error;
}
