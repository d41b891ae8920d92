import { AsyncLocalStorage } from 'node:async_hooks';
import { CacheOptionsError } from '../../errors/cache.errors.js';
import type { Store, StoreSpace } from '../../stores/store.js';
import { assertOptions, nameOf } from '../arguments.js';
import { checkOutcomeUnknown, isConnectionLost, says } from '../outcome.js';
import { PendingStore, type Changeable } from './pending-store.js';
import { SingleFlight, type LoadEnvironment } from '../loading/single-flight.js';

/** Options of `afterCommit`. */
export interface AfterCommitOptions {
  /**
   * Whether an error of the function leaves open whether the transaction was committed. Then everything that was changed
   * is evicted. Asked besides what is taken for it anyway: errors that say that a connection was lost.
   */
  readonly outcomeUnknown?: ((error: unknown) => boolean) | undefined;
}

/** One run of `afterCommit`. */
export class CommitScope {
  readonly store: PendingStore;
  readonly #loads = new Map<string, SingleFlight>();

  constructor(
    readonly owner: object,
    /** The one it was started in, of whichever cache. */
    readonly around: CommitScope | undefined,
    below: Changeable,
    private readonly ordinary: (namespace: string) => SingleFlight,
    private readonly env: LoadEnvironment,
  ) {
    this.store = new PendingStore(below, env);
  }

  /** The loads of a namespace that are this transaction's own. */
  loads(namespace: string): SingleFlight {
    const known = this.#loads.get(namespace);
    if (known !== undefined) return known;
    const made = new TransactionLoads(this.ordinary(namespace), this.store.space(namespace), this.env);
    this.#loads.set(namespace, made);
    return made;
  }
}

/** They read what is not committed: nobody else joins them, and they join nobody. */
class TransactionLoads extends SingleFlight {
  constructor(
    private readonly ordinary: SingleFlight,
    space: StoreSpace,
    env: LoadEnvironment,
  ) {
    super(space, ordinary.namespace, env);
  }

  override get origin(): object {
    return this.ordinary;
  }

  /** Not in the background of a transaction. */
  override refresh(): void {}
}

/** The transactions of one cache. */
export class CommitScopes {
  /** How many are under way, in the whole process: while there are none nobody has to look. */
  live = 0;

  constructor(
    private readonly store: Store,
    private readonly ordinary: (namespace: string) => SingleFlight,
    private readonly env: LoadEnvironment,
  ) {}

  /** The innermost that the current call is made from and that is still open. */
  current(): CommitScope | undefined {
    let scope = running.getStore();
    while (scope !== undefined && (scope.owner !== this || !scope.store.open)) scope = scope.around;
    return scope;
  }

  /** Runs `fn` with changes that wait for it; within another run they are then changes of that one. */
  async run<T>(fn: () => T | PromiseLike<T>, options: AfterCommitOptions): Promise<T> {
    const outer = this.current();
    const scope = new CommitScope(this, running.getStore(), outer?.store ?? this.store, this.ordinary, this.env);
    const { store } = scope;
    this.live += 1;
    try {
      const ended = await outcomeOf(() => running.run(scope, fn));
      store.close();
      const tells = outer?.store.open !== true;
      if ('error' in ended) return await this.#failed(store, ended.error, tells, options);
      await store.apply(true, tells);
      return ended.value;
    } finally {
      this.live -= 1;
    }
  }

  async #failed(
    store: PendingStore,
    error: unknown,
    tells: boolean,
    { outcomeUnknown = () => false }: AfterCommitOptions,
  ): Promise<never> {
    if (isConnectionLost(error) || says(outcomeUnknown, error)) {
      await store.apply(false, tells).catch((failure: unknown) => {
        this.env.events.emit('error', { operation: 'afterCommit', error: failure });
      });
    } else await store.discard();
    throw error;
  }
}

const running = new AsyncLocalStorage<CommitScope>();

/** @throws {CacheOptionsError} */
export function checkAfterCommit(fn: unknown, options: AfterCommitOptions | undefined): void {
  const operation = 'afterCommit';
  if (typeof fn !== 'function') {
    const need = 'a function that resolves when the transaction is committed is needed';
    throw new CacheOptionsError(`${operation}: ${need}; got ${nameOf(fn)}`, { operation });
  }
  assertOptions(options, ['outcomeUnknown'], operation);
  checkOutcomeUnknown(options?.outcomeUnknown, operation);
}

async function outcomeOf<T>(
  run: () => T | PromiseLike<T>,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await run() };
  } catch (error) {
    return { error };
  }
}
