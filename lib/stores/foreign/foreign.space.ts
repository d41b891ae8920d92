import type { Payload } from '../../codec/payload.js';
import { CacheOptionsError, CacheTypeError } from '../../errors/cache.errors.js';
import type { Absence, Draft, Entry, FarSpace, LeaseAnswer, LeasePurpose } from '../store.js';
import { Entries, type FoundRecord, type Lifetime } from './entries.js';
import { ForeignLease, LeaseBook, type LeaseHome } from './foreign.lease.js';
import type { ForeignRoom } from './foreign.room.js';
import { Lanes } from './lanes.js';
import type { Head, StoredRecord } from './record.js';
import type { Trip } from './trip.js';
import { Validity } from './validity.js';

/** Keys that one operation names at most; a batch of more is several, one after another. */
const PORTION = 250;

/** A draft of which the value has been serialised. */
type Packed = Omit<Draft, 'value'> & { readonly payload: Payload };

/** One namespace in somebody else's store. Within this process, what changes a key does so alone. */
export class ForeignSpace implements FarSpace, LeaseHome {
  readonly #lanes = new Lanes();
  readonly #leases = new LeaseBook();
  readonly #validity: Validity;
  readonly #entries: Entries;

  constructor(
    private readonly room: ForeignRoom,
    namespace: string,
  ) {
    this.#validity = new Validity(room.names, namespace, room.stamps);
    this.#entries = new Entries(room, namespace, this.#validity, (key, text) => this.#discard(key, text));
  }

  async read(key: string, now: number): Promise<Entry | undefined> {
    const found = await this.room.wire.run('read', (trip) => this.#entries.find(trip, key, now));
    return found === undefined ? undefined : this.#entries.shown(key, found);
  }

  absence(key: string, now: number): Promise<Absence> {
    return this.room.wire.run('absence', (trip) => this.#entries.absence(trip, key, now));
  }

  async readMany(keys: readonly string[], now: number): Promise<Map<string, Entry>> {
    const entries = new Map<string, Entry>();
    for (const some of portionsOf([...new Set(keys)])) {
      const found = await this.room.wire.run('readMany', (trip) => this.#entries.findMany(trip, some, now));
      for (const key of some) {
        const record = found.get(key);
        const entry = record === undefined ? undefined : this.#entries.shown(key, record);
        if (entry !== undefined) entries.set(key, entry);
      }
    }
    return entries;
  }

  /** Never: what other processes do is not heard of. */
  vouches(): boolean {
    return false;
  }

  async write(key: string, draft: Draft): Promise<void> {
    const packed = this.#pack(draft);
    await this.#change('write', key, (trip) => this.#put(trip, key, packed));
  }

  async writeMany(drafts: ReadonlyMap<string, Draft>): Promise<void> {
    const packed = [...drafts].map(([key, draft]) => [key, this.#pack(draft)] as const);
    for (const some of portionsOf(packed)) {
      await this.room.wire.run('writeMany', (trip) =>
        Promise.all(some.map(([key, draft]) => this.#alone(key, () => this.#put(trip, key, draft)))),
      );
    }
  }

  async add(key: string, draft: Draft): Promise<boolean> {
    const packed = this.#pack(draft);
    return this.#atomic('add', key, async (trip) => {
      if ((await this.#fresh(trip, key)) !== undefined) return false;
      return this.#put(trip, key, packed);
    });
  }

  async swap(key: string, draft: Draft): Promise<Entry | undefined> {
    const packed = this.#pack(draft);
    return this.#atomic('getSet', key, async (trip) => {
      const before = await this.#fresh(trip, key);
      await this.#put(trip, key, packed);
      return before === undefined ? undefined : this.#entries.shown(key, before);
    });
  }

  remove(key: string): Promise<boolean> {
    return this.#change('remove', key, (trip) => this.#remove(trip, key));
  }

  async removeMany(keys: readonly string[]): Promise<readonly string[]> {
    const removed: string[] = [];
    for (const some of portionsOf([...new Set(keys)])) {
      const answers = await this.room.wire.run('removeMany', (trip) =>
        Promise.all(some.map((key) => this.#alone(key, () => this.#remove(trip, key)))),
      );
      removed.push(...some.filter((_, index) => answers[index]));
    }
    return removed;
  }

  take(key: string): Promise<Entry | undefined> {
    return this.#atomic('take', key, async (trip) => {
      const found = await this.#fresh(trip, key);
      await this.#drop(trip, key);
      return found === undefined ? undefined : this.#entries.shown(key, found);
    });
  }

  increment(key: string, by: number, terms: Omit<Draft, 'value'>): Promise<number> {
    return this.#atomic('increment', key, async (trip) => {
      const found = await this.#fresh(trip, key);
      const entry = found === undefined ? undefined : this.#entries.shown(key, found);
      if (found === undefined || entry === undefined) {
        const first = 0 + by;
        await this.#put(trip, key, this.#pack({ ...terms, value: first }));
        return first;
      }
      const value = numberIn(entry) + by;
      await this.#entries.replace(trip, key, found.head, this.room.codec.serialise(value));
      this.#leases.void(key);
      return value;
    });
  }

  touch(key: string, ttl: number): Promise<boolean> {
    return this.#change('touch', key, async (trip) => {
      const found = await this.#fresh(trip, key);
      if (found === undefined) return false;
      if (ttl > 0) return this.#extend(trip, key, found, ttl);
      await this.#drop(trip, key);
      return true;
    });
  }

  lease(key: string, tags: readonly string[], purpose: LeasePurpose): Promise<LeaseAnswer> {
    return this.#change('lease', key, async (trip) => {
      const found = await this.#entries.find(trip, key, this.room.clock.now());
      const entry = purpose === 'load' && this.#isFresh(found) ? this.#entries.shown(key, found) : undefined;
      if (entry !== undefined) return { entry };
      const current = this.#leases.get(key);
      const waits = purpose === 'load' || purpose === 'ahead';
      if (waits && current?.yields === false && (await this.#stands(trip, current, []))) {
        return current.busy();
      }
      return this.#grant(trip, key, unique(tags), purpose, found?.head);
    });
  }

