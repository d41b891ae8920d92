import { CacheOptionsError } from '../../errors/cache.errors.js';
import type { Absence, Draft, Entry, Lease, LeaseAnswer, LeasePurpose, StoreSpace } from '../../stores/store.js';
import { after, isPromise, type Awaitable } from '../../support/awaitable.js';
import type { Clock } from '../../support/clock.js';
import { PendingWrite, UncommittedLoad } from './pending.lease.js';

/** What the spaces of a transaction have in common. */
export interface PendingRoom {
  /** Whether changes wait; else they are made at once. */
  readonly open: boolean;
  readonly shared: boolean;
  readonly clock: Clock;
  /** Counts the changes made through this process. */
  readonly changes: { readonly count: number };
  /** The number of the last change here. */
  readonly last: number;
  /** The number of a new one. */
  next(): number;
  /** Whether one of these tags was invalidated here after that change. */
  touchedSince(tags: readonly string[], since: number): boolean;
  /** An entry from below as it is after the invalidations here. */
  seen(entry: Entry): Entry | undefined;
  /** A tag of the entry that was invalidated here. */
  invalidatedTag(entry: Entry): string | undefined;
  /** @throws {CacheSerializationError} */
  accepts(value: unknown): void;
}

type Put = Extract<Change, { readonly kind: 'put' }>;
type What =
  | { readonly kind: 'put'; readonly draft: Draft }
  | { readonly kind: 'gone' }
  | { readonly kind: 'touch'; readonly ttl: number };

/** The last thing that was done to a key. `at` is in milliseconds, by the clock. */
type Change = What & { readonly number: number; readonly at: number };

/** One namespace with changes that wait, see `PendingStore`. */
export class PendingSpace implements StoreSpace {
  readonly #changes = new Map<string, Change>();
  /** The leases below under which values that wait are to be stored: what happens to the entry meanwhile voids them. */
  readonly #fences = new Map<string, Awaitable<LeaseAnswer>>();
  /** The number of the last clear; 0: none. */
  #cleared = 0;

  constructor(
    private readonly room: PendingRoom,
    private readonly below: StoreSpace,
  ) {}

  /** Whether a value waits for the key. */
  holds(key: string): boolean {
    const change = this.#changes.get(key);
    return change?.kind === 'put' && this.#stands(change);
  }

