import type { CacheEvents } from '../../events/cache-events.js';
import type { Awaitable } from '../../support/awaitable.js';
import type { Clock } from '../../support/clock.js';
import { WeakRegistry } from '../../support/weak-registry.js';
import type { FarStore, StoreCondition, StoreSize } from '../store.js';
import { attempt } from './attempt.js';
import { Guard, type GuardOptions } from './guard.js';
import { GuardedSpace } from './guarded.space.js';

/**
 * A backend that may fail, as one that never does: what cannot be read is a miss, what cannot be written is
 * dropped, and what cannot be evicted is not served here and is evicted before the backend is trusted again.
 */
export class GuardedStore implements FarStore {
  readonly shared: boolean;
  readonly reclaims: boolean;
  readonly #guard: Guard;
  /** How many objects there are of each namespace. */
  readonly #opened = new Map<string, number>();
  readonly #collected = new FinalizationRegistry<string>((namespace) => this.#count(namespace, -1));
  readonly #spaces = new WeakRegistry((namespace) => this.#open(namespace));
  #tagsForgotten = false;
  #closing: Promise<void> | undefined;

  constructor(
    private readonly inner: FarStore,
    options: GuardOptions,
    events: CacheEvents,
    clock: Clock,
  ) {
    this.shared = inner.shared;
    this.reclaims = inner.reclaims;
    this.#guard = new Guard(inner, options, events, clock, () => this.#forgetTags());
  }

  /** Evictions that the backend has yet to be told of: keys, namespaces and tags. */
  get pendingEvictions(): number {
    return this.#guard.pending.count;
  }

  space(namespace: string): GuardedSpace {
    return this.#spaces.get(namespace);
  }

  /** What cannot be delivered now is delivered as an invalidation after which nothing is served stale. */
  invalidateTags(tags: readonly string[], allowStale?: boolean): Awaitable<void> {
    const guard = this.#guard;
    return guard.change(
      'evict',
      'invalidateTags',
      () => this.inner.invalidateTags(tags, allowStale),
      () => guard.tags.invalidated(tags),
      (error) => {
        guard.pending.buryTags(tags);
        guard.tags.invalidated(tags);
        if (guard.throws) throw error;
      },
    );
  }

  accepts(value: unknown): void {
    this.inner.accepts?.(value);
  }

  measure(): Awaitable<StoreSize> {
    if (this.#guard.refusal('measure', 'read') !== undefined) return this.#unmeasured();
    return attempt<StoreSize, StoreSize>(
      () => this.inner.measure(),
      (size) => ({ ...size, pendingEvictions: this.pendingEvictions }),
      (error) => {
        this.#guard.count('measure', error);
        return this.#unmeasured();
      },
    );
  }

  check(): Promise<StoreCondition> {
    return this.#guard.check();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  #unmeasured(): StoreSize {
    return { size: undefined, bytes: undefined, pendingEvictions: this.pendingEvictions };
  }

  async #close(): Promise<void> {
    await this.#guard.close();
    await attempt(
      () => this.inner.close(),
      () => {},
      (error) => this.#guard.count('close', error),
    );
  }

  #open(namespace: string): GuardedSpace {
    const space = new GuardedSpace(this.#guard, this.inner.space(namespace), namespace);
    this.#count(namespace, 1);
    this.#collected.register(space, namespace);
    if (this.#tagsForgotten) this.#clear(namespace);
    return space;
  }

  #count(namespace: string, change: number): void {
    const count = (this.#opened.get(namespace) ?? 0) + change;
    if (count > 0) this.#opened.set(namespace, count);
    else this.#opened.delete(namespace);
  }

  /** Every entry may carry a tag that is not known any more: those of all namespaces go, when they are first used. */
  #forgetTags(): void {
    this.#tagsForgotten = true;
    for (const namespace of this.#opened.keys()) this.#clear(namespace);
  }

  #clear(namespace: string): void {
    this.#guard.pending.buryNamespace(namespace);
    this.#guard.trouble();
  }
}
