import { afterEach, beforeEach, expect, it } from 'vitest';
import { Child } from '../support/child-process.js';
import { FaultRoom, knob } from './fault-room.js';

interface Delays {
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly perSecond: number;
}

let room: FaultRoom;

beforeEach(() => {
  room = new FaultRoom();
});

afterEach(() => room.close());

it('three processes that write 100 kB values hold nobody’s event loop for long', { timeout: 60_000 }, async () => {
  const directory = room.directory;
  const children = await Promise.all([0, 1, 2].map((me) => new Child('delays.mjs', { directory, me }).ready()));
  const about = { ms: knob('BLOSSOM_MS', 4_000), atOnce: knob('BLOSSOM_AT_ONCE', 4) };
  const all = await Promise.all(children.map((child) => child.ask<Delays>('write', about)));
  if (process.env['BLOSSOM_FIGURES']) console.table(all);
  for (const { p999 } of all) expect(p999).toBeLessThan(100);
});
