import { CacheBackendError } from '../../../lib/errors/cache.errors.js';
import type { FarStore } from '../../../lib/stores/store.js';
import { isPromise } from '../../../lib/support/awaitable.js';

/** A store whose failures are answers that did not come in time, while `late` says so. */
export function lateAnswers(store: FarStore, late: () => boolean): FarStore {
  return through(store, late);
}

function through<T extends object>(target: T, late: () => boolean): T {
  const answered = (answer: unknown): unknown => (hasMethods(answer) ? through(answer, late) : answer);
  const failed = (error: unknown): never => {
    if (!(error instanceof CacheBackendError) || !late()) throw error;
    throw new CacheBackendError('no answer in time', { timedOut: true });
  };
  return new Proxy(target, {
    get(of, name) {
      const member: unknown = Reflect.get(of, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        try {
          const answer: unknown = Reflect.apply(member, of, args);
          return isPromise(answer) ? answer.then(answered, failed) : answered(answer);
        } catch (error) {
          return failed(error);
        }
      };
    },
  });
}

/** A space or a lease. */
function hasMethods(answer: unknown): answer is object {
  return typeof answer === 'object' && answer !== null && ('commit' in answer || 'lease' in answer);
}
