import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/support/clock.js';
import { Child } from '../support/child-process.js';
import { wholeLines } from '../support/whole-lines.js';
import { apply, read, type Held, type Operation } from './child/lane.mjs';
import { random } from './child/random.mjs';
import { ENCRYPTION_KEY, FaultRoom, knob, pause } from './fault-room.js';

const ROUNDS = knob('BLOSSOM_ROUNDS', 30);
const SEED = knob('BLOSSOM_SEED', Date.now() % 1_000_000);
/** Lanes of each of the two processes. */
const LANES = [
  [0, 1, 2, 3, 4, 5, 6, 7],
  [8, 9, 10, 11, 12, 13, 14, 15],
];
const rooms: FaultRoom[] = [];

afterAll(() => Promise.all(rooms.map((room) => room.close())));

/** What one lane must hold: after all that was acknowledged, and perhaps after what was under way. */
interface Expected {
  held: Held;
  underWay: Operation | undefined;
}

/** Two processes that write, each in its lanes, and are killed, again and again. */
class Killing {
  readonly room = new FaultRoom();
  readonly lanes: Expected[] = LANES.flat().map(() => ({ held: new Map(), underWay: undefined }));
  readonly rand = random(SEED);
  readonly wrong: string[] = [];
  slowest = 0;
  acknowledged = 0;

  constructor(private readonly encryptionKey: string | undefined) {
    rooms.push(this.room);
  }

  start(round: number): Child[] {
    const { directory } = this.room;
    const { encryptionKey } = this;
    return LANES.map(
      (lanes, index) =>
        new Child('writing-lanes.mjs', {
          directory,
          encryptionKey,
          lanes,
          log: this.log(round, index),
          from: round * 1e6,
        }),
    );
  }

  async round(round: number, children: readonly Child[]): Promise<void> {
    for (const [index, child] of children.entries()) {
      await child.ready();
      const { ms, held } = await child.ask<{ ms: number; held: Record<string, string>[] }>('open');
      this.slowest = Math.max(this.slowest, ms);
      for (const [at, found] of held.entries()) this.check(LANES[index]![at]!, found);
    }
    const begun = Promise.all(children.map((child) => child.ask('run')));
    // Some are killed while their first transaction is under way.
    if (this.rand() < 0.8) await begun;
    else begun.catch(() => {});
    for (const [index, child] of children.entries()) {
      await pause(this.rand() * 80);
      await child.kill();
      this.learn(this.log(round, index));
    }
  }

  /** Reopens the directory in this process. */
  async reopen(): Promise<void> {
    const before = performance.now();
    const { encryptionKey } = this;
    const { store, happened } = this.room.open(encryptionKey === undefined ? {} : { encryptionKey });
    store.space('lane0').read('k0', systemClock.now());
    this.slowest = Math.max(this.slowest, performance.now() - before);
    for (const lane of this.lanes.keys()) this.check(lane, read(store.space(`lane${lane}`), lane, systemClock.now()));
    for (const [type, times] of Object.entries(happened('unreadable', 'setAside'))) {
      if (times > 0) this.wrong.push(`${type}, ${times} times`);
    }
    await this.room.closeStores();
  }

  private log(round: number, index: number): string {
    return join(this.room.folder, `acknowledged-${round}-${index}`);
  }

  /** What an operation under way has done is known from now on. */
  private check(lane: number, found: Record<string, string>): void {
    const expected = this.lanes[lane]!;
    const { held, underWay } = expected;
    const possible = underWay === undefined ? [held] : [held, apply(held, underWay)];
    const actual = JSON.stringify(Object.entries(found).toSorted());
    expected.underWay = undefined;
    expected.held = possible.find((held) => said(held) === actual) ?? held;
    if (said(expected.held) === actual) return;
    this.wrong.push(`lane ${lane} has ${actual}, after ${JSON.stringify(underWay)}; expected ${said(held)}`);
  }

  private learn(log: string): void {
    for (const line of wholeLines(log)) {
      const [lane, operation] = JSON.parse(line) as [number | 'event', Operation?];
      if (lane === 'event') {
        this.wrong.push(line);
        continue;
      }
      const expected = this.lanes[lane]!;
      if (operation === undefined) {
        expected.held = apply(expected.held, expected.underWay!);
        this.acknowledged += 1;
      }
      expected.underWay = operation;
    }
    rmSync(log);
  }
}

function said(held: Held): string {
  return JSON.stringify([...held].map(([key, { is }]) => [key, is]).toSorted());
}

describe.each([
  ['plain', undefined, ROUNDS],
  ['encrypted', ENCRYPTION_KEY, Math.ceil(ROUNDS / 2)],
] as const)('kill -9 at random moments, %s', (_, encryptionKey, rounds) => {
  it(
    `loses nothing that was acknowledged, in ${rounds} rounds on one directory`,
    { timeout: rounds * 2_000 },
    async () => {
      const killing = new Killing(encryptionKey);
      let next = killing.start(1);
      for (let round = 1; round <= rounds; round += 1) {
        const children = next;
        next = killing.start(round + 1);
        await killing.round(round, children);
        if (round % 5 === 0 || round === rounds) await killing.reopen();
        expect(killing.wrong, `seed ${SEED}, round ${round}`).toEqual([]);
      }
      expect(killing.acknowledged).toBeGreaterThan(rounds * 20);
      expect(killing.slowest).toBeLessThan(1_000);
      if (process.env['BLOSSOM_FIGURES'])
        console.log(killing.acknowledged, 'operations; slowest opening', killing.slowest);
    },
  );
});
