import type { RawEntry, Stored, Terms } from './commands.js';
import { storedName } from './names.js';
import { readHead, sumOf, writeHead, type Head } from './record.js';
import { DamagedDatabaseError } from './schema.js';
import type { SpaceTable } from './space-table.js';
import type { Standings, Use } from './standings.js';
import { randomId, type Statements } from './statements.js';
import type { TagTable } from './tag-table.js';

/** Where an entry lives: the id of its namespace, and its key as the caller names it. */
export interface EntryPlace {
  readonly space: number;
  readonly key: string;
}

/** A row without its value. */
interface Row {
  readonly id: number;
  readonly head: Uint8Array;
  /** Bytes of the value. */
  readonly size: number;
}

/** An entry that was found under its key. */
export interface Held extends Row {
  readonly about: Head;
}

/** What is the same for all commands of a transaction. */
export interface Moment extends Use {
  /** Milliseconds of the cache's clock. */
  readonly now: number;
}

/**
 * The entries of all namespaces. All methods run within a transaction.
 * @throws {DamagedDatabaseError} where what is found is not what was stored: a miss for now could be a stale answer later.
 */
export class EntryTable {
  moment: Moment = { now: 0, tick: 0, age: 0 };
  #ended: (readonly [space: string, key: string])[] = [];

  constructor(
    private readonly sql: Statements,
    private readonly spaces: SpaceTable,
    private readonly tags: TagTable,
    private readonly standings: Standings,
    /** Bytes of a value at most. */
    private readonly maxValue: number,
  ) {}

  /** The entry if it has not expired and no tag of it was invalidated. */
  fresh(place: EntryPlace): Held | undefined {
    const held = this.#find(place);
    if (held === undefined || this.moment.now >= held.about.expiresAt) return undefined;
    return this.tags.areValid(held.about.tags) ? held : undefined;
  }

  raw({ space }: EntryPlace, { id, head }: Held): RawEntry {
    const { value } = this.sql.row<{ value: Uint8Array }>('SELECT value FROM entries WHERE id = ?', id)!;
    return { id, space, head, value };
  }

