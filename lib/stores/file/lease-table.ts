import type { LeasePurpose } from '../store.js';
import type { EntryPlace } from './entry-table.js';
import { storedName } from './names.js';
import type { StampedTag } from './record.js';
import { randomId, type Statements } from './statements.js';
import type { TagTable } from './tag-table.js';

interface LeaseRow {
  readonly token: number;
  readonly deadline: number;
  /** 1 where anybody may take it over. */
  readonly yields: number;
  /** The last invalidation before it was taken. */
  readonly since: number;
  /** Its {@link StampedTag}s, as JSON. */
  readonly tags: string;
}

/**
 * The leases of all processes, one per key at most. Their deadlines are wall time: a clock that is wrong lets
 * somebody else load, and never lets a value in that must not be stored, for that takes the token.
 */
export class LeaseTable {
  /** Whether it is known that there are none. */
  #none = false;

  constructor(
    private readonly sql: Statements,
    private readonly tags: TagTable,
    /** Milliseconds for which a lease is held that is not renewed. */
    private readonly time: number,
  ) {}

  /** A transaction begins. */
  begin(): void {
    this.#none = this.sql.row('SELECT 1 FROM leases LIMIT 1') === undefined;
  }

  /** The token of a lease for which others have to wait. */
  loading(place: EntryPlace): number | undefined {
    const lease = this.#find(place);
    if (lease === undefined || lease.yields === 1 || lease.deadline <= Date.now()) return undefined;
    return this.tags.areValid(tagsOf(lease)) ? lease.token : undefined;
  }

  /** Takes the lease, whoever holds it; its token. */
  take(place: EntryPlace, tags: readonly string[], purpose: LeasePurpose): number {
    this.void(place);
    const stamped = this.tags.stamped(tags);
    const token = randomId();
    this.#none = false;
    this.sql.run(
      'INSERT INTO leases(space, key, token, deadline, yields, since, tags) VALUES (?, ?, ?, ?, ?, ?, ?)',
      place.space,
      storedName(place.key),
      token,
      Math.ceil(Date.now() + this.time),
      purpose === 'write' ? 1 : 0,
      this.tags.lastInvalidation(),
      JSON.stringify(stamped),
    );
    this.tags.link(stamped, -token);
    return token;
  }

  /** Whether the lease still holds for a value with these tags. */
  holds(place: EntryPlace, token: number, tags: readonly string[]): boolean {
    const lease = this.#find(place);
    if (lease?.token !== token) return false;
    const known = tagsOf(lease);
    const late = tags.filter((tag) => !this.tags.includes(known, tag));
    return this.tags.areValid(known) && !this.tags.anyInvalidatedSince(late, lease.since);
  }

  /** Nobody waits for it any more. */
  yield({ space, key }: EntryPlace, token: number): void {
    this.sql.run(
      'UPDATE leases SET yields = 1 WHERE space = ? AND key = ? AND token = ?',
      space,
      storedName(key),
      token,
    );
  }

  /** Ends this lease, if it has not been taken over. */
  end(place: EntryPlace, token: number): void {
    if (this.#find(place)?.token === token) this.void(place);
  }

  renew(place: EntryPlace, token: number): void {
    this.sql.run(
      'UPDATE leases SET deadline = ? WHERE space = ? AND key = ? AND token = ?',
      Math.ceil(Date.now() + this.time),
      place.space,
      storedName(place.key),
      token,
    );
  }

  /** Ends whatever lease there is on the key: something happened that the value being loaded cannot know of. */
  void(place: EntryPlace): void {
    if (this.#none) return;
    const lease = this.#find(place);
    if (lease !== undefined) this.#delete(place.space, storedName(place.key), lease);
  }

  /** Ends the leases of a namespace that was cleared. */
  clear(space: number): void {
    const rows = this.sql.rows<LeaseRow & { key: string }>('SELECT * FROM leases WHERE space = ?', space);
    for (const lease of rows) this.#delete(space, lease.key, lease);
  }

  /** Milliseconds until it is worth looking for leases to sweep; `Infinity` while there are none. */
  get untilSwept(): number {
    return this.sql.row('SELECT 1 FROM leases LIMIT 1') === undefined ? Infinity : (FORGOTTEN + 1) * this.time;
  }

  /** Whether there are leases to sweep. */
  get haveDied(): boolean {
    return this.sql.row('SELECT 1 FROM leases WHERE deadline < ? LIMIT 1', this.#dead()) !== undefined;
  }

  /** Forgets up to `most` leases whose holders have not been heard of for long. */
  sweep(most: number): void {
    const dead = this.sql.rows<LeaseRow & { space: number; key: string }>(
      'SELECT * FROM leases WHERE deadline < ? LIMIT ?',
      this.#dead(),
      most,
    );
    for (const lease of dead) this.#delete(lease.space, lease.key, lease);
  }

  #dead(): number {
    return Math.floor(Date.now() - FORGOTTEN * this.time);
  }

  #find({ space, key }: EntryPlace): LeaseRow | undefined {
    return this.sql.row<LeaseRow>('SELECT * FROM leases WHERE space = ? AND key = ?', space, storedName(key));
  }

  #delete(space: number, stored: string, lease: LeaseRow): void {
    this.sql.run('DELETE FROM leases WHERE space = ? AND key = ?', space, stored);
    this.tags.unlink(tagsOf(lease), -lease.token);
  }
}

/** Lease times after which one that was not renewed is swept. */
const FORGOTTEN = 20;

/** What it carries; a tag that nothing has where that was damaged. */
function tagsOf({ tags }: Pick<LeaseRow, 'tags'>): readonly StampedTag[] {
  try {
    return JSON.parse(tags) as StampedTag[];
  } catch {
    return [{ name: '', stamp: 0, soft: 0 }];
  }
}
