import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { serve, settings } from './serve.mjs';

const { BullQueue } = await import(`${process.env.BLOSSOM_LIB}write-behind/bull.queue.js`);
const { findDriver, openSqlite } = await import(`${process.env.BLOSSOM_LIB}stores/file/sqlite.js`);
const { port, name, database, lockDuration, log, failing = 0, flavour } = settings;

const db = openSqlite(findDriver(), database);
db.exec('PRAGMA busy_timeout = 10000');
const settled = [];
const queue = await BullQueue.open({
  name,
  settings: { connection: { host: '127.0.0.1', port } },
  encode: serialize,
  decode: deserialize,
  queue: {
    batchSize: 5,
    delay: 2,
    attempts: 1_000_000,
    backoff: 5,
    merge: flavour === 'sum' ? (older, newer) => older + newer : (_, newer) => newer,
    maxPending: 10_000,
    maxWait: 60_000,
  },
  observer: { accepted: () => {}, settled: ({ id }) => settled.push(id), retrying: () => {} },
  lockDuration,
});

queue.start({ deliver, bury: async () => true });

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Each write once, by its id, in one transaction; sometimes in vain, before or after. */
async function deliver(writes) {
  await pause(Math.random() * 10);
  if (Math.random() < failing) throw new Error('down');
  db.exec('BEGIN IMMEDIATE');
  for (const { id, key, value } of writes) {
    if (db.prepare('INSERT OR IGNORE INTO done (id) VALUES (?)').run(id).changes === 0) continue;
    if (flavour === 'sum') {
      db.prepare('INSERT INTO sums VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = value + excluded.value').run(
        key,
        value,
      );
    } else db.prepare('INSERT INTO history (key, value) VALUES (?, ?)').run(key, value);
  }
  db.exec('COMMIT');
  await pause(Math.random() * 10);
  if (Math.random() < failing) throw new Error('down after all');
}

let counter = 0;

serve({
  /** Accepts for keys of its own until it is killed, and notes before and after. */
  async accepting({ keys, from }) {
    counter = from;
    for (;;) {
      const value = flavour === 'sum' ? 1 : (counter += 1);
      const key = keys[Math.floor(Math.random() * keys.length)];
      appendFileSync(log, `? ${key} ${value}\n`);
      await queue.accept({
        id: randomUUID(),
        key,
        namespace: 'n',
        located: key,
        value,
        tags: [],
        expiresAt: Infinity,
        grace: 0,
        acceptedAt: Date.now(),
      });
      appendFileSync(log, `+ ${key} ${value}\n`);
    }
  },
});
