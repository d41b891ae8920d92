import type { Payload, Place } from '../../codec/payload.js';
import { UnreadableError } from '../../codec/unreadable.error.js';
import type { Absence, Draft, Entry } from '../store.js';
import type { ForeignRoom } from './foreign.room.js';
import { headTextOf, readRecord, writeRecord, type Head, type StoredRecord } from './record.js';
import { SLACK, stampOf } from './stamps.js';
import type { Trip } from './trip.js';
import { isPlaced, type Carried, type Validity } from './validity.js';

/** How long an entry lives, in milliseconds. */
export type Lifetime = Pick<Draft, 'ttl' | 'grace'>;

/** An entry that may be served, fresh or stale. */
export interface FoundRecord extends StoredRecord {
  /** The tag that was invalidated so that it may be served stale, if one was. */
  readonly softenedBy?: string | undefined;
}

/** Bytes that a frame has besides its payload, at most. */
const FRAME_OVERHEAD = 1_024;

/** The entries of one namespace, as texts in the store. */
export class Entries {
  constructor(
    private readonly room: ForeignRoom,
    private readonly namespace: string,
    private readonly validity: Validity,
    /** Told of a text under a key that is no entry. */
    private readonly onUnreadable: (key: string, text: unknown) => void,
  ) {}

  /** What is stored under the key, if it is valid and `now` is before the end of its grace. */
  async find(trip: Trip, key: string, now: number): Promise<FoundRecord | undefined> {
    return (await this.findMany(trip, [key], now)).get(key);
  }

  /** The same for every key; those of which there is nothing are left out. */
  async findMany(trip: Trip, keys: readonly string[], now: number): Promise<Map<string, FoundRecord>> {
    const space = trip.get(this.validity.spaceName);
    const found = new Map<string, FoundRecord>();
    const look = async (key: string): Promise<void> => {
      const [, first, second] = this.validity.placeNames(key);
      const [text, ...place] = await Promise.all([
        trip.get(this.validity.entryName(key)),
        space,
        trip.get(first),
        trip.get(second),
      ]);
      const record = text === undefined ? undefined : this.#parse(key, text);
      if (record === undefined || now >= record.head.expiresAt + record.head.grace) return;
      if (!isPlaced(record.head, place)) return;
      const invalidated = await this.validity.invalidated(trip, record.head.tags);
      if (invalidated?.stale !== false) found.set(key, { ...record, softenedBy: invalidated?.tag });
    };
    await Promise.all(keys.map(look));
    return found;
  }

  /** Why there is no fresh entry, as far as what is stored says so. */
  async absence(trip: Trip, key: string, now: number): Promise<Absence> {
    const [text, ...place] = await trip.getAll([this.validity.entryName(key), ...this.validity.placeNames(key)]);
    const record = text === undefined ? undefined : this.#parse(key, text);
    if (record === undefined) return { reason: 'absent' };
    const { head } = record;
    if (stampOf(place[0])?.id !== head.space) return { reason: 'cleared' };
    if (!isPlaced(head, place)) return { reason: 'absent' };
    const invalidated = await this.validity.invalidated(trip, head.tags);
    if (invalidated !== undefined) return { reason: 'invalidated', tag: invalidated.tag };
    return { reason: now >= head.expiresAt ? 'expired' : 'absent' };
  }

  /** Stores a new entry with these stamps. */
  async put(trip: Trip, key: string, { ttl, grace }: Lifetime, carried: Carried, payload: Payload): Promise<void> {
    const now = this.room.clock.now();
    await this.replace(
      trip,
      key,
      { createdAt: now, expiresAt: now + ttl, grace: Math.max(grace, 0), ...carried },
      payload,
    );
    this.room.events.emit('set', { namespace: this.namespace, key });
  }

  /** Stores an entry with the head as it is given. */
  async replace(trip: Trip, key: string, head: Head, payload: Payload): Promise<void> {
    const name = this.validity.entryName(key);
    const headText = headTextOf(head);
    const frame = this.room.sealer.seal(payload, this.#place(key, headText));
    const left = head.expiresAt + head.grace - this.room.clock.now();
    await trip.set(name, writeRecord(headText, frame, name), left + SLACK);
  }

  /** The serialised value; undefined where it cannot be read. */
  open(key: string, record: StoredRecord): Payload | undefined {
    return this.#reading(key, record, () => this.#open(key, record));
  }

  /** The entry as readers see it; undefined where its value cannot be read. */
  shown(key: string, record: FoundRecord): Entry | undefined {
    return this.#reading(key, record, () => {
      const value = this.room.codec.parse(this.#open(key, record));
      const { createdAt, expiresAt, grace, tags } = record.head;
      const { softenedBy: invalidatedBy } = record;
      const about = {
        value,
        tags: tags.map(([tag]) => tag),
        createdAt,
        staleUntil: expiresAt + grace,
        ttlEnd: expiresAt,
      };
      return { ...about, expiresAt: invalidatedBy === undefined ? expiresAt : -Infinity, invalidatedBy };
    });
  }

  #parse(key: string, text: unknown): StoredRecord | undefined {
    const name = this.validity.entryName(key);
    const record = readRecord(text, name, this.room.maxBytes + FRAME_OVERHEAD);
    if (record === undefined) this.#unreadable(key, text, new UnreadableError('frame', 'not an entry of this key'));
    return record;
  }

  #open(key: string, { frame, headText }: StoredRecord): Payload {
    const { format, bytes, from } = this.room.sealer.open(frame, this.#place(key, headText));
    return { format, bytes: bytes.subarray(from) };
  }

  #reading<T>(key: string, record: StoredRecord, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      return this.#unreadable(key, record.text, error);
    }
  }

  #unreadable(key: string, text: unknown, error: unknown): undefined {
    if (!(error instanceof UnreadableError)) throw error;
    const { reason, security } = error;
    this.room.events.emit('unreadable', { namespace: this.namespace, key, reason, security });
    this.onUnreadable(key, text);
  }

  /** Its head is part of the place of an encrypted value, so that nobody can alter one without the other. */
  #place(key: string, headText: string): Place {
    return { namespace: this.room.scope + this.namespace, key: headText + key };
  }
}
