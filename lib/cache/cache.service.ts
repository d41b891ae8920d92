import type { CacheEvents, CacheEventSource } from '../events/cache-events.js';
import type { CacheStats } from '../events/cache-stats.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import { during, errorOf, failing } from '../errors/error-of.js';
import type { Absence, Draft, Entry, StoreSpace } from '../stores/store.js';
import { after, type Awaitable } from '../support/awaitable.js';
import { milliseconds, type Duration } from '../support/duration.js';
import {
  assertKey,
  assertKeys,
  assertLoader,
  assertOptions,
  assertStorable,
  pairs,
  readTags,
  type CacheEntries,
} from './arguments.js';
import type { BatchLoader } from './batch.js';
import { healthOf, type CacheHealth } from './cache-health.js';
import type { CacheCore } from './cache-core.js';
import { assertNumber, type Caller, type GetOrSetOptions, type SetOptions } from './call-options.js';
import type { NamespaceDefaults } from './call-policy.js';
import { checkAfterCommit, type AfterCommitOptions, type CommitScope } from './commit/commit-scope.js';
import type { EntryLookup } from './entry-lookup.js';
import { UNCOUNTED } from './freshness.js';
import type { Loader } from './loading/load-request.js';
import type { ReadThrough } from './read-through.js';
import { UnlessNewer } from './behind.js';
import { makeRoom, type Room } from './room.js';
import type { SingleFlight } from './loading/single-flight.js';
import { readWriteThrough, type WriteThroughOptions } from './write-through.js';
import { assertItems, type WarmItems } from './warming/warm-items.js';
import { checkWarmOptions, type WarmOptions, type WarmReport } from './warming/warm-options.js';
import { WarmSource } from './warming/warm-source.js';
import { NOTHING_WARMED, Warming } from './warming/warming.js';

const NO_OPTIONS: GetOrSetOptions = Object.freeze({});

/**
 * The cache by hand. Injected as it is it is the default cache; `@InjectCache('name')` injects a named cache
 * or a declared namespace. `null` and `undefined` are values like any other: both can be stored and are hits.
 *
 * Bad input rejects with a `CacheKeyError` (keys and tags), `CacheOptionsError` (options),
 * `CacheTypeError` or `CacheSerializationError` (values); nothing that was stored is lost by it. After `app.close()` all
 * that reads or changes entries rejects with a `CacheBackendError`.
 */
export class CacheService {
  private readonly core: CacheCore;
  private readonly channel: CacheEvents;
  private readonly isEnabled: boolean;
  private readonly room: Room;
  /** The same within transactions. */
  private readonly rooms = new WeakMap<CommitScope, Room>();

  /** @internal */
  constructor(core: CacheCore, namespace: string) {
    this.core = core;
    this.channel = core.parts.events;
    this.isEnabled = core.parts.enabled;
    this.room = makeRoom(core, { cache: core.parts.store, loads: core.loads(namespace), tells: true });
  }

  /** The name of the cache this service belongs to. */
  get cacheName(): string {
    return this.core.parts.name;
  }

  /** The namespace this service works in; empty for the cache itself. */
  get namespaceName(): string {
    return this.loads.namespace;
  }

  /** False for a cache that was switched off: same calls, nothing stored. */
  get enabled(): boolean {
    return this.isEnabled;
  }

  /** Whether the application has been shut down. @internal */
  get closed(): boolean {
    return this.core.closed;
  }

  /** What happens in this cache, in all its namespaces, as it happens. */
  get events(): CacheEventSource {
    return this.channel;
  }

  /** The value, or `undefined` where there is none (or where that is the value: see {@link exists}). */
  get<T>(key: string): Promise<T | undefined> {
    try {
      return this.reads.get<T>(this.locate(key, 'get'));
    } catch (error) {
      return Promise.reject(errorOf('get', error));
    }
  }

