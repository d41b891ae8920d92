import { storedName } from './names.js';
import type { StampedTag } from './record.js';
import { randomId, type Statements } from './statements.js';

type Stamps = Pick<StampedTag, 'stamp' | 'soft'>;

/** Invalidations that are remembered for leases that may learn their tags late; beyond, all such are fenced. */
const REMEMBERED = 10_000;

/**
 * The tags in use and who carries them. What carries a tag holds the stamp that was current when it was stored;
 * invalidating deletes the tag, and whoever uses it afterwards makes a new stamp.
 */
export class TagTable {
  constructor(
    private readonly sql: Statements,
    private readonly scope: string,
  ) {}

  /** The tags with their current stamps. */
  stamped(tags: readonly string[]): readonly StampedTag[] {
    return tags.map((tag) => {
      const name = this.scope + tag;
      return { name, ...(this.#current(name) ?? this.#create(name)) };
    });
  }

  includes(stamped: readonly StampedTag[], tag: string): boolean {
    return stamped.some(({ name }) => name === this.scope + tag);
  }

  /** Whether what carries them is still fresh as far as they are concerned. */
  areValid(tags: readonly StampedTag[]): boolean {
    return this.invalidated(tags) === undefined;
  }

  /** The tag that was invalidated since, and whether what carries it may be served stale; one after which it may not first. */
  invalidated(tags: readonly StampedTag[]): { readonly name: string; readonly stale: boolean } | undefined {
    let softened: string | undefined;
    for (const { name, stamp, soft } of tags) {
      const current = this.#current(name);
      if (current?.stamp !== stamp) return { name, stale: false };
      if (current.soft !== soft) softened ??= name;
    }
    return softened === undefined ? undefined : { name: softened, stale: true };
  }

  /** @param holder an entry's id, or a lease's token, negative. */
  link(tags: readonly StampedTag[], holder: number): void {
    for (const { stamp } of tags) this.sql.run('INSERT OR IGNORE INTO links VALUES (?, ?)', stamp, holder);
  }

  /** A tag that nobody carries any more is forgotten. */
  unlink(tags: readonly StampedTag[], holder: number): void {
    for (const { name, stamp } of tags) {
      this.sql.run('DELETE FROM links WHERE stamp = ? AND holder = ?', stamp, holder);
      this.sql.run(
        'DELETE FROM tags WHERE name = ? AND stamp = ? AND NOT EXISTS (SELECT 1 FROM links WHERE stamp = ?)',
        storedName(name),
        stamp,
        stamp,
      );
    }
  }

  invalidate(tag: string, allowStale: boolean): void {
    const name = this.scope + tag;
    if (allowStale) this.sql.run('UPDATE tags SET soft = ? WHERE name = ?', randomId(), storedName(name));
    else this.#end(name);
    if (this.sql.row('SELECT 1 FROM leases LIMIT 1') === undefined) return;
    const seq = this.sql.insert('INSERT INTO invalidations(name) VALUES (?)', storedName(name));
    this.sql.run('DELETE FROM invalidations WHERE seq <= ?', seq - REMEMBERED);
  }

  /** Counts the invalidations that were remembered. */
  lastInvalidation(): number {
    return this.sql.row<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'invalidations'")?.seq ?? 0;
  }

  /** Whether one of the tags was invalidated after `since`, or that is not known any more. */
  anyInvalidatedSince(tags: readonly string[], since: number): boolean {
    if (tags.length === 0 || this.lastInvalidation() === since) return false;
    const oldest = this.sql.row<{ seq: number | null }>('SELECT min(seq) AS seq FROM invalidations')!.seq;
    if (oldest === null || oldest > since + 1) return true;
    return tags.some(
      (tag) =>
        this.sql.row(
          'SELECT 1 FROM invalidations WHERE seq > ? AND name = ? LIMIT 1',
          since,
          storedName(this.scope + tag),
        ) !== undefined,
    );
  }

  /** Whether invalidations are remembered that concern nobody any more. */
  get areToBeForgotten(): boolean {
    return (
      this.sql.row('SELECT 1 FROM invalidations LIMIT 1') !== undefined &&
      this.sql.row('SELECT 1 FROM leases LIMIT 1') === undefined
    );
  }

  /** Forgets what was invalidated once nobody is left whom it concerns. */
  forget(): void {
    if (this.sql.row('SELECT 1 FROM leases LIMIT 1') === undefined) this.sql.run('DELETE FROM invalidations');
  }

  #end(name: string): void {
    const current = this.#current(name);
    if (current === undefined) return;
    this.sql.run('DELETE FROM tags WHERE name = ?', storedName(name));
    this.sql.run('INSERT INTO garbage VALUES (1, ?)', current.stamp);
  }

  #current(name: string): Stamps | undefined {
    return this.sql.row<Stamps>('SELECT stamp, soft FROM tags WHERE name = ?', storedName(name));
  }

  #create(name: string): Stamps {
    const stamps = { stamp: randomId(), soft: 0 };
    this.sql.run('INSERT INTO tags VALUES (?, ?, ?)', storedName(name), stamps.stamp, stamps.soft);
    return stamps;
  }
}
