import type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite.js';

/** The statements of one connection, each prepared once. */
export class Statements {
  readonly #prepared = new Map<string, SqliteStatement>();

  constructor(readonly db: SqliteDatabase) {}

  /** The first row, or undefined. */
  row<R>(sql: string, ...parameters: SqliteValue[]): R | undefined {
    return (this.#of(sql).get(...parameters) ?? undefined) as R | undefined;
  }

  rows<R>(sql: string, ...parameters: SqliteValue[]): R[] {
    return this.#of(sql).all(...parameters) as R[];
  }

  /** How many rows were changed. */
  run(sql: string, ...parameters: SqliteValue[]): number {
    return Number(this.#of(sql).run(...parameters).changes);
  }

  /** The id of the row that was inserted. */
  insert(sql: string, ...parameters: SqliteValue[]): number {
    return Number(this.#of(sql).run(...parameters).lastInsertRowid);
  }

  #of(sql: string): SqliteStatement {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) this.#prepared.set(sql, (statement = this.db.prepare(sql)));
    return statement;
  }
}

/** A number that nobody else comes up with, for what must never be taken for something else of its kind. */
export function randomId(): number {
  return 1 + Math.floor(Math.random() * 0xffff_ffff_ffff);
}