  /** Stores a value for its ttl, in place of the one before. */
  set(key: string, value: unknown, options?: SetOptions): Promise<void> {
    try {
      const located = this.locate(key, 'set');
      const draft = this.draft(value, options, 'set');
      return Promise.resolve(this.change('set', () => this.store.write(located, draft)));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Removes an entry; whether there was one. A load of it that is under way will not be stored. */
  async delete(key: string): Promise<boolean> {
    const located = this.locate(key, 'delete');
    const { tells } = this.here;
    const removed = await this.change('delete', () => this.store.remove(located));
    if (removed && tells) this.deleted(located);
    return removed;
  }

  /** Whether there is an entry, whatever its value. Counts neither as hit nor as miss. */
  async exists(key: string): Promise<boolean> {
    return (await this.lookup.peek(key, 'exists')) !== undefined;
  }

  /**
   * Makes every entry of this namespace void, and every load of it under way. Other namespaces, nested ones
   * included, keep theirs. The cost does not grow with the number of entries.
   */
  async clear(): Promise<void> {
    const { tells } = this.here;
    await this.change('clear', () => this.store.clear());
    if (tells) this.channel.emit('clear', { namespace: this.loads.namespace });
  }

  /** Reads and removes; of many concurrent callers one gets the value. */
  async take<T>(key: string): Promise<T | undefined> {
    const located = this.locate(key, 'take');
    const entry = await this.change('take', () => this.store.take(located));
    if (entry !== undefined) this.deleted(located);
    return entry?.value as T | undefined;
  }

  /** Stores unless there is an entry; whether it did. */
  async add(key: string, value: unknown, options?: SetOptions): Promise<boolean> {
    const located = this.locate(key, 'add');
    const draft = this.draft(value, options, 'add');
    return this.change('add', () => this.store.add(located, draft));
  }

  /** Gives an entry a new ttl from now; whether there was one. It does not revive what has expired. */
  async touch(key: string, ttl: Duration): Promise<boolean> {
    const located = this.locate(key, 'touch');
    const span = during('touch', () => milliseconds(ttl, 'touch: ttl'));
    return this.change('touch', () => this.store.touch(located, span));
  }

  /** Seconds left; `Infinity` for an entry that never expires, `undefined` where there is none. */
  async ttl(key: string): Promise<number | undefined> {
    const entry = await this.lookup.peek(key, 'ttl');
    return entry === undefined ? undefined : (entry.expiresAt - this.core.parts.clock.now()) / 1_000;
  }

  /** What was found, by key, in the order asked for. */
  async getMany<T>(keys: readonly string[]): Promise<Map<string, T>> {
    assertKeys(keys, 'getMany');
    return this.reads.getMany(keys);
  }

  /** Stores all, with the same options. One that cannot be stored rejects before any is. */
  async setMany(entries: CacheEntries, options?: SetOptions): Promise<void> {
    const drafts = new Map<string, Draft>();
    for (const [key, value] of pairs(entries)) {
      drafts.set(this.locate(key, 'setMany'), this.draft(value, options, 'setMany'));
    }
    if (drafts.size > 0) await this.change('setMany', () => this.store.writeMany(drafts));
  }

  /** Removes all; how many there were. */
  async deleteMany(keys: readonly string[]): Promise<number> {
    assertKeys(keys, 'deleteMany');
    const located = [...new Set(keys)].map((key) => this.locate(key, 'deleteMany'));
    if (located.length === 0) return 0;
    const { tells } = this.here;
    const removed = await this.change('deleteMany', () => this.store.removeMany(located));
    if (tells) for (const key of removed) this.deleted(key);
    return removed.length;
  }

  /** Stores, and answers what was there before. */
  async getSet<T>(key: string, value: unknown, options?: SetOptions): Promise<T | undefined> {
    const located = this.locate(key, 'getSet');
    const draft = this.draft(value, options, 'getSet');
    const before = await this.change('getSet', () => this.store.swap(located, draft));
    return before?.value as T | undefined;
  }

  /**
   * Adds to a number, atomically in every backend and across processes. A missing or expired one starts at 0
   * with this ttl; a later increment never extends it.
   * @throws {CacheTypeError} where something else is stored; it stays as it is.
   */
  async increment(key: string, by = 1, options?: SetOptions): Promise<number> {
    return this.count(key, by, by, options, 'increment');
  }

  /** As {@link increment}, downwards. */
  async decrement(key: string, by = 1, options?: SetOptions): Promise<number> {
    return this.count(key, 0 - by, by, options, 'decrement');
  }

  /**
   * The value, or what `loader` makes of a missing one. However many ask at the same time, one load runs; all
   * get its value, or its error, which is not cached. A value whose load began before a delete, set, clear or
   * invalidation of it is handed to those who asked before that, and neither stored nor given to anybody else.
   */
  getOrSet<T>(key: string, loader: Loader<T>, options: GetOrSetOptions = NO_OPTIONS): Promise<T> {
    try {
      return this.reads.getOrLoad(this.locate(key, 'getOrSet'), loader, options, BY_HAND);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * As {@link getOrSet} for many keys: `loadMissing` is called once with those that are neither stored nor
   * being loaded by somebody else, and returns a `Map` or an object of what it found. A key it leaves out is
   * neither cached nor in the answer.
   */
  async getOrSetMany<T>(
    keys: readonly string[],
    loadMissing: BatchLoader<T>,
    options: GetOrSetOptions = NO_OPTIONS,
  ): Promise<Map<string, T>> {
    assertKeys(keys, 'getOrSetMany');
    assertLoader(loadMissing, 'getOrSetMany');
    return this.reads.getOrLoadMany(keys, loadMissing, options);
  }

  /**
   * Makes every entry with one of these tags void, in all namespaces of the cache, at once and for everybody. With
   * `allowStale` they only are no longer fresh: within what is left of ttl and grace they may be served where loading
   * them anew fails or is slow.
   */
  async invalidateTags(tags: readonly string[] | string, options?: { readonly allowStale?: boolean }): Promise<void> {
    assertOptions(options, ['allowStale'], 'invalidateTags');
    const read = readTags(typeof tags === 'string' ? [tags] : tags, 'invalidateTags');
    if (read.length === 0) return;
    const allowStale = options?.allowStale === true;
    const { tells, cache } = this.here;
    await this.change('invalidateTags', () => cache.invalidateTags(read, allowStale));
    if (tells) this.channel.emit('invalidate', { tags: read });
  }

  /** The same cache with keys of its own. A nested one is named `outer:inner`. */
  namespace(name: string): CacheService {
    assertKey(name, 'namespace');
    const outer = this.loads.namespace;
    return new CacheService(this.core, outer === '' ? name : `${outer}:${name}`);
  }

  /** What the cache has done, all its namespaces together. */
  async getStats(): Promise<CacheStats> {
    const { stats, parts, behind } = this.core;
    const [held, writeBehind] = await Promise.all([parts.store.measure(), behind?.measure()]);
    return { ...stats.snapshot(held), ...(writeBehind === undefined ? {} : { writeBehind }) };
  }

  /**
   * Whether the cache works, found out by asking its backend now: to read, and for a lease. It answers within
   * `commandTimeout` (500 ms over files) and never rejects; those who ask at the same time get one answer.
   */
  health(): Promise<CacheHealth> {
    return healthOf(this.core.parts.store);
  }

  /** Starts counting anew; the entries stay. */
  resetStats(): void {
    this.core.stats.reset();
    this.core.behind?.resetCounts();
  }

  /**
   * The key under which a call of a method decorated with `@Cacheable` is stored, within the namespace in
   * which that method caches.
   * @throws {CacheOptionsError} if the method is not decorated, {@link CacheKeyError} if the arguments cannot be keyed.
   */
  keyOf<S extends object>(service: S, method: keyof S, args: readonly unknown[]): string {
    return during('keyOf', () => this.core.parts.keyOf(service, method, args));
  }

  /**
   * Runs `fn`, which runs a transaction and resolves when that is committed. Changes of this cache made inside (in all its
   * namespaces, by decorated methods too) wait: they are made, all of them, before this resolves with what `fn` resolves
   * to, and are forgotten where it rejects. Inside they are seen at once; what is loaded inside is not stored. `add`,
   * `getSet`, `take`, `increment` and `decrement` do not wait. One inside another is part of it, and can fail alone.
   * Where an error says that the connection was lost, or `outcomeUnknown` says so, what was changed is evicted.
   * @throws what `fn` throws; {CacheBackendError}, with `onError: 'throw'`, where the changes could not be made after the commit.
   */
  async afterCommit<T>(fn: () => Promise<T>, options: AfterCommitOptions = {}): Promise<T> {
    checkAfterCommit(fn, options);
    return this.isEnabled ? this.core.commits.run(fn, options) : fn();
  }

  /**
   * Writes the source, then the cache; resolves with the value. Where `write` fails the entry stays as it is, and is
   * removed where it is unknown what was done (see {@link WriteThroughOptions}); its error is thrown as it is. Where
   * something else happens to the entry during the write, nobody can say which came last: the entry is removed.
   * @throws {CacheSerializationError} for a value that cannot be stored, before anything is written.
   */
  async writeThrough<T>(
    key: string,
    value: T,
    write: (value: T) => Promise<unknown>,
    options?: WriteThroughOptions,
  ): Promise<T> {
    const located = this.locate(key, THROUGH.operation);
    const { stored, isUnknown } = readWriteThrough(write, options);
    this.draft(value, stored, THROUGH.operation);
    during(THROUGH.operation, () => this.here.cache.accepts?.(value));
    const run = async (): Promise<T> => {
      await write(value);
      return value;
    };
    return this.reads.write(located, run, stored, THROUGH, isUnknown);
  }

  /**
   * Stores a value, and writes it to its source later: by the method that carries `@WriteBehindHandler(queue)`. Resolves when the
   * journal has it. Until the source has it, reads in this process answer with it, also after an eviction. Within `afterCommit` the
   * journal is given it after the commit, or never.
   * @throws {CacheOptionsError} where nobody handles the queue, {@link CacheSerializationError} for what cannot be kept,
   * {@link CacheBackendError} where the journal is full or fails: then nothing is stored or written.
   */
  async writeBehind(queue: string, key: string, value: unknown, options?: SetOptions): Promise<void> {
    const located = this.locate(key, 'writeBehind');
    const draft = this.draft(value, options, 'writeBehind');
    const { behind } = this.core;
    if (behind === undefined) throw new CacheOptionsError('writeBehind: this cache was made without Nest');
    const { ttl, grace, tags } = draft;
    const namespace = this.namespaceName;
    const ready = during('writeBehind', () =>
      behind.ready(queue, { key, namespace, located, value, ttl, grace, tags }),
    );
    const accept = async (): Promise<void> => {
      const accepted = await ready.accept().catch(failing('writeBehind'));
      await this.keepAccepted(located, { ...draft, value: accepted });
    };
    const { cache, loads } = this.here;
    if (cache.later === undefined) return accept();
    await this.change('writeBehind', () => loads.store.write(located, { ...draft, value: ready.value }));
    await cache.later(accept);
  }

  /**
   * Loads what is not fresh of these entries and decorated calls, so many at a time, and says what came of it. An item
   * that fails is in the report and changes nothing for the others. A cache that is switched off warms nothing.
   * @throws {CacheOptionsError} for options and items that cannot be meant as written. In an array nothing has been
   * loaded then; of another iterable what came before the item has.
   */
  async warm(items: WarmItems, options?: WarmOptions): Promise<WarmReport> {
    assertItems(items);
    checkWarmOptions(options);
    if (!this.isEnabled) return NOTHING_WARMED;
    const { name, clock, events, log } = this.core.parts;
    const getOrSet = this.getOrSet.bind(this);
    return new Warming({ name, clock, events, log, getOrSet }, new WarmSource(items), options ?? {}).run();
  }

  /**
   * The key as it is stored, with whose entry it is.
   * @throws {CacheKeyError} @internal
   */
  locate(key: string, operation: string): string {
    return this.lookup.locate(key, operation);
  }

  /** The time by which entries of this cache end. @internal */
  now(): number {
    return this.core.parts.clock.now();
  }

  /** The fresh entry of a key from {@link locate}, not counted, or why there is none. @internal */
  async inspect(located: string): Promise<Entry | Absence> {
    const now = this.now();
    const absence = await this.store.absence(located, now);
    const entry = await this.store.read(located, now, UNCOUNTED);
    return entry !== undefined && now < entry.expiresAt ? entry : absence;
  }

  /**
   * A decorated call: as {@link getOrSet}, of a key from {@link locate}, for a caller that says who it is.
   * @internal
   */
  call<T>(located: string, loader: Loader<T>, options: GetOrSetOptions, caller: Caller): Promise<T> {
    return this.reads.getOrLoad(located, loader, options, caller);
  }

  /**
   * Always runs `write` and stores what it returns, unless something else happened to the entry meanwhile:
   * then the entry is removed.
   * @internal
   */
  write<T>(located: string, write: Loader<T>, options: GetOrSetOptions, caller: Caller): Promise<T> {
    return this.reads.write(located, write, options, caller);
  }

  /** Declares defaults of this namespace. @internal */
  setDefaults(defaults: NamespaceDefaults, where: string): void {
    this.core.setDefaults(this.loads.namespace, defaults, where);
  }

  /** Tells those who want to know that a call left the cache out. @internal */
  leftOut(outcome: 'bypass' | 'refused', reason: string, caller: Caller): void {
    this.reads.leftOut(outcome, reason, caller);
  }

  /** Where calls go that are made now. */
  private get here(): Room {
    const { commits } = this.core;
    const scope = commits.live === 0 ? undefined : commits.current();
    return scope === undefined ? this.room : this.inside(scope);
  }

  private get loads(): SingleFlight {
    return this.here.loads;
  }

  private get store(): StoreSpace {
    return this.here.loads.store;
  }

  private get lookup(): EntryLookup {
    return this.here.lookup;
  }

  private get reads(): ReadThrough {
    return this.here.reads;
  }

  private inside(scope: CommitScope): Room {
    const known = this.rooms.get(scope);
    if (known !== undefined) return known;
    const { namespace } = this.room.loads;
    const space = scope.store.space(namespace);
    const waiting = new UnlessNewer(this.core.pending, (located) => space.holds(located));
    const room = makeRoom(this.core, { cache: scope.store, loads: scope.loads(namespace), tells: false }, waiting);
    this.rooms.set(scope, room);
    return room;
  }

  /** It has been accepted for its source: that the cache fails changes nothing about it. */
  private async keepAccepted(located: string, draft: Draft): Promise<void> {
    try {
      await this.change('writeBehind', () => this.room.loads.store.write(located, draft));
    } catch (error) {
      this.core.parts.events.emit('error', { operation: 'writeBehind', error });
    }
  }

  private async count(
    key: string,
    change: number,
    given: unknown,
    options: SetOptions | undefined,
    operation: string,
  ): Promise<number> {
    const located = this.locate(key, operation);
    assertNumber(given, operation);
    const draft = this.draft(0, options, operation);
    return this.change(operation, () => this.store.increment(located, change, draft));
  }

  private draft(value: unknown, options: SetOptions | undefined, operation: string): Draft {
    assertStorable(value, operation);
    return this.core.policy(this.namespaceName).fromOptions(value, options, operation);
  }

  /** Makes a change and counts it, when it is asked for and when it is done. */
  private change<T>(operation: string, make: () => Awaitable<T>): Awaitable<T> {
    const { changes } = this.core;
    this.core.assertOpen(operation);
    changes.count += 1;
    const made = (result: T): T => {
      changes.count += 1;
      return result;
    };
    return after(during(operation, make), made, failing(operation));
  }

  private deleted(key: string): void {
    this.channel.emit('delete', { namespace: this.loads.namespace, key });
  }
}

const BY_HAND: Caller = { operation: 'getOrSet', strict: true };
/** The source has been written: that the value cannot be stored after all is not to look as if it had not. */
const THROUGH: Caller = { operation: 'writeThrough', strict: false };
