import { AsyncLocalStorage } from 'node:async_hooks';
import { LoadContext } from './load-context.js';
import { CacheKeyError } from '../../errors/cache.errors.js';

/** What a scope knows of its loader while that runs. */
interface Running {
  readonly context: LoadContext;
  readonly fills: (space: object, key: string) => boolean;
}

/**
 * One loader while it runs, known to everything it calls. A loader that waits for a load which, directly or
 * through others, waits for this loader would wait for ever: that is refused instead.
 */
export class LoadScope {
  readonly #parent: LoadScope | undefined = LoadScope.current();
  /** The loaders it waits for, and how many times. */
  readonly #waitsFor = new Map<LoadScope, number>();
  #running: Running | undefined;

  constructor(
    context: LoadContext,
    /** Whether it is what fills this key of this namespace. */
    fills: (space: object, key: string) => boolean,
  ) {
    this.#running = { context, fills };
  }

  /** The innermost loader that the current call is made from and that is still running. */
  static current(): LoadScope | undefined {
    let scope = running.getStore();
    while (scope !== undefined && scope.#running === undefined) scope = scope.#parent;
    return scope;
  }

  /** What its loader says; undefined once it is through. */
  get context(): LoadContext | undefined {
    return this.#running?.context;
  }

  run<T>(loader: () => T): T {
    return running.run(this, loader);
  }

  /**
   * The loader is through: what it left behind may load its keys again, and keeps nothing of what it loaded.
   */
  end(): void {
    this.#running = undefined;
    this.#waitsFor.clear();
  }

  /** @throws {CacheKeyError} if this loader, or one that waits for it, fills the key itself. */
  refuseRecursion(space: object, key: string): void {
    if (this.#running?.fills(space, key) === true) throw recursion();
    this.#parent?.refuseRecursion(space, key);
  }

  /**
   * Notes that this loader waits for another one; returns what ends the wait.
   * @throws {CacheKeyError} if the other one waits for this one.
   */
  waitFor(other: LoadScope): () => void {
    if (other === this || other.#reaches(this, new Set())) throw recursion();
    this.#count(other, 1);
    return () => this.#count(other, -1);
  }

  #count(other: LoadScope, change: number): void {
    const waits = (this.#waitsFor.get(other) ?? 0) + change;
    if (waits > 0) this.#waitsFor.set(other, waits);
    else this.#waitsFor.delete(other);
  }

  #reaches(target: LoadScope, seen: Set<LoadScope>): boolean {
    if (seen.has(this)) return false;
    seen.add(this);
    for (const next of this.#waitsFor.keys()) if (next === target || next.#reaches(target, seen)) return true;
    return false;
  }
}

const running = new AsyncLocalStorage<LoadScope>();

/**
 * The context of the load that the current call belongs to. In a decorated body that runs uncached (a bypass,
 * a condition that is false, `new Service()` without Nest) what is said to it has no effect.
 */
export function cacheContext(): LoadContext {
  return LoadScope.current()?.context ?? detachedContext();
}

/** Runs a body that is not being cached, so that what it says does not reach the load it was called from. */
export function runDetached<T>(body: () => T): T {
  if (LoadScope.current() === undefined) return body();
  const scope = new LoadScope(detachedContext(), () => false);
  return scope.run(body);
}

/** A context that nothing listens to. */
export function detachedContext(): LoadContext {
  let controller: AbortController | undefined;
  return new LoadContext(() => (controller ??= new AbortController()).signal);
}

function recursion(): CacheKeyError {
  return new CacheKeyError(
    'a loader asks for the very entry it is loading, directly or through another load: it would wait for itself for ever',
    { code: 'CACHE_RECURSION' },
  );
}
