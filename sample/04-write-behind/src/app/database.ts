import { Injectable } from '@nestjs/common';

const DATABASE_URL = process.env.DATABASE_URL!;

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** The database: a process of its own. */
@Injectable()
export class Database {
  /** All of them in one transaction. */
  async transaction(statements: readonly Statement[]): Promise<unknown[][]> {
    const answer = await fetch(DATABASE_URL, { method: 'POST', body: JSON.stringify(statements) });
    if (!answer.ok) throw new Error(`The database answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as unknown[][];
  }

  async query<Row>(sql: string, ...parameters: readonly unknown[]): Promise<Row[]> {
    const [rows] = await this.transaction([{ sql, parameters }]);
    return rows as Row[];
  }
}
