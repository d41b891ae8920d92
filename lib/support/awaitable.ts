/** A value that is there at once, or later. A store in memory answers at once, one across a network later. */
export type Awaitable<T> = T | Promise<T>;

export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return value instanceof Promise;
}

/** Goes on with `next` at once where `value` is at hand, else when it arrives, or with `failed` when it does not. */
export function after<T, R>(
  value: Awaitable<T>,
  next: (value: T) => Awaitable<R>,
  failed?: (error: unknown) => Awaitable<R>,
): Awaitable<R> {
  return isPromise(value) ? value.then(next, failed) : next(value);
}