  holds(lease: ForeignLease, lateTags: readonly string[]): Promise<boolean> {
    return this.room.wire.run('holds', (trip) => this.#stands(trip, lease, lateTags));
  }

  async commit(lease: ForeignLease, draft: Draft): Promise<boolean> {
    const packed = this.#pack(draft);
    return this.#change('commit', lease.key, (trip) => this.#commit(trip, lease, packed));
  }

  async clear(): Promise<void> {
    try {
      await this.room.wire.run('clear', (trip) => trip.delete(this.#validity.spaceName));
    } finally {
      this.#leases.voidAll();
    }
  }

  /** One operation on one key. */
  #change<T>(operation: string, key: string, work: (trip: Trip) => Promise<T>): Promise<T> {
    return this.room.wire.run(operation, (trip) => this.#alone(key, () => work(trip)));
  }

  /** The same, where nobody else may come between what it reads and what it writes. */
  #atomic<T>(operation: string, key: string, work: (trip: Trip) => Promise<T>): Promise<T> {
    const { kind, wire, exclusive } = this.room;
    return wire.run(operation, async (trip) => {
      if (!(exclusive ?? (await trip.backend()).local)) throw refusal(operation, kind);
      return this.#alone(key, () => work(trip));
    });
  }

  #alone<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#lanes.run(key, work);
  }

  #pack({ value, ttl, grace, tags }: Draft): Packed {
    return { payload: this.room.codec.serialise(value), ttl, grace, tags: unique(tags) };
  }

