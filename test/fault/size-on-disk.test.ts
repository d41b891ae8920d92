import { statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Child } from '../support/child-process.js';
import { databaseIn, FaultRoom } from './fault-room.js';

const MEGABYTE = 1_048_576;

let room: FaultRoom;

beforeEach(() => {
  room = new FaultRoom();
});

afterEach(() => room.close());

/** Bytes on disk: of the database, its log and the log's index. */
function onDisk(): number {
  return ['', '-wal', '-shm']
    .map((suffix) => statSync(databaseIn(room.directory) + suffix, { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

/** The most that is on disk while something goes on. */
async function peakDuring(work: Promise<unknown>): Promise<number> {
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, onDisk())), 3);
  try {
    await work;
  } finally {
    clearInterval(timer);
  }
  return Math.max(peak, onDisk());
}

function allowed(limit: number): number {
  return limit + Math.max(limit / 10, 8 * MEGABYTE);
}

async function start(count: number, maxBytes: number): Promise<Child[]> {
  const children = Array.from(
    { length: count },
    (_, me) => new Child('busy.mjs', { directory: room.directory, me, options: { maxBytes } }),
  );
  return Promise.all(children.map((child) => child.ready()));
}

describe('what is on disk', () => {
  it.each([
    { processes: 1, megabytes: 4, size: 1_000, written: 30 },
    { processes: 1, megabytes: 4, size: 100_000, written: 100 },
    { processes: 1, megabytes: 24, size: 1_000, written: 30 },
    { processes: 1, megabytes: 24, size: 100_000, written: 150 },
    { processes: 2, megabytes: 4, size: 100_000, written: 100 },
    { processes: 2, megabytes: 24, size: 1_000, written: 30 },
    { processes: 2, megabytes: 24, size: 100_000, written: 150 },
  ])(
    'stays within $megabytes MB while $processes write $written MB in values of $size bytes',
    { timeout: 60_000 },
    async ({ processes, megabytes, size, written }) => {
      const limit = megabytes * MEGABYTE;
      const children = await start(processes, limit);
      const about = { bytes: (written * 1e6) / processes, size, keys: 1e9 };
      const began = performance.now();
      const peak = await peakDuring(Promise.all(children.map((child) => child.ask('write', about))));
      if (process.env['BLOSSOM_FIGURES']) {
        const [seconds, most] = [(performance.now() - began) / 1_000, (peak / MEGABYTE).toFixed(1)];
        console.log(`${processes} × ${size} bytes, limit ${megabytes} MB: ${most} MB on disk, ${seconds.toFixed(1)} s`);
      }
      expect(peak).toBeLessThanOrEqual(allowed(limit));
      // The room there is, is used.
      expect(onDisk()).toBeGreaterThan(limit / 2);
    },
  );

  it('is used again after a clear', { timeout: 60_000 }, async () => {
    const limit = 24 * MEGABYTE;
    const [child] = (await start(1, limit)) as [Child];
    const about = { bytes: 20e6, size: 10_000, keys: 1e9 };
    await child.ask('write', about);
    for (let round = 0; round < 5; round += 1) {
      await child.ask('clear');
      // No room is made for what is written after a clear: what was there before it is gone.
      const { evicted } = await child.ask<{ evicted: number }>('write', about);
      expect(evicted).toBe(0);
      expect(onDisk()).toBeLessThanOrEqual(allowed(limit));
    }
  });
});
