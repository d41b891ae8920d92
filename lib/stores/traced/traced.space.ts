import type { BackendPlace, Tracing } from '../../events/tracing.js';
import { after, type Awaitable } from '../../support/awaitable.js';
import type { Absence, Draft, Entry, FarSpace, Lease, LeaseAnswer, LeasePurpose } from '../store.js';

/** Runs one operation, by way of the tracer if there is one. */
type Call = <T>(operation: string, keys: readonly string[], run: () => Awaitable<T>) => Awaitable<T>;

/** One namespace of a backend whose calls run by way of a tracer, while there is one. */
export class TracedSpace implements FarSpace {
  readonly #call: Call;

  constructor(
    private readonly inner: FarSpace,
    namespace: string,
    place: BackendPlace,
    private readonly tracing: Tracing,
  ) {
    this.#call = (operation, keys, run) => {
      const { tracer } = tracing;
      return tracer === undefined ? run() : tracer.backend({ place, operation, namespace, keys }, run);
    };
  }

  read(key: string, now: number): Awaitable<Entry | undefined> {
    // By far the most frequent: nothing is made for a tracer that is not there.
    if (this.tracing.tracer === undefined) return this.inner.read(key, now);
    return this.#call('read', [key], () => this.inner.read(key, now));
  }

  readMany(keys: readonly string[], now: number): Awaitable<Map<string, Entry>> {
    return this.#call('readMany', keys, () => this.inner.readMany(keys, now));
  }

  /** Asks nobody. */
  vouches(key: string, entry: Entry, now: number): boolean {
    return this.inner.vouches(key, entry, now);
  }

  absence(key: string, now: number): Awaitable<Absence> {
    return this.#call('absence', [key], () => this.inner.absence(key, now));
  }

  write(key: string, draft: Draft): Awaitable<void> {
    return this.#call('write', [key], () => this.inner.write(key, draft));
  }

  writeMany(drafts: ReadonlyMap<string, Draft>): Awaitable<void> {
    return this.#call('writeMany', [...drafts.keys()], () => this.inner.writeMany(drafts));
  }

  add(key: string, draft: Draft): Awaitable<boolean> {
    return this.#call('add', [key], () => this.inner.add(key, draft));
  }

  swap(key: string, draft: Draft): Awaitable<Entry | undefined> {
    return this.#call('swap', [key], () => this.inner.swap(key, draft));
  }

  remove(key: string): Awaitable<boolean> {
    return this.#call('remove', [key], () => this.inner.remove(key));
  }

  removeMany(keys: readonly string[]): Awaitable<readonly string[]> {
    return this.#call('removeMany', keys, () => this.inner.removeMany(keys));
  }

  take(key: string): Awaitable<Entry | undefined> {
    return this.#call('take', [key], () => this.inner.take(key));
  }

  increment(key: string, by: number, draft: Omit<Draft, 'value'>): Awaitable<number> {
    return this.#call('increment', [key], () => this.inner.increment(key, by, draft));
  }

  touch(key: string, ttl: number): Awaitable<boolean> {
    return this.#call('touch', [key], () => this.inner.touch(key, ttl));
  }

  lease(key: string, tags: readonly string[], purpose: LeasePurpose): Awaitable<LeaseAnswer> {
    const answer = this.#call('lease', [key], () => this.inner.lease(key, tags, purpose));
    return after(answer, (given) => ('commit' in given ? new TracedLease(given, key, this.#call) : given));
  }

  clear(): Awaitable<void> {
    return this.#call('clear', [], () => this.inner.clear());
  }
}

/** A lease whose end is a call of its backend. */
class TracedLease implements Lease {
  constructor(
    private readonly inner: Lease,
    private readonly key: string,
    private readonly call: Call,
  ) {}

  get dropped(): boolean {
    return this.inner.dropped === true;
  }

  holds(lateTags?: readonly string[]): Awaitable<boolean> {
    return this.inner.holds(lateTags);
  }

  commit(draft: Draft): Awaitable<boolean> {
    return this.call('commit', [this.key], () => this.inner.commit(draft));
  }

  yield(): Awaitable<void> {
    return this.call('yield', [this.key], () => this.inner.yield());
  }

  release(): Awaitable<void> {
    return this.call('release', [this.key], () => this.inner.release());
  }
}
