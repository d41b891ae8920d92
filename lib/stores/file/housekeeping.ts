import type { Notice } from './commands.js';
import type { EntryTable } from './entry-table.js';
import type { LeaseTable } from './lease-table.js';
import { PAGE } from './schema.js';
import type { Statements } from './statements.js';
import type { TagTable } from './tag-table.js';

/** Entries deleted in one transaction at most. */
const STEP = 128;
/** Free pages beyond which some are given back, and how many at a time. */
const FREE_PAGES = 1_024;
const VACUUM = 512;

/** What leaves by itself, in steps that each hold the database for a few milliseconds. */
export class Housekeeping {
  constructor(
    private readonly sql: Statements,
    private readonly entries: EntryTable,
    private readonly leases: LeaseTable,
    private readonly tags: TagTable,
    private readonly notify: (notice: Notice) => void,
  ) {}

  /** Whether there is something to sweep now. */
  isDue(now: number): boolean {
    return this.nextDue(now) <= now || this.leases.haveDied;
  }

  /** When it is worth looking whether there is something to sweep. */
  nextDue(now: number): number {
    if (this.sql.row('SELECT 1 FROM garbage LIMIT 1') !== undefined || this.tags.areToBeForgotten) return -Infinity;
    const next = this.sql.row<{ at: number | null }>('SELECT min(stale) AS at FROM entries WHERE stale IS NOT NULL');
    return Math.min(next?.at ?? Infinity, now + this.leases.untilSwept);
  }

  /** Deletes some of what is void or expired. */
  sweep(now: number): void {
    if (this.#sweepGarbage()) return;
    const due = this.sql.rows<{ id: number }>(
      'SELECT id FROM entries WHERE stale IS NOT NULL AND stale <= ? ORDER BY stale LIMIT ?',
      now,
      STEP,
    );
    this.#leave(
      'expired',
      due.map(({ id }) => this.entries.expire(id)),
    );
    this.leases.sweep(STEP);
    this.tags.forget();
  }

  /**
   * Deletes entries of the lowest rank until they amount to so many bytes, a transaction's worth at most; how many,
   * and the rank of the last.
   */
  evict(bytes: number): { evicted: number; rank: number } {
    const lowest = this.sql.rows<{ id: number; rank: number; size: number }>(
      'SELECT id, rank, length(head) + length(value) AS size FROM entries ORDER BY rank LIMIT ?',
      STEP,
    );
    let freed = 0;
    const victims = lowest.filter(({ size }) => {
      const needed = freed < bytes;
      freed += size;
      return needed;
    });
    this.#leave(
      'evicted',
      victims.map(({ id }) => this.entries.drop(id)),
    );
    return { evicted: victims.length, rank: victims.at(-1)?.rank ?? 0 };
  }

  /** Bytes of the pages in use. */
  usedBytes(): number {
    return (this.#pages - this.#freePages) * PAGE;
  }

  /** Whether so much is free that some of it is to be given back to the file system. */
  get isSpacious(): boolean {
    return this.#freePages > Math.max(FREE_PAGES, this.#pages / 8);
  }

  /** Gives some of the free pages back. Not within a transaction. */
  vacuum(): void {
    if (this.isSpacious) this.sql.db.exec(`PRAGMA incremental_vacuum(${VACUUM})`);
  }

  get #pages(): number {
    return this.sql.row<{ page_count: number }>('PRAGMA page_count')!.page_count;
  }

  get #freePages(): number {
    return this.sql.row<{ freelist_count: number }>('PRAGMA freelist_count')!.freelist_count;
  }

  #leave(cause: 'expired' | 'evicted', left: readonly (readonly [space: string, key: string] | undefined)[]): void {
    const entries = left.filter((entry) => entry !== undefined);
    if (entries.length > 0) this.notify({ kind: 'left', cause, entries });
  }

  #sweepGarbage(): boolean {
    const next = this.sql.row<{ kind: number; id: number }>('SELECT kind, id FROM garbage LIMIT 1');
    if (next === undefined) return false;
    const left = next.kind === 0 ? this.#sweepSpace(next.id) : this.#sweepStamp(next.id);
    if (left === 0) this.sql.run('DELETE FROM garbage WHERE kind = ? AND id = ?', next.kind, next.id);
    return true;
  }

  #sweepSpace(space: number): number {
    const rows = this.sql.rows<{ id: number }>('SELECT id FROM entries WHERE space = ? LIMIT ?', space, STEP);
    for (const { id } of rows) this.entries.drop(id);
    if (rows.length === 0) this.leases.clear(space);
    return rows.length;
  }

  #sweepStamp(stamp: number): number {
    const holders = this.sql.rows<{ holder: number }>('SELECT holder FROM links WHERE stamp = ? LIMIT ?', stamp, STEP);
    for (const { holder } of holders) {
      if (holder > 0) this.entries.drop(holder);
      this.sql.run('DELETE FROM links WHERE stamp = ? AND holder = ?', stamp, holder);
    }
    return holders.length;
  }
}
