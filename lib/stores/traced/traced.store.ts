import type { BackendPlace, Tracing } from '../../events/tracing.js';
import type { Awaitable } from '../../support/awaitable.js';
import type { FarStore, StoreSize } from '../store.js';
import { TracedSpace } from './traced.space.js';

/** A backend whose calls run by way of a tracer, while there is one. */
export class TracedStore implements FarStore {
  readonly shared: boolean;
  readonly reclaims: boolean;

  constructor(
    private readonly inner: FarStore,
    private readonly place: BackendPlace,
    private readonly tracing: Tracing,
  ) {
    this.shared = inner.shared;
    this.reclaims = inner.reclaims;
  }

  space(namespace: string): TracedSpace {
    return new TracedSpace(this.inner.space(namespace), namespace, this.place, this.tracing);
  }

  invalidateTags(tags: readonly string[], allowStale?: boolean): Awaitable<void> {
    const run = (): Awaitable<void> => this.inner.invalidateTags(tags, allowStale);
    const { tracer } = this.tracing;
    if (tracer === undefined) return run();
    return tracer.backend({ place: this.place, operation: 'invalidateTags', namespace: undefined, keys: [] }, run);
  }

  accepts(value: unknown): void {
    this.inner.accepts?.(value);
  }

  /** It is asked for by those who watch. */
  measure(): Awaitable<StoreSize> {
    return this.inner.measure();
  }

  close(): Awaitable<void> {
    return this.inner.close();
  }
}
