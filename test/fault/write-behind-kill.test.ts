import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Random } from '../../lib/testing/random.js';
import { findDriver, openSqlite } from '../../lib/stores/file/sqlite.js';
import { Child, killAll } from '../support/child-process.js';
import { wholeLines } from '../support/whole-lines.js';
import { knob } from './fault-room.js';

const ROUNDS = knob('BLOSSOM_ROUNDS', 8);
const SEED = knob('BLOSSOM_SEED', Date.now() % 1_000_000);
const hasSqlite = findDriver() === 'node:sqlite';
const folders: string[] = [];

afterEach(async () => {
  await killAll();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Line {
  readonly key?: string;
  readonly profile?: string;
  readonly asked?: string | number;
  readonly accepted?: string | number;
}

/** What a process noted before it was killed. */
function linesOf(log: string): Line[] {
  return wholeLines(log).map((line) => JSON.parse(line) as Line);
}

/** Processes with one journal directory and one database, killed again and again. */
class Killing {
  readonly folder = mkdtempSync(join(tmpdir(), 'behind-'));
  readonly random = new Random(SEED);
  readonly logs: string[] = [];

  constructor(private readonly processes: number) {
    folders.push(this.folder);
  }

  get database(): string {
    return join(this.folder, 'source.sqlite');
  }

  start(round: number, place: number): Child {
    const log = join(this.folder, `${round}-${place}.jsonl`);
    this.logs.push(log);
    return new Child('behind.mjs', {
      directory: join(this.folder, 'journal'),
      database: this.database,
      log,
      round: round * 2 + place,
      // What one process has left behind another one may deliver: it knows nothing of what comes after it elsewhere.
      profiles: this.processes === 1,
      running: [0, 1, 2, 3].map((lane) => place * 4 + lane),
    });
  }

  async round(round: number): Promise<void> {
    const children = Array.from({ length: this.processes }, (_, place) => this.start(round, place));
    for (const child of children) {
      await child.ready();
      await child.ask('run');
    }
    for (const child of children) {
      await sleep(this.random.integer(1, 300));
      await child.kill();
    }
  }

  /** Starts once more, and lets everything that was left behind be delivered. */
  async finish(): Promise<void> {
    const child = this.start(ROUNDS, 0);
    await child.ready();
    await child.ask('close');
    await child.kill();
  }

  /** What was asked for, and what of it was accepted. */
  get lines(): Line[] {
    return this.logs.flatMap(linesOf);
  }
}

describe.each([1, 2])(
  `write-behind with a journal in files in %d processes, killed ${ROUNDS} times (seed ${SEED})`,
  { timeout: ROUNDS * 4_000 + 60_000 },
  (processes) => {
    it.skipIf(!hasSqlite)(
      'loses nothing that was accepted, does nothing twice, and keeps the order of each key',
      async () => {
        const killing = new Killing(processes);
        for (let round = 0; round < ROUNDS; round += 1) await killing.round(round);
        await killing.finish();
        const db = openSqlite(findDriver(), killing.database);
        const all = <T>(sql: string): T[] => db.prepare(sql).all() as T[];
        const tokens = all<{ token: string }>('SELECT token FROM tokens').map(({ token }) => token);
        const { lines } = killing;
        const accepted = lines.flatMap((line) =>
          line.key !== undefined && line.accepted !== undefined ? [line.accepted] : [],
        );
        const asked = new Set(
          lines.flatMap((line) => (line.key !== undefined && line.asked !== undefined ? [line.asked] : [])),
        );
        expect(accepted.length).toBeGreaterThan(ROUNDS * 3);
        expect(new Set(tokens).size).toBe(tokens.length);
        const there = new Set<string | number>(tokens);
        expect(accepted.filter((token) => !there.has(token))).toEqual([]);
        expect(tokens.filter((token) => !asked.has(token))).toEqual([]);
        const newest = new Map<string, number>();
        for (const { profile, accepted: version } of lines) {
          if (profile !== undefined && version !== undefined)
            newest.set(profile, Math.max(newest.get(profile) ?? 0, Number(version)));
        }
        for (const { key, version } of all<{ key: string; version: number }>('SELECT key, version FROM profiles')) {
          expect(version).toBeGreaterThanOrEqual(newest.get(key)!);
          newest.delete(key);
        }
        expect([...newest.keys()]).toEqual([]);
        expect(all('SELECT * FROM backwards')).toEqual([]);
        db.close();
        if (process.env['BLOSSOM_FIGURES'] !== undefined) console.log(`${accepted.length} writes accepted`);
      },
    );
  },
);
