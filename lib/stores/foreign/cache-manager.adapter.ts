import { emitters, hasMethods, listenToErrors } from './emitter.js';
import type { ForeignBackend } from './foreign.backend.js';

/** A store of cache-manager 5. */
interface CacheManagerStoreLike {
  get(key: string): Promise<unknown>;
  /** @param ttl milliseconds; `0`: none, and without one the store's own default */
  set(key: string, value: string, ttl?: number): Promise<unknown>;
  del(key: string): Promise<unknown>;
  /** The connection to the server, in stores that have one. */
  readonly client?: unknown;
}

/** The longest that a timer waits, in milliseconds; its store in memory has a timer per entry. */
const LONGEST_TIMER = 2 ** 31 - 2;
/** The longest ttl, in milliseconds, that is told to any other store. */
const LONGEST = 100 * 365 * 86_400_000;

/** What speaks against using `store` with `backend: 'cache-manager'`; undefined where nothing does. */
export function cacheManagerFault(store: unknown): string | undefined {
  const inner = storeOf(store);
  if (hasMethods(inner, ['get', 'set', 'del', 'reset'])) return undefined;
  if (hasMethods(store, ['get', 'set', 'del', 'wrap'])) {
    return "from version 6 on cache-manager stands on Keyv: use backend: 'keyv' and pass the Keyv store";
  }
  return hasMethods(store, ['get', 'set', 'delete'])
    ? "it looks like a Keyv store: use backend: 'keyv'"
    : 'it has no get, set, del and reset';
}

/** A store of cache-manager 5, or a cache over one, that passed {@link cacheManagerFault}. */
export function adaptCacheManager(given: object): ForeignBackend {
  const store = storeOf(given) as CacheManagerStoreLike;
  const local = isMemory(store);
  const longest = local ? LONGEST_TIMER : LONGEST;
  const sources = emitters([store, store.client]);
  return {
    local,
    get: async (name) => store.get(name),
    set: async (name, text, ttl) => void (await store.set(name, text, ttl < longest ? ttl : 0)),
    delete: async (name) => void (await store.del(name)),
    listen: (report) => listenToErrors(sources, report),
  };
}

/** What `caching(...)` returns has its store as a property. */
function storeOf(given: unknown): unknown {
  return hasMethods(given, ['wrap']) ? given['store'] : given;
}

/** The store that cache-manager brings itself. */
function isMemory(store: object): boolean {
  return hasMethods(store, ['dump', 'load']) && 'calculatedSize' in store && !('client' in store);
}
