import { Injectable } from '@nestjs/common';

const DATABASE_URL = process.env.DATABASE_URL!;

/** The database that all instances share: a process of its own. */
@Injectable()
export class Database {
  async query<Row>(sql: string, ...parameters: (string | number)[]): Promise<Row[]> {
    const answer = await fetch(DATABASE_URL, { method: 'POST', body: JSON.stringify({ sql, parameters }) });
    if (!answer.ok) throw new Error(`The database answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Row[];
  }
}
