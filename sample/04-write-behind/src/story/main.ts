import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheStats } from 'nestjs-blossom-cache';
import { ServedProcess } from './served-process.js';
import { table } from './table.js';
import { Traffic } from './traffic.js';

const ROUNDS = 5;
/** Milliseconds. */
const LIFE = 700;
const PATIENCE = 30_000;

const stays = process.argv.includes('--stay');
const journal = mkdtempSync(join(tmpdir(), 'write-behind-'));
process.on('exit', () => rmSync(journal, { recursive: true, force: true }));

const database = await ServedProcess.start('../database/main.js');
const start = (): Promise<ServedProcess> =>
  ServedProcess.start('../app/main.js', { DATABASE_URL: database.origin, JOURNAL_DIR: journal });
const traffic = new Traffic();

async function killAgainAndAgain(): Promise<void> {
  for (let round = 1; round <= ROUNDS; round += 1) {
    const app = await start();
    const visits = traffic.visit(app.origin);
    await sleep(LIFE * (0.5 + Math.random()));
    await app.kill();
    await visits;
    console.log(`killed ${round} of ${ROUNDS} times; ${traffic.accepted} writes accepted so far`);
  }
}

/** Until nothing waits any more. */
async function delivered(app: ServedProcess): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    const { writeBehind } = (await (await fetch(`${app.origin}/stats`)).json()) as CacheStats;
    if (Object.values(writeBehind!).every(({ depth }) => depth === 0)) return;
    await sleep(50);
  }
  throw new Error('What was left behind was not delivered in time');
}

async function select<Row>(sql: string): Promise<Row[]> {
  const body = JSON.stringify([{ sql, parameters: [] }]);
  const [rows] = (await (await fetch(database.origin, { method: 'POST', body })).json()) as [Row[]];
  return rows;
}

/** What the database holds beside what was accepted. */
async function compare(): Promise<{ rows: string[][]; kept: boolean }> {
  const pages = new Map(
    (await select<{ path: string; views: number }>('select * from page')).map((row) => [row.path, row]),
  );
  const saved = new Map(
    (await select<{ id: string; changes: number }>('select * from profile')).map((row) => [row.id, row]),
  );
  let all = true;
  const row = (what: string, accepted: number, most: number, found: number): string[] => {
    const kept = accepted <= found && found <= most;
    all &&= kept;
    return [what, String(accepted), String(most - accepted), String(found), kept ? 'yes' : 'NO'];
  };
  const rows = [
    ...[...traffic.views].map(([page, { accepted, unknown }]) =>
      row(`views of ${page}`, accepted, accepted + unknown, Number(pages.get(page)?.views ?? 0)),
    ),
    ...[...traffic.profiles].map(([id, { accepted, asked }]) =>
      row(`last change of ${id}`, accepted, asked, saved.get(id)?.changes ?? 0),
    ),
  ];
  return { rows, kept: all };
}

console.log(`\nVisitors come, and the application is killed (kill -9) in the midst of it, ${ROUNDS} times\n`);
await killAgainAndAgain();
const app = await start();
await delivered(app);
const { rows, kept } = await compare();
const writes = await (await fetch(database.origin)).json();
console.log(`\n${table(['What', 'Accepted', 'Unanswered', 'In the database', 'So?'], rows)}\n`);
console.log(`${traffic.accepted} accepted writes took ${String(writes)} transactions\n`);
if (!kept) console.error('The database does not hold what was accepted');
if (stays && kept) console.log(`Serving on ${app.origin}; stop with Ctrl+C`);
else {
  await app.stop();
  await database.stop();
  process.exitCode = kept ? 0 : 1;
}
