import { isPromise, type Awaitable } from '../../support/awaitable.js';

/** Forgets before a change is asked for, and again when it is made or has failed. */
export function changing<T>(
  forget: () => void,
  change: () => Awaitable<T>,
  done: (answer: T) => void = () => {},
): Awaitable<T> {
  const finish = (answer: T): T => {
    forget();
    done(answer);
    return answer;
  };
  const fail = (error: unknown): never => {
    forget();
    throw error;
  };
  forget();
  let answer: Awaitable<T>;
  try {
    answer = change();
  } catch (error) {
    return fail(error);
  }
  return isPromise(answer) ? answer.then(finish, fail) : finish(answer);
}
