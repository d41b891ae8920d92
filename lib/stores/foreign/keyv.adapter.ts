import { emitters, hasMethods, listenToErrors, type Emitter } from './emitter.js';
import type { ForeignBackend } from './foreign.backend.js';

/** A storage adapter of Keyv, or a `Map`. */
interface KeyvAdapterLike {
  get(key: string): unknown;
  /** The third is a ttl in milliseconds, or, where {@link capabilities} says so, the instant of its end. */
  set(key: string, value: string, ttl?: number): unknown;
  delete(key: string): unknown;
  readonly capabilities?: { readonly expires?: boolean } | undefined;
}

/** A Keyv instance, of version 5.5 or later. */
interface KeyvLike extends KeyvAdapterLike {
  getRaw(key: string): Promise<{ readonly value?: unknown } | undefined>;
  readonly store: unknown;
}

/** The longest ttl, in milliseconds, that is told to a store: a hundred years. Beyond, it is told none. */
const LONGEST = 100 * 365 * 86_400_000;

/** What speaks against using `store` with `backend: 'keyv'`; undefined where nothing does. */
export function keyvFault(store: unknown): string | undefined {
  if (!hasMethods(store, ['get', 'set', 'delete'])) return 'it has no get, set and delete';
  if (isKeyv(store))
    return hidesFailures(store) ? 'a Keyv with emitErrors: false needs throwOnErrors: true' : undefined;
  return 'hooks' in store && 'stats' in store ? 'Keyv before 5.5 hides failures; install keyv@^5.6' : undefined;
}

/** A Keyv instance, a bare adapter or a `Map` that passed {@link keyvFault}. */
export function adaptKeyv(store: object): ForeignBackend {
  const sources = emitters(chainOf(store));
  const local = chainOf(store).some((link) => link instanceof Map);
  return isKeyv(store) ? overKeyv(store, local, sources) : overAdapter(store as KeyvAdapterLike, local, sources);
}

/** `getRaw`, since the `get` of version 5 answers a failure with `undefined`, and announces nothing. */
function overKeyv(keyv: KeyvLike, local: boolean, sources: readonly Emitter[]): ForeignBackend {
  return {
    local,
    get: async (name) => (await keyv.getRaw(name))?.value,
    // To Keyv, 0 is no ttl, and none is its own default.
    set: async (name, text, ttl) => accepted(await keyv.set(name, text, ttl < LONGEST ? ttl : 0)),
    delete: async (name) => void (await keyv.delete(name)),
    listen: (report) => listenToErrors(sources, report),
  };
}

function overAdapter(adapter: KeyvAdapterLike, local: boolean, sources: readonly Emitter[]): ForeignBackend {
  const ends = adapter.capabilities?.expires === true;
  const told = (ttl: number): number | undefined => {
    if (ttl >= LONGEST) return undefined;
    return ends ? Date.now() + ttl : ttl;
  };
  return {
    local,
    get: async (name) => adapter.get(name),
    set: async (name, text, ttl) => accepted(await adapter.set(name, text, told(ttl))),
    delete: async (name) => void (await adapter.delete(name)),
    listen: (report) => listenToErrors(sources, report),
  };
}

function isKeyv(store: object): store is KeyvLike {
  return hasMethods(store, ['getRaw']);
}

function hidesFailures(keyv: object): boolean {
  const { opts, throwOnErrors } = keyv as { opts?: { emitErrors?: unknown }; throwOnErrors?: unknown };
  return opts?.emitErrors === false && throwOnErrors !== true;
}

/** The store, the adapter in it, and what that wraps in turn. */
function chainOf(store: object): object[] {
  const chain: object[] = [];
  for (let link: unknown = store; isObject(link) && chain.length < 4; link = (link as { store?: unknown }).store) {
    chain.push(link);
  }
  return chain;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Keyv answers `false` for what could not be stored. */
function accepted(answer: unknown): void {
  if (answer === false) throw new Error('the store answered that it did not store');
}
