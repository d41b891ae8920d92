import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openDatabase } from '../../../lib/stores/file/schema.js';
import { findDriver } from '../../../lib/stores/file/sqlite.js';

const folder = mkdtempSync(join(tmpdir(), 'blossom-schema-'));

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('commits wait for the disk where they have to survive a loss of power, and only there', () => {
  const waits = (durability: 'process' | 'power'): unknown => {
    const options = { driver: findDriver(), durability, busyTimeout: 0, maxBytes: 1_048_576 };
    const db = openDatabase(join(folder, 'cache.sqlite'), options);
    const row = db.prepare('PRAGMA synchronous').get() as { synchronous: number };
    db.close();
    return row.synchronous;
  };
  // 1: NORMAL, at checkpoints; 2: FULL, at every commit.
  expect([waits('process'), waits('power')]).toEqual([1, 2]);
});
