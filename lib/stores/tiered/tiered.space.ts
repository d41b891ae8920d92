import type { CacheEvents } from '../../events/cache-events.js';
import { after, isPromise, type Awaitable } from '../../support/awaitable.js';
import {
  copyOf,
  type Absence,
  type Draft,
  type Entry,
  type FarSpace,
  type LeaseAnswer,
  type LeasePurpose,
  type StoreSpace,
} from '../store.js';
import { changing } from './changing.js';
import { PendingReads, type PendingRead } from './pending-reads.js';
import { TieredLease } from './tiered.lease.js';
import type { NearSpace, Tiers } from './tiers.js';

const NO_TAGS: readonly string[] = [];

/**
 * One namespace in two tiers. The near one keeps the very entries that the far one answered, and serves them for
 * as long as the far one vouches for them: what an entry's end is, the far tier alone knows.
 */
export class TieredSpace implements StoreSpace {
  readonly #reads = new PendingReads();
  /** Whether the far tier has answered every read at once so far. */
  #atOnce = true;

  constructor(
    private readonly near: NearSpace,
    private readonly far: FarSpace,
    private readonly namespace: string,
    private readonly tiers: Tiers,
  ) {}

  read(key: string, now: number, uncounted = false): Awaitable<Entry | undefined> {
    const events = uncounted ? undefined : this.tiers.events;
    const kept = this.#readNear(key, now, events?.near);
    if (kept !== undefined) return kept;
    const answer = this.far.read(key, now);
    if (!isPromise(answer)) return this.#fromFar(key, answer, now, true, events?.far);
    const current = this.#currency([key]);
    return answer.then(
      (entry) => this.#fromFar(key, entry, now, current(key), events?.far),
      (error: unknown) => {
        current(key);
        throw error;
      },
    );
  }

  readMany(keys: readonly string[], now: number): Awaitable<Map<string, Entry>> {
    const found = new Map<string, Entry>();
    const missing: string[] = [];
    const { events } = this.tiers;
    for (const key of new Set(keys)) {
      const kept = this.#readNear(key, now, events.near);
      if (kept === undefined) missing.push(key);
      else found.set(key, kept);
    }
    if (missing.length === 0) return found;
    const answer = this.far.readMany(missing, now);
    const current = isPromise(answer) ? this.#currency(missing) : always;
    const add = (entries: Map<string, Entry>): Map<string, Entry> => {
      for (const key of missing) {
        const entry = this.#fromFar(key, entries.get(key), now, current(key), events.far);
        if (entry !== undefined) found.set(key, entry);
      }
      return found;
    };
    if (!isPromise(answer)) return add(answer);
    return answer.then(add, (error: unknown) => {
      for (const key of missing) current(key);
      throw error;
    });
  }

  absence(key: string, now: number): Awaitable<Absence> {
    return this.far.absence(key, now);
  }

