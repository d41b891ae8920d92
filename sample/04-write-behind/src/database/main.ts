import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { PGlite } from '@electric-sql/pglite';

interface Statement {
  sql: string;
  parameters: unknown[];
}

/** PostgreSQL in a process of its own. What comes in one request is one transaction; it counts those that wrote. */
const postgres = await PGlite.create();
let writes = 0;

await postgres.exec(`
  create table page (path text primary key, views bigint not null);
  create table applied (id text primary key);
  create table profile (id text primary key, name text not null, changes integer not null);
`);

async function run(statements: Statement[]): Promise<unknown[][]> {
  if (statements.some(({ sql }) => !sql.startsWith('select'))) writes += 1;
  return postgres.transaction(async (transaction) => {
    const results: unknown[][] = [];
    for (const { sql, parameters } of statements) results.push((await transaction.query(sql, parameters)).rows);
    return results;
  });
}

const server = createServer(async (request, response) => {
  try {
    const answer = request.method === 'POST' ? await run((await json(request)) as Statement[]) : writes;
    response.end(JSON.stringify(answer));
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
});
server.listen(0, '127.0.0.1', () => {
  process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on('disconnect', () => process.exit());
