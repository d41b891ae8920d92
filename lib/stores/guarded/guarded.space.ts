import { CacheBackendError } from '../../errors/cache.errors.js';
import { isPromise, type Awaitable } from '../../support/awaitable.js';
import type { Absence, Draft, Entry, FarSpace, LeaseAnswer, LeasePurpose } from '../store.js';
import { attempt, backendFailure } from './attempt.js';
import type { OperationKind } from './backend-health.js';
import type { Guard } from './guard.js';
import { GuardedLease } from './guarded.lease.js';
import { LocalChanges } from './local-changes.js';
import type { LeaseTerms } from './lease-terms.js';
import { LocalLeases } from './local-leases.js';

/** One namespace of a backend that may fail. */
export class GuardedSpace implements FarSpace {
  readonly #changes: LocalChanges;
  readonly #leases: LocalLeases;

  constructor(
    private readonly guard: Guard,
    private readonly inner: FarSpace,
    private readonly namespace: string,
  ) {
    this.#changes = new LocalChanges(guard.tags);
    this.#leases = new LocalLeases(guard);
  }

  read(key: string, now: number): Awaitable<Entry | undefined> {
    const { guard } = this;
    if (guard.troubled && (this.#settled(key) || this.#refused('read'))) return undefined;
    try {
      const entry = this.inner.read(key, now);
      if (!isPromise(entry)) return guard.troubled ? this.#seen(key, entry) : entry;
      const { arrivals } = guard.pending;
      return entry.then(
        (found) => (guard.troubled || this.#isOvertaken(arrivals) ? this.#seen(key, found, arrivals) : found),
        (error: unknown) => this.#unread(error),
      );
    } catch (error) {
      return this.#unread(error);
    }
  }

  readMany(keys: readonly string[], now: number): Awaitable<Map<string, Entry>> {
    const { guard } = this;
    const asked = guard.troubled ? keys.filter((key) => !this.#settled(key)) : keys;
    if (asked.length === 0 || (guard.troubled && this.#refused('readMany'))) return new Map();
    const { arrivals } = guard.pending;
    return attempt(
      () => this.inner.readMany(asked, now),
      (found) => (guard.troubled || this.#isOvertaken(arrivals) ? this.#allSeen(found, arrivals) : found),
      (error) => {
        this.#failedToRead('readMany', error);
        return new Map();
      },
    );
  }

  vouches(key: string, entry: Entry, now: number): boolean {
    const { guard } = this;
    if (guard.troubled && guard.pending.hidesEntry(this.namespace, key, entry)) return false;
    try {
      return this.inner.vouches(key, entry, now);
    } catch (error) {
      guard.failed('read', 'vouches', backendFailure(error));
      return false;
    }
  }

  /** Its failure is not counted: the read that comes after it says so, without waiting for what is not answered. */
  async absence(key: string, now: number): Promise<Absence> {
    const { guard } = this;
    if (guard.troubled && (this.#hidden(key) || guard.health.stalled('read'))) return UNREACHABLE;
    try {
      return await this.inner.absence(key, now);
    } catch (error) {
      if (error instanceof CacheBackendError) guard.noticed('read', error);
      return UNREACHABLE;
    }
  }

  write(key: string, draft: Draft): Awaitable<void> {
    this.#accepted(draft.value);
    return this.#absorbing('store', 'write', [key], () => this.inner.write(key, draft), undefined);
  }

  writeMany(drafts: ReadonlyMap<string, Draft>): Awaitable<void> {
    for (const { value } of drafts.values()) this.#accepted(value);
    return this.#absorbing('store', 'writeMany', [...drafts.keys()], () => this.inner.writeMany(drafts), undefined);
  }

  remove(key: string): Awaitable<boolean> {
    return this.#absorbing('evict', 'remove', [key], () => this.inner.remove(key), false);
  }

  removeMany(keys: readonly string[]): Awaitable<readonly string[]> {
    return this.#absorbing('evict', 'removeMany', keys, () => this.inner.removeMany(keys), []);
  }

  touch(key: string, ttl: number): Awaitable<boolean> {
    const ask = (): Awaitable<boolean> => this.inner.touch(key, ttl);
    return this.#absorbing('store', 'touch', [key], ask, false, (touched) => touched);
  }

  add(key: string, draft: Draft): Awaitable<boolean> {
    this.#accepted(draft.value);
    const ask = (): Awaitable<boolean> => this.inner.add(key, draft);
    return this.#demanding('store', 'add', key, ask, (added) => added);
  }

  swap(key: string, draft: Draft): Awaitable<Entry | undefined> {
    this.#accepted(draft.value);
    return this.#showing('store', 'swap', key, () => this.inner.swap(key, draft));
  }

  take(key: string): Awaitable<Entry | undefined> {
    return this.#showing('evict', 'take', key, () => this.inner.take(key));
  }

  increment(key: string, by: number, draft: Omit<Draft, 'value'>): Awaitable<number> {
    return this.#demanding('store', 'increment', key, () => this.inner.increment(key, by, draft));
  }

  lease(key: string, tags: readonly string[], purpose: LeasePurpose): Awaitable<LeaseAnswer> {
    const terms = this.#terms(key, tags, purpose);
    let arrivals = 0;
    return this.guard.change(
      'store',
      'lease',
      () => {
        ({ arrivals } = this.guard.pending);
        return this.inner.lease(key, tags, purpose);
      },
      (answer) => {
        const isGone = (entry: Entry): boolean => this.#isOvertaken(arrivals) || this.#shown(key, entry) === undefined;
        return 'entry' in answer && isGone(answer.entry) ? this.#leases.grant(terms) : this.#guarded(answer, terms);
      },
      (error) => {
        if (this.guard.throws) throw error;
        return this.#leases.grant(terms);
      },
    );
  }

  clear(): Awaitable<void> {
    const { guard, namespace } = this;
    return guard.change(
      'evict',
      'clear',
      () => this.inner.clear(),
      () => this.#changes.cleared(),
      (error) => {
        guard.pending.buryNamespace(namespace);
        this.#changes.cleared();
        if (guard.throws) throw error;
      },
    );
  }

  /** What cannot be kept is refused by a backend that is not asked, too. @throws {CacheSerializationError} */
  #accepted(value: unknown): void {
    if (this.guard.troubled) this.guard.backend.accepts?.(value);
  }

  /** A change that the caller can do without: the keys it was to change are not served until they are evicted. */
  #absorbing<T>(
    kind: OperationKind,
    operation: string,
    keys: readonly string[],
    ask: () => Awaitable<T>,
    instead: T,
    changes: (answer: T) => boolean = always,
  ): Awaitable<T> {
    return this.guard.change(kind, operation, ask, this.#noting(keys, changes), (error) => {
      this.#bury(keys);
      if (this.guard.throws) throw error;
      return instead;
    });
  }

  /** A change whose outcome the caller has to know. */
  #demanding<T>(
    kind: OperationKind,
    operation: string,
    key: string,
    ask: () => Awaitable<T>,
    changes: (answer: T) => boolean = always,
  ): Awaitable<T> {
    return this.guard.change(kind, operation, ask, this.#noting([key], changes), (error, asked) => {
      if (asked) this.#bury([key]);
      throw error;
    });
  }

  /** What notes that keys were changed, if the answer says so. */
  #noting<T>(keys: readonly string[], changes: (answer: T) => boolean): (answer: T) => T {
    return (answer) => {
      if (changes(answer)) for (const key of keys) this.#changes.changed(key);
      return answer;
    };
  }

  /** As {@link #demanding}, for what answers the entry from before. */
  #showing(
    kind: OperationKind,
    operation: string,
    key: string,
    ask: () => Awaitable<Entry | undefined>,
  ): Awaitable<Entry | undefined> {
    const before = this.#demanding(kind, operation, key, ask);
    if (isPromise(before)) return before.then((entry) => this.#shown(key, entry));
    return this.#shown(key, before);
  }

  #guarded(answer: LeaseAnswer, terms: LeaseTerms): LeaseAnswer {
    return 'commit' in answer ? new GuardedLease(this.guard, answer, terms.watch(), terms) : answer;
  }

  #terms(key: string, tags: readonly string[], purpose: LeasePurpose): LeaseTerms {
    return {
      key,
      tags,
      purpose,
      watch: () => this.#changes.watch(key, tags),
      changed: () => this.#changes.changed(key),
      bury: () => this.#bury([key]),
      remove: () => this.remove(key),
    };
  }

  #bury(keys: readonly string[]): void {
    this.guard.pending.buryKeys(this.namespace, keys);
    for (const key of keys) this.#changes.changed(key);
  }