  write(key: string, draft: Draft): Awaitable<void> {
    return this.#changing(
      [key],
      () => this.far.write(key, draft),
      () => this.#readBack(key),
    );
  }

  writeMany(drafts: ReadonlyMap<string, Draft>): Awaitable<void> {
    return this.#changing([...drafts.keys()], () => this.far.writeMany(drafts));
  }

  add(key: string, draft: Draft): Awaitable<boolean> {
    return this.#changing([key], () => this.far.add(key, draft));
  }

  swap(key: string, draft: Draft): Awaitable<Entry | undefined> {
    return this.#changing([key], () => this.far.swap(key, draft));
  }

  remove(key: string): Awaitable<boolean> {
    return this.#changing([key], () => this.far.remove(key));
  }

  removeMany(keys: readonly string[]): Awaitable<readonly string[]> {
    return this.#changing(keys, () => this.far.removeMany(keys));
  }

  take(key: string): Awaitable<Entry | undefined> {
    return this.#changing([key], () => this.far.take(key));
  }

  increment(key: string, by: number, draft: Omit<Draft, 'value'>): Awaitable<number> {
    return this.#changing([key], () => this.far.increment(key, by, draft));
  }

  touch(key: string, ttl: number): Awaitable<boolean> {
    return this.#changing([key], () => this.far.touch(key, ttl));
  }

  lease(key: string, tags: readonly string[], purpose: LeasePurpose): Awaitable<LeaseAnswer> {
    return after(this.far.lease(key, tags, purpose), (answer): LeaseAnswer => {
      if (!('commit' in answer)) return answer;
      return new TieredLease(answer, (commit) =>
        this.#changing([key], commit, (stored) => {
          if (stored) this.#readBack(key);
        }),
      );
    });
  }

  clear(): Awaitable<void> {
    return changing(
      () => {
        this.near.clear();
        this.#reads.touchAll();
      },
      () => this.far.clear(),
    );
  }

  /** The entry kept near, which is fresh, if it is still good; counts it, or that there is none, where that counts. */
  #readNear(key: string, now: number, events: CacheEvents | undefined): Entry | undefined {
    const kept = this.near.read(key, now);
    if (kept !== undefined) {
      const entry = kept.value as Entry;
      if (this.far.vouches(key, entry, now)) {
        events?.hit(this.namespace, key);
        return this.#shown(entry);
      }
      this.near.remove(key);
    }
    this.#missed(events, key);
    return undefined;
  }

  /** Counts what the far tier answered, where that counts, and keeps it near if it is fresh and nothing has happened to it since. */
  #fromFar(
    key: string,
    entry: Entry | undefined,
    now: number,
    current: boolean,
    events: CacheEvents | undefined,
  ): Entry | undefined {
    const fresh = entry !== undefined && now < entry.expiresAt;
    if (fresh) events?.hit(this.namespace, key);
    else this.#missed(events, key);
    return fresh && current ? this.#keep(key, entry) : entry;
  }

  #missed(events: CacheEvents | undefined, key: string): void {
    events?.emit('miss', { namespace: this.namespace, key });
  }

  /** Keeps an entry near, and answers it as it is to be shown; as it is where it cannot be kept. */
  #keep(key: string, entry: Entry): Entry {
    try {
      const shown = this.#shown(entry);
      if (shown === entry) this.tiers.isolator.store(entry.value);
      const ttl = entry.expiresAt - this.tiers.clock.now();
      this.near.write(key, { value: entry, ttl, grace: 0, tags: NO_TAGS });
      return shown;
    } catch (error) {
      this.tiers.events.near.emit('error', { operation: 'keep', error });
      return entry;
    }
  }

  /** What was decoded for this process is nobody's until it is shown: only readers have to be kept apart. */
  #shown(entry: Entry): Entry {
    const { read } = this.tiers.isolator;
    if (read === undefined) return entry;
    return { ...copyOf(entry), value: read(entry.value) };
  }

  /** After a write: what the next read would find, where that is to be had without waiting. */
  #readBack(key: string): void {
    if (!this.#atOnce) return;
    try {
      const entry = this.far.read(key, this.tiers.clock.now());
      if (!isPromise(entry)) {
        if (entry !== undefined) this.#keep(key, entry);
        return;
      }
      this.#atOnce = false;
      entry.catch(() => {});
    } catch {
      // The write was done; that it cannot be read is for the next read to find.
    }
  }

  /** Notes that keys are being read; the answer says of each, once, whether nothing happened to it meanwhile. */
  #currency(keys: readonly string[]): (key: string) => boolean {
    this.#atOnce = false;
    const { invalidations } = this.tiers;
    const before = invalidations.count;
    const reads = new Map<string, PendingRead>(keys.map((key) => [key, this.#reads.begin(key)]));
    return (key) => {
      const read = reads.get(key)!;
      this.#reads.end(read);
      return read.untouched && invalidations.count === before;
    };
  }

  /** Makes a change in the far tier; until it is made, and when it is, the near one forgets its keys. */
  #changing<T>(keys: readonly string[], change: () => Awaitable<T>, done?: (answer: T) => void): Awaitable<T> {
    return changing(() => this.#drop(keys), change, done);
  }

  #drop(keys: readonly string[]): void {
    for (const key of keys) {
      this.near.remove(key);
      this.#reads.touch(key);
    }
  }
}

function always(): boolean {
  return true;
}