  /** Whether the draft was stored: not if its ttl says so. Then there is nothing under the key. */
  async #put(trip: Trip, key: string, draft: Packed): Promise<boolean> {
    if (draft.ttl <= 0) {
      await this.#drop(trip, key);
      return false;
    }
    try {
      this.#validity.expect(lifeOf(draft));
      await this.#validity.forWrite(trip, key, draft.tags, (carried) =>
        this.#entries.put(trip, key, draft, carried, draft.payload),
      );
      return true;
    } finally {
      this.#leases.void(key);
    }
  }

  async #drop(trip: Trip, key: string): Promise<void> {
    try {
      await this.#validity.end(trip, key);
    } finally {
      this.#leases.void(key);
    }
  }

  async #remove(trip: Trip, key: string): Promise<boolean> {
    const found = await this.#fresh(trip, key);
    await this.#drop(trip, key);
    return found !== undefined;
  }

  /** Stores what is there with a new ttl. */
  async #extend(trip: Trip, key: string, record: StoredRecord, ttl: number): Promise<boolean> {
    const payload = this.#entries.open(key, record);
    if (payload === undefined) return false;
    const { head } = record;
    const expiresAt = this.room.clock.now() + ttl;
    this.#validity.expect(ttl + head.grace);
    try {
      const carried = await this.#validity.forTouch(trip, key, head, expiresAt + head.grace);
      if (carried === undefined) return false;
      await this.#entries.replace(trip, key, { ...head, ...carried, expiresAt }, payload);
      return true;
    } finally {
      this.#leases.void(key);
    }
  }

  async #grant(
    trip: Trip,
    key: string,
    tags: readonly string[],
    purpose: LeasePurpose,
    there: Head | undefined,
  ): Promise<ForeignLease> {
    const [carried, fence] = await Promise.all([
      this.#validity.forLoad(trip, key, tags, there),
      this.#validity.fence(trip),
    ]);
    const leave = (ended: ForeignLease): void => this.#leases.leave(ended);
    const lease = new ForeignLease(key, carried, fence, purpose === 'write', this, leave);
    this.#leases.enter(lease);
    return lease;
  }

  async #commit(trip: Trip, lease: ForeignLease, draft: Packed): Promise<boolean> {
    const { key, carried, fence } = lease;
    const [held, late] = await Promise.all([
      this.#validity.holds(trip, key, carried),
      this.#validity.forLateTags(trip, without(draft.tags, carried.tags), fence),
    ]);
    if (!held || late === undefined || !lease.untouched) return false;
    if (draft.ttl <= 0) {
      await this.#validity.end(trip, key);
      return true;
    }
    this.#validity.expect(lifeOf(draft));
    const known = carried.tags.filter(([tag]) => draft.tags.includes(tag));
    await this.#entries.put(trip, key, draft, { ...carried, tags: [...known, ...late] }, draft.payload);
    return this.#validity.replaced(trip, key, carried);
  }

  async #stands(trip: Trip, lease: ForeignLease, lateTags: readonly string[]): Promise<boolean> {
    const late = without(lateTags, lease.carried.tags);
    const [held, fenced] = await Promise.all([
      this.#validity.holds(trip, lease.key, lease.carried),
      late.length === 0 || this.#validity.fenceHolds(trip, lease.fence),
    ]);
    return held && fenced && lease.untouched;
  }

  async #fresh(trip: Trip, key: string): Promise<FoundRecord | undefined> {
    const found = await this.#entries.find(trip, key, this.room.clock.now());
    return this.#isFresh(found) ? found : undefined;
  }

  #isFresh(found: FoundRecord | undefined): found is FoundRecord {
    return found !== undefined && found.softenedBy === undefined && this.room.clock.now() < found.head.expiresAt;
  }

  /** Removes what cannot be read, unless something else has taken its place. */
  #discard(key: string, text: unknown): void {
    const name = this.#validity.entryName(key);
    const discarded = this.#change('discard', key, async (trip) => {
      if ((await trip.get(name)) === text) await trip.delete(name);
    });
    discarded.catch(() => {});
  }
}

function refusal(operation: string, kind: string): CacheOptionsError {
  return new CacheOptionsError(
    `${operation} is not available with backend: '${kind}' over a store that processes may share, since two of them ` +
      "would both win; use backend: 'redis'",
    { operation },
  );
}

function numberIn({ value }: Entry): number {
  if (typeof value === 'number') return value;
  const type = value === null ? 'null' : typeof value;
  throw new CacheTypeError(`a ${type} is stored where a number is needed`);
}

function lifeOf({ ttl, grace }: Lifetime): number {
  return ttl + Math.max(grace, 0);
}

function unique(tags: readonly string[]): readonly string[] {
  return tags.length < 2 ? tags : [...new Set(tags)];
}

function without(tags: readonly string[], carried: readonly (readonly [string, string])[]): readonly string[] {
  return unique(tags).filter((tag) => carried.every(([known]) => known !== tag));
}

function* portionsOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += PORTION) yield all.slice(from, from + PORTION);
}
