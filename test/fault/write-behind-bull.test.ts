import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findDriver, openSqlite } from '../../lib/stores/file/sqlite.js';
import { Child, killAll } from '../support/child-process.js';
import { eventually } from '../support/redis/eventually.js';
import { RedisServer } from '../support/redis/redis-server.js';
import { wholeLines } from '../support/whole-lines.js';
import { BullRig, type Node } from '../unit/write-behind/bull-rig.js';
import { random } from './child/random.mjs';
import { knob, pause } from './fault-room.js';

const ROUNDS = knob('BLOSSOM_ROUNDS', 10);
const SEED = knob('BLOSSOM_SEED', Date.now() % 1_000_000);
/** Milliseconds after which what a killed worker had goes to another one. */
const LOCK = 400;
const KEYS = Array.from({ length: 8 }, (_, i) => `k${i}`);

type Flavour = 'sum' | 'newest';

let server: RedisServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'blossom-bull-'));
  server = await RedisServer.start();
});
afterAll(async () => {
  await killAll();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A database, a queue, and the processes that deliver from one to the other. */
class Stage {
  readonly rig = new BullRig(server);
  readonly path = join(folder, `${this.rig.name}.db`);
  readonly db = openSqlite(findDriver(), this.path);
  #logs = 0;

  constructor(readonly flavour: Flavour) {
    this.db.exec('PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 10000');
    this.db.exec('CREATE TABLE done (id TEXT PRIMARY KEY)');
    this.db.exec('CREATE TABLE sums (key TEXT PRIMARY KEY, value INTEGER)');
    this.db.exec('CREATE TABLE history (at INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT, value INTEGER)');
  }

  /** The process of the test: it only accepts. */
  accepting(): Promise<Node> {
    const merge = this.flavour === 'sum' ? add : (_: unknown, newer: unknown): unknown => newer;
    return this.rig.node({ delivers: false, merge, attempts: 1_000_000, backoff: 5 });
  }

  worker(failing = 0.1): { child: Child; log: string } {
    const log = join(folder, `log-${this.rig.name}-${(this.#logs += 1)}`);
    const { path: database, flavour } = this;
    const { name } = this.rig;
    const settings = { port: server.port, name, database, flavour, lockDuration: LOCK, log, failing };
    return { child: new Child('write-behind-bull.mjs', settings), log };
  }

  sums(): Record<string, number> {
    const rows = this.db.prepare('SELECT key, value FROM sums').all() as { key: string; value: number }[];
    return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
  }

  /** What was written of one key, in the order in which it was. */
  history(key: string): number[] {
    const rows = this.db.prepare('SELECT value FROM history WHERE key = ? ORDER BY at').all(key);
    return (rows as { value: number }[]).map(({ value }) => value);
  }

  async close(): Promise<void> {
    await killAll();
    await this.rig.close();
    this.db.close();
  }
}

function add(older: unknown, newer: unknown): number {
  return (older as number) + (newer as number);
}

async function emptied(node: Node): Promise<void> {
  await eventually('nothing waits', async () => (await node.queue.measure()).depth === 0, 30_000);
}

describe('kill -9 of workers in the middle of batches', () => {
  it(`counts exactly what was accepted, in ${ROUNDS} rounds`, { timeout: 60_000 + ROUNDS * 4_000 }, async () => {
    const stage = new Stage('sum');
    const rand = random(SEED);
    const node = await stage.accepting();
    const expected: Record<string, number> = {};
    let workers = [stage.worker(), stage.worker()];
    await Promise.all(workers.map(({ child }) => child.ready()));
    for (let round = 1; round <= ROUNDS; round += 1) {
      const next = stage.worker();
      const until = performance.now() + 100 + rand() * 200;
      while (performance.now() < until) {
        await Promise.all(
          KEYS.map(async (key) => {
            await pause(rand() * 8);
            const by = Math.ceil(rand() * 5);
            await node.accept(key, by);
            expected[key] = (expected[key] ?? 0) + by;
          }),
        );
      }
      await workers[0]!.child.kill();
      await next.child.ready();
      workers = [workers[1]!, next];
    }
    await emptied(node);
    expect(stage.sums(), `seed ${SEED}`).toEqual(expected);
    await eventually('all told', () => node.settled.length > 0);
    await node.queue.flush();
    await stage.close();
  });
});

describe('kill -9 of processes that accept and deliver', () => {
  it.each(['newest', 'sum'] as const)(
    `brings all that was accepted to the database, in order per key (%s, ${ROUNDS} rounds)`,
    { timeout: 60_000 + ROUNDS * 4_000 },
    async (flavour) => {
      const stage = new Stage(flavour);
      const rand = random(SEED);
      const node = await stage.accepting();
      const halves = [KEYS.slice(0, 4), KEYS.slice(4)];
      const logs: string[] = [];
      const begin = (): { child: Child; log: string } => {
        const worker = stage.worker();
        logs.push(worker.log);
        return worker;
      };
      let next = [begin(), begin()];
      for (let round = 1; round <= ROUNDS; round += 1) {
        const workers = next;
        for (const [half, { child }] of workers.entries()) {
          await child.ready();
          child.ask('accepting', { keys: halves[half], from: round * 1e6 }).catch(() => {});
        }
        if (round < ROUNDS) next = [begin(), begin()];
        for (const { child } of workers) {
          await pause(50 + rand() * 150);
          await child.kill();
        }
      }
      const last = stage.worker(0);
      await last.child.ready();
      await emptied(node);
      const { asked, accepted } = accounts(logs);
      expect(accepted.length).toBeGreaterThan(ROUNDS * 10);
      for (const key of KEYS) {
        const of = (writes: readonly Logged[]): number[] =>
          writes.filter((write) => write.key === key).map(({ value }) => value);
        if (flavour === 'sum') {
          expect(stage.sums()[key], `seed ${SEED}`).toBeGreaterThanOrEqual(of(accepted).length);
          expect(stage.sums()[key], `seed ${SEED}`).toBeLessThanOrEqual(of(asked).length);
        } else {
          const history = stage.history(key);
          expect(history, `seed ${SEED}`).toEqual(history.toSorted((one, other) => one - other));
          expect(new Set(history).size).toBe(history.length);
          expect(history.at(-1), `seed ${SEED}`).toBeGreaterThanOrEqual(Math.max(...of(accepted)));
        }
      }
      await stage.close();
    },
  );
});

interface Logged {
  readonly key: string;
  readonly value: number;
}

/** What was to be accepted, and what was. */
function accounts(logs: readonly string[]): { asked: Logged[]; accepted: Logged[] } {
  const asked: Logged[] = [];
  const accepted: Logged[] = [];
  for (const log of logs) {
    for (const line of wholeLines(log)) {
      const [kind, key = '', value] = line.split(' ');
      (kind === '+' ? accepted : asked).push({ key, value: Number(value) });
    }
  }
  return { asked, accepted };
}