  put(place: EntryPlace, value: Uint8Array, terms: Terms): Stored {
    const existing = this.#leaving(place);
    if (terms.ttl <= 0 || value.length > this.maxValue) {
      if (existing !== undefined) this.#remove(place, existing);
      return terms.ttl <= 0 ? 'not stored' : 'refused';
    }
    const { now } = this.moment;
    this.#store(place, existing, value, {
      createdAt: now,
      expiresAt: now + terms.ttl,
      grace: terms.grace,
      tags: this.tags.stamped(terms.tags),
    });
    return 'stored';
  }

  /** Another value in the place of a fresh one, with the same end and tags. */
  replaceValue(place: EntryPlace, held: Held, value: Uint8Array): void {
    this.#store(place, held, value, held.about);
  }

  /** Another end, counted from now. */
  reschedule(place: EntryPlace, held: Held, ttl: number): void {
    const { value } = this.raw(place, held);
    this.#store(place, held, value, { ...held.about, expiresAt: this.moment.now + ttl });
  }

  /** Removes whatever is stored for the key. */
  remove(place: EntryPlace): void {
    const held = this.#leaving(place);
    if (held !== undefined) this.#remove(place, held);
  }

  /** Removes the entry with this head. */
  discard(place: EntryPlace, head: Uint8Array): void {
    const held = this.#find(place);
    if (held !== undefined && Buffer.compare(held.head, head) === 0) this.#remove(place, held);
  }

  /** Removes an entry whose time seems to be over; where it is not yet, says when. */
  expire(id: number): readonly [space: string, key: string] | undefined {
    const row = this.sql.row<{ space: number; key: string; head: Uint8Array }>(
      'SELECT space, key, head FROM entries WHERE id = ?',
      id,
    );
    const about = row === undefined ? undefined : readHead(row.head, row);
    const end = about === undefined ? -Infinity : about.expiresAt + about.grace;
    if (this.moment.now >= end) return this.drop(id);
    this.sql.run('UPDATE entries SET stale = ? WHERE id = ?', end, id);
    return undefined;
  }

  /** Removes an entry that leaves by itself; its namespace, with its scope, and key where anybody may want to know. */
  drop(id: number): readonly [space: string, key: string] | undefined {
    const row = this.sql.row<Row & { space: number; key: string; name: string | null }>(
      'SELECT id, head, length(value) AS size, space, key, name FROM entries WHERE id = ?',
      id,
    );
    if (row === undefined) return undefined;
    this.#delete(row.space, row.key, row);
    const space = this.spaces.nameOf(row.space);
    return space === undefined ? undefined : [space, row.name ?? row.key.slice(1)];
  }

  /** The entries that had ended when something else was put in their place, or they were removed; tells of each once. */
  takeEnded(): readonly (readonly [space: string, key: string])[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  /** What is there and is to leave; notes if it has ended, which nobody else will find. */
  #leaving(place: EntryPlace): Held | undefined {
    const held = this.#find(place);
    if (held === undefined || this.moment.now < held.about.expiresAt + held.about.grace) return held;
    const space = this.tags.invalidated(held.about.tags)?.stale === false ? undefined : this.spaces.nameOf(place.space);
    if (space !== undefined) this.#ended.push([space, place.key]);
    return held;
  }

  #find({ space, key }: EntryPlace): Held | undefined {
    const stored = storedName(key);
    const row = this.sql.row<Row>(
      'SELECT id, head, length(value) AS size FROM entries WHERE space = ? AND key = ?',
      space,
      stored,
    );
    if (row === undefined) return undefined;
    const about = readHead(row.head, { space, key: stored });
    if (about === undefined) throw new DamagedDatabaseError('an entry is not what was stored');
    return { ...row, about };
  }

  /** Makes sure that a key leads to this entry, or to none, now that it was changed. */
  #check(space: number, stored: string, id: number | undefined): void {
    const found = this.sql.row<{ id: number }>('SELECT id FROM entries WHERE space = ? AND key = ?', space, stored);
    if (found?.id !== id) throw new DamagedDatabaseError('an entry is not where it was stored');
  }

  #remove({ space, key }: EntryPlace, held: Held): void {
    const stored = storedName(key);
    this.#delete(space, stored, held);
    this.#check(space, stored, undefined);
  }

  #store(
    { space, key }: EntryPlace,
    existing: Held | undefined,
    value: Uint8Array,
    terms: Pick<Head, 'createdAt' | 'expiresAt' | 'grace' | 'tags'>,
  ): void {
    const stored = storedName(key);
    const place = { space, key: stored };
    const head = writeHead({ ...terms, version: randomId(), valueBytes: value.length, valueSum: sumOf(value) }, place);
    let id = existing?.id;
    if (id === undefined) {
      const name = stored.startsWith('#') ? key : null;
      const rank = this.standings.first(this.moment);
      id = this.sql.insert(INSERT, this.#stale(terms), head, value, rank, space, stored, name);
      this.#check(space, stored, id);
    } else {
      this.sql.run(UPDATE, this.#stale(terms), head, value, id);
      this.standings.note(id, 1, this.moment);
    }
    this.#relink(id, existing?.about.tags ?? [], terms.tags);
    const size = stored.length + head.length + value.length;
    this.spaces.count(
      space,
      existing === undefined ? 1 : 0,
      size - (existing === undefined ? 0 : sizeOf(stored, existing)),
    );
  }

  /**
   * When to look whether the entry has ended: up to 1/64 of its life early, so that storing it again soon after
   * leaves the index as it is.
   */
  #stale({ expiresAt, grace }: Pick<Head, 'expiresAt' | 'grace'>): number | null {
    const end = expiresAt + grace;
    if (end === Infinity) return null;
    const step = 2 ** Math.floor(Math.log2(Math.max((end - this.moment.now) / 64, 1)));
    return Math.floor(end / step) * step;
  }

  #relink(id: number, before: Head['tags'], after: Head['tags']): void {
    if (before.length === 0 && after.length === 0) return;
    this.tags.link(after, id);
    const kept = new Set(after.map(({ stamp }) => stamp));
    this.tags.unlink(
      before.filter(({ stamp }) => !kept.has(stamp)),
      id,
    );
  }

  #delete(space: number, stored: string, row: Row): void {
    this.sql.run('DELETE FROM entries WHERE id = ?', row.id);
    const about = readHead(row.head, { space, key: stored });
    if (about !== undefined) this.tags.unlink(about.tags, row.id);
    this.spaces.count(space, -1, -sizeOf(stored, row));
  }
}

function sizeOf(stored: string, { head, size }: Row): number {
  return stored.length + head.length + size;
}

const INSERT = 'INSERT INTO entries(stale, head, value, rank, uses, space, key, name) VALUES (?, ?, ?, ?, 1, ?, ?, ?)';
const UPDATE = 'UPDATE entries SET stale = ?, head = ?, value = ? WHERE id = ?';