  #hidden(key: string): boolean {
    return this.guard.pending.hides(this.namespace, key);
  }

  /** Whether it is known without asking that nothing is served under this key, and nobody has to be told of a failure. */
  #settled(key: string): boolean {
    return !this.guard.throws && this.#hidden(key);
  }

  #shown(key: string, entry: Entry | undefined): Entry | undefined {
    const { guard, namespace } = this;
    const hidden = entry !== undefined && guard.troubled && guard.pending.hidesEntry(namespace, key, entry);
    return hidden ? undefined : entry;
  }

  /** Whether evictions have been delivered since: what was asked for then may have been read before, and is answered after. */
  #isOvertaken(arrivals: number): boolean {
    return this.guard.pending.arrivals !== arrivals;
  }

  /** @param arrivals as there were when it was asked for */
  #seen(key: string, entry: Entry | undefined, arrivals = this.guard.pending.arrivals): Entry | undefined {
    const overtaken = this.#isOvertaken(arrivals);
    if (this.guard.troubled) this.guard.worked('read');
    return overtaken ? undefined : this.#shown(key, entry);
  }

  #allSeen(found: Map<string, Entry>, arrivals: number): Map<string, Entry> {
    const overtaken = this.#isOvertaken(arrivals);
    if (this.guard.troubled) this.guard.worked('read');
    if (overtaken) return new Map();
    return new Map([...found].filter(([key, entry]) => this.#shown(key, entry) !== undefined));
  }

  /** Whether nothing is read now, so as not to wait in vain. */
  #refused(operation: string): boolean {
    const refusal = this.guard.refusal(operation, 'read');
    if (refusal !== undefined && this.guard.throws) throw refusal;
    return refusal !== undefined;
  }

  #unread(error: unknown): undefined {
    this.#failedToRead('read', backendFailure(error));
  }

  #failedToRead(operation: string, error: CacheBackendError): void {
    this.guard.failed('read', operation, error);
    if (this.guard.throws) throw error;
  }
}

const UNREACHABLE: Absence = { reason: 'unreachable' };

function always(): boolean {
  return true;
}
