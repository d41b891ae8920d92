import { DamagedDatabaseError } from './schema.js';
import { randomId, type Statements } from './statements.js';

/** The namespaces, and how much each holds. */
export class SpaceTable {
  /** Ids by name, as long as no other transaction can have changed them. */
  readonly #ids = new Map<string, number>();
  readonly #changes = new Map<number, { entries: number; bytes: number }>();

  constructor(
    private readonly sql: Statements,
    private readonly scope: string,
  ) {}

  /** A transaction begins. */
  begin(): void {
    this.#ids.clear();
    this.#changes.clear();
  }

  /** The id of a namespace; undefined while nothing is in it. Within a transaction it is looked up once. */
  find(space: string): number | undefined {
    const name = this.scope + space;
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.lookUp(space);
    if (id !== undefined) this.#ids.set(name, id);
    return id;
  }

  /** As `find`, outside of a transaction. */
  lookUp(space: string): number | undefined {
    const id = this.sql.row<{ id: number }>('SELECT id FROM spaces WHERE name = ?', this.scope + space)?.id;
    if (id === undefined || Number.isSafeInteger(id)) return id;
    throw new DamagedDatabaseError('a namespace has no number');
  }

  findOrCreate(space: string): number {
    const found = this.find(space);
    if (found !== undefined) return found;
    const name = this.scope + space;
    const id = randomId();
    this.sql.run('INSERT INTO spaces VALUES (?, ?, ?, 0, 0)', name, id, this.scope);
    this.#ids.set(name, id);
    return id;
  }

  /** Makes everything in the namespace void: what is stored from now on belongs to another id. */
  clear(space: string): void {
    const id = this.find(space);
    if (id === undefined) return;
    this.sql.run('DELETE FROM spaces WHERE id = ?', id);
    this.sql.run('INSERT INTO garbage VALUES (0, ?)', id);
    this.#ids.delete(this.scope + space);
  }

  /** The name, with its scope; undefined where the namespace was cleared. */
  nameOf(id: number): string | undefined {
    return this.sql.row<{ name: string }>('SELECT name FROM spaces WHERE id = ?', id)?.name;
  }

  count(id: number, entries: number, bytes: number): void {
    const change = this.#changes.get(id);
    if (change === undefined) this.#changes.set(id, { entries, bytes });
    else {
      change.entries += entries;
      change.bytes += bytes;
    }
  }

  /** Writes down what was counted since the transaction began. */
  settle(): void {
    for (const [id, { entries, bytes }] of this.#changes) {
      if (entries === 0 && bytes === 0) continue;
      this.sql.run('UPDATE spaces SET entries = entries + ?, bytes = bytes + ? WHERE id = ?', entries, bytes, id);
    }
    this.#changes.clear();
  }

  measure(): { size: number; bytes: number } {
    return this.sql.row(
      'SELECT total(entries) AS size, total(bytes) AS bytes FROM spaces WHERE scope = ?',
      this.scope,
    )!;
  }
}