  read(key: string, now: number): Awaitable<Entry | undefined> {
    if (!this.room.open) return this.below.read(key, now);
    const change = this.#changes.get(key);
    if (this.#hides(change)) return this.#pending(change, now);
    return after(this.below.read(key, now), (entry) => this.#seen(entry, change, now));
  }

  readMany(keys: readonly string[], now: number): Awaitable<Map<string, Entry>> {
    if (!this.room.open) return this.below.readMany(keys, now);
    const before = new Map<string, { readonly change: Change | undefined; readonly hidden: boolean }>();
    for (const key of keys) {
      const change = this.#changes.get(key);
      before.set(key, { change, hidden: this.#hides(change) });
    }
    const asked = [...before].flatMap(([key, { hidden }]) => (hidden ? [] : [key]));
    const below = asked.length === 0 ? new Map<string, Entry>() : this.below.readMany(asked, now);
    return after(below, (entries) => {
      const found = new Map<string, Entry>();
      for (const [key, { change, hidden }] of before) {
        const entry = hidden ? this.#pending(change, now) : this.#seen(entries.get(key), change, now);
        if (entry !== undefined) found.set(key, entry);
      }
      return found;
    });
  }

  async absence(key: string, now: number): Promise<Absence> {
    if (!this.room.open) return this.below.absence(key, now);
    const change = this.#changes.get(key);
    if (change?.kind === 'gone') return { reason: 'removed' };
    if (this.#hides(change)) return change === undefined ? { reason: 'cleared' } : { reason: 'absent' };
    const entry = await this.below.read(key, now);
    const tag = entry && this.room.invalidatedTag(entry);
    return tag === undefined ? this.below.absence(key, now) : { reason: 'invalidated', tag };
  }

  write(key: string, draft: Draft): Awaitable<void> {
    if (!this.room.open) return this.below.write(key, draft);
    this.room.accepts(draft.value);
    return this.#put(key, draft);
  }

  writeMany(drafts: ReadonlyMap<string, Draft>): Awaitable<void> {
    if (!this.room.open) return this.below.writeMany(drafts);
    for (const { value } of drafts.values()) this.room.accepts(value);
    const fenced = [...drafts].map(([key, draft]) => this.#put(key, draft));
    if (fenced.some(isPromise)) return Promise.all(fenced).then(() => undefined);
  }

  remove(key: string): Awaitable<boolean> {
    if (!this.room.open) return this.below.remove(key);
    const { clock } = this.room;
    const before = this.read(key, clock.now());
    this.#note(key, { kind: 'gone' });
    return after(before, (entry) => this.#isFresh(entry));
  }

  removeMany(keys: readonly string[]): Awaitable<readonly string[]> {
    if (!this.room.open) return this.below.removeMany(keys);
    const before = this.readMany(keys, this.room.clock.now());
    for (const key of keys) this.#note(key, { kind: 'gone' });
    return after(before, (entries) => keys.filter((key) => this.#isFresh(entries.get(key))));
  }

  touch(key: string, ttl: number): Awaitable<boolean> {
    if (!this.room.open) return this.below.touch(key, ttl);
    if (ttl <= 0) return this.remove(key);
    return after(this.read(key, this.room.clock.now()), (entry) => {
      if (!this.room.open) return this.below.touch(key, ttl);
      const change = this.#changes.get(key);
      if (change?.kind === 'gone' || !this.#isFresh(entry)) return false;
      if (change?.kind === 'put') this.#note(key, { kind: 'put', draft: { ...change.draft, ttl } });
      else this.#note(key, { kind: 'touch', ttl });
      return true;
    });
  }

  add(key: string, draft: Draft): Awaitable<boolean> {
    return this.#atOnce('add', key, () => this.below.add(key, draft));
  }

  swap(key: string, draft: Draft): Awaitable<Entry | undefined> {
    return this.#atOnce('getSet', key, () => this.below.swap(key, draft));
  }

  take(key: string): Awaitable<Entry | undefined> {
    return this.#atOnce('take', key, () => this.below.take(key));
  }

  increment(key: string, by: number, draft: Omit<Draft, 'value'>): Awaitable<number> {
    return this.#atOnce('increment', key, () => this.below.increment(key, by, draft));
  }

  /** A write is fenced below; a load is not, as what it comes to is never stored. Nothing is renewed ahead. */
  lease(key: string, tags: readonly string[], purpose: LeasePurpose): Awaitable<LeaseAnswer> {
    if (purpose === 'ahead') return { freed: Promise.resolve() };
    const { room } = this;
    const since = room.last;
    const untouched = (late: readonly string[]): boolean =>
      room.open && !this.#touchedSince(key, [...tags, ...late], since);
    if (purpose !== 'write') {
      const { count } = room.changes;
      return new UncommittedLoad((late) => !room.shared && room.changes.count === count && untouched(late));
    }
    if (!room.open) return this.below.lease(key, tags, purpose);
    return after(this.#fence(key, tags), () => {
      return new PendingWrite(untouched, (draft) => {
        room.accepts(draft.value);
        void this.#put(key, draft);
      });
    });
  }

  clear(): Awaitable<void> {
    if (!this.room.open) return this.below.clear();
    this.#cleared = this.room.next();
  }

  /** Makes the clear below, if there was one; whether there was. */
  async applyClear(): Promise<boolean> {
    if (this.#cleared > 0) await this.below.clear();
    return this.#cleared > 0;
  }

  /**
   * Makes the changes of single keys below.
   * @param stores whether values are stored; else what they were to replace is removed
   */
  async applyKeys(stores: boolean, tell: (key: string) => void): Promise<void> {
    const gone: string[] = [];
    const steps: Promise<unknown>[] = [];
    for (const [key, change] of this.#changes) {
      if (change.kind === 'touch') {
        if (stores) steps.push(this.#touchBelow(key, change.ttl));
      } else if (stores && change.kind === 'put' && this.#stands(change)) {
        steps.push(this.#storeBelow(key, change.draft, tell));
      } else gone.push(key);
    }
    steps.push(this.#removeBelow(gone, tell));
    const done = await Promise.allSettled(steps);
    await this.releaseFences();
    for (const step of done) if (step.status === 'rejected') throw step.reason;
  }

  /** Ends what is left of the leases below. */
  async releaseFences(): Promise<void> {
    const fences = [...this.#fences.values()];
    this.#fences.clear();
    await Promise.allSettled(fences.map(async (fence) => asLease(await fence)?.release()));
  }

  /** Whether what is below is not to be seen, after this change of the key or without one. */
  #hides(change: Change | undefined): boolean {
    return this.#cleared > 0 || change?.kind === 'put' || change?.kind === 'gone';
  }

  /** Whether a value has outlived what was done after it. */
  #stands({ number, draft }: Put): boolean {
    return number > this.#cleared && !this.room.touchedSince(draft.tags, number);
  }

  #touchedSince(key: string, tags: readonly string[], since: number): boolean {
    const number = this.#changes.get(key)?.number ?? 0;
    return number > since || this.#cleared > since || this.room.touchedSince(tags, since);
  }

  /** What is there in place of what is below. */
  #pending(change: Change | undefined, now: number): Entry | undefined {
    if (change?.kind !== 'put' || !this.#stands(change)) return undefined;
    const { at, draft } = change;
    const expiresAt = at + draft.ttl;
    const staleUntil = expiresAt + draft.grace;
    return now < staleUntil
      ? { value: draft.value, tags: draft.tags, createdAt: at, expiresAt, staleUntil }
      : undefined;
  }

  /** An entry from below as it is after what was done here. */
  #seen(entry: Entry | undefined, change: Change | undefined, now: number): Entry | undefined {
    const seen = entry && this.room.seen(entry);
    if (seen === undefined || change?.kind !== 'touch' || now >= seen.expiresAt) return seen;
    const grace = seen.expiresAt === Infinity ? 0 : seen.staleUntil - seen.expiresAt;
    const expiresAt = change.at + change.ttl;
    const { value, tags, createdAt } = seen;
    return { value, tags, createdAt, expiresAt, staleUntil: expiresAt + grace };
  }

  #isFresh(entry: Entry | undefined): boolean {
    return entry !== undefined && this.room.clock.now() < entry.expiresAt;
  }

  #note(key: string, what: What): void {
    this.#changes.set(key, { ...what, number: this.room.next(), at: this.room.clock.now() });
  }

  #put(key: string, draft: Draft): Awaitable<void> {
    if (draft.ttl <= 0) return this.#note(key, { kind: 'gone' });
    this.#note(key, { kind: 'put', draft });
    return after(this.#fence(key, draft.tags), () => {});
  }

  /** Taken once, at the first mention of a value: it covers all that come after it. */
  #fence(key: string, tags: readonly string[]): Awaitable<LeaseAnswer> {
    const taken = this.#fences.get(key);
    if (taken !== undefined) return taken;
    const fence = this.below.lease(key, tags, 'write');
    if (isPromise(fence)) fence.catch(() => {});
    this.#fences.set(key, fence);
    return fence;
  }

  async #storeBelow(key: string, draft: Draft, tell: (key: string) => void): Promise<void> {
    let isStored = false;
    try {
      const fence = await this.#fences.get(key);
      this.#fences.delete(key);
      isStored = (await asLease(fence)?.commit(draft)) === true;
    } finally {
      if (!isStored) await this.#removeBelow([key], tell);
    }
  }

  async #removeBelow(keys: readonly string[], tell: (key: string) => void): Promise<void> {
    if (keys.length === 0) return;
    for (const key of await this.below.removeMany(keys)) tell(key);
  }

  async #touchBelow(key: string, ttl: number): Promise<void> {
    await this.below.touch(key, ttl);
  }

  /** What cannot wait is done below, unless it would have to come after something that waits. */
  #atOnce<T>(operation: string, key: string, ask: () => Awaitable<T>): Awaitable<T> {
    if (!this.room.open || (this.#cleared === 0 && !this.#changes.has(key))) return ask();
    throw new CacheOptionsError(
      `${operation}: the entry was changed in this afterCommit, and that waits for the commit, for which ${operation} cannot wait: call it before that change, or outside`,
      { operation },
    );
  }
}

function asLease(answer: LeaseAnswer | undefined): Lease | undefined {
  return answer !== undefined && 'commit' in answer ? answer : undefined;
}
