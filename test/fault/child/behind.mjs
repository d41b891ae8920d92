// Writes behind, and is killed. What it was asked to write, and what was accepted, goes into a log that survives it.
import 'reflect-metadata';
import { openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { serve, settings } from './serve.mjs';

const lib = process.env.BLOSSOM_LIB;
const { BlossomCacheModule, CacheService, WriteBehindHandler } = await import(`${lib}index.js`);

const { directory, database, log, round, running, profiles } = settings;
const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite');
const db = new DatabaseSync(database);
db.exec(`PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS applied(id TEXT PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS tokens(key TEXT NOT NULL, token TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS profiles(key TEXT PRIMARY KEY, version INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS backwards(key TEXT, version INTEGER);`);
const insert = {
  id: db.prepare('INSERT OR IGNORE INTO applied VALUES (?)'),
  token: db.prepare('INSERT INTO tokens VALUES (?, ?)'),
  profile: db.prepare('INSERT INTO profiles VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET version = excluded.version'),
  backwards: db.prepare('INSERT INTO backwards SELECT ?, ? FROM profiles WHERE key = ? AND version > ?'),
};

function decorate(type, method, queue, options) {
  WriteBehindHandler(queue, options)(type.prototype, method, Object.getOwnPropertyDescriptor(type.prototype, method));
}

class Writer {
  #failures = 0;

  /** The tokens of each item once, whatever is delivered twice. */
  async tokens(items) {
    db.exec('BEGIN IMMEDIATE');
    for (const { id, key, value } of items) {
      if (insert.id.run(id).changes > 0) for (const token of value) insert.token.run(key, token);
    }
    await sleep(Math.random() * 4);
    this.#failures += 1;
    if (this.#failures % 5 === 0) {
      db.exec('ROLLBACK');
      throw new Error('deadlock detected');
    }
    db.exec('COMMIT');
    await sleep(Math.random() * 4);
  }

  /** Whatever comes, as it comes. */
  async profiles(items) {
    await sleep(Math.random() * 4);
    for (const { key, value } of items) {
      insert.backwards.run(key, value, key, value);
      insert.profile.run(key, value);
    }
    await sleep(Math.random() * 4);
    if (Math.random() < 0.1) throw new Error('connection lost');
  }
}
Injectable()(Writer);
decorate(Writer, 'tokens', 'tokens', {
  merge: (older, newer) => [...older, ...newer],
  delay: '5ms',
  batchSize: 7,
  backoff: '5ms',
});
decorate(Writer, 'profiles', 'profiles', { delay: '3ms', batchSize: 5, backoff: '5ms' });

class Root {}
Module({
  imports: [BlossomCacheModule.forRoot({ writeBehind: { journal: 'file', dir: directory, flushTimeout: '20s' } })],
  providers: [Writer],
})(Root);
const app = await NestFactory.createApplicationContext(Root, { logger: false });
const cache = app.get(CacheService);

const file = openSync(log, 'a');
const note = (what) => writeSync(file, `${JSON.stringify(what)}\n`);
let count = 0;

async function write(lane) {
  for (;;) {
    count += 1;
    const token = `${round}.${lane}.${count}`;
    const key = `k${count % 3}`;
    note({ asked: token, key });
    await cache.writeBehind('tokens', key, [token]);
    note({ accepted: token, key });
    if (Math.random() < 0.2) await sleep(Math.random() * 3);
    if (!profiles) continue;
    // One at a time for each key, so that its versions are accepted in order.
    const version = round * 1_000_000 + count;
    note({ profile: `p${lane}`, asked: version });
    await cache.writeBehind('profiles', `p${lane}`, version);
    note({ profile: `p${lane}`, accepted: version });
  }
}

serve({
  run: () => {
    for (const lane of running) void write(lane);
    return true;
  },
  close: () => app.close(),
});
