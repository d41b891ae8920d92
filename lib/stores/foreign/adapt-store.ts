import { CacheOptionsError } from '../../errors/cache.errors.js';
import { adaptCacheManager, cacheManagerFault } from './cache-manager.adapter.js';
import type { ForeignBackend, ForeignKind } from './foreign.backend.js';
import { adaptKeyv, keyvFault } from './keyv.adapter.js';

const LIBRARIES = {
  keyv: {
    fault: keyvFault,
    adapt: adaptKeyv,
    expected: 'a Keyv instance, one of its storage adapters or a Map, or a promise of one',
  },
  'cache-manager': {
    fault: cacheManagerFault,
    adapt: adaptCacheManager,
    expected: 'a store of cache-manager 5 or what its caching(...) gives, or a promise of one',
  },
} as const;

/**
 * Checks what was given as `store`. A promise is checked when it resolves; until somebody waits for it, its rejection
 * is nobody's.
 * @throws {CacheOptionsError} that names `store` and says what to pass
 */
export function assertForeignStore(backend: ForeignKind, store: unknown): asserts store is object {
  if (isThenable(store)) {
    store.then(undefined, () => {});
    return;
  }
  const { fault, expected } = LIBRARIES[backend];
  const reason = fault(store);
  if (reason === undefined) return;
  throw new CacheOptionsError(`store: with backend: '${backend}' it must be ${expected}; ${reason}`);
}

/** @throws {CacheOptionsError} as {@link assertForeignStore} */
export function adaptStore(backend: ForeignKind, store: unknown): ForeignBackend {
  assertForeignStore(backend, store);
  return LIBRARIES[backend].adapt(store);
}

/** What there is of a store at boot: itself, or `undefined` while there is only the promise of one. */
export function adaptIfThere(backend: ForeignKind, store: object): ForeignBackend | undefined {
  return isThenable(store) ? undefined : adaptStore(backend, store);
}

/**
 * One sentence for the log at boot: what a cache over this store cannot give. Of the promise of a store it is taken
 * that other processes share it.
 * @throws {CacheOptionsError} as {@link assertForeignStore}
 */
export function limitsOf(backend: ForeignKind, store: object): string {
  if (adaptIfThere(backend, store)?.local === true) {
    return `backend '${backend}' over a store in this process: nothing is shared with other processes or outlives this one`;
  }
  return (
    `backend '${backend}' over a store that processes may share: each process loads for itself, times are its own ` +
    "clock's, and increment, decrement, add, getSet and take are refused; backend 'redis' gives them"
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return 'then' in value && typeof value.then === 'function';
}
