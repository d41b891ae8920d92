import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisPlace } from '../../lib/stores/redis/redis-options.js';
import { Child } from '../support/child-process.js';
import { random } from '../fault/child/random.mjs';

/** What is done to the fleet now and then; resolves when it is over. */
export type Disturbance = (rand: () => number) => Promise<void> | void;

/** How a fleet is tortured. */
export interface Torture {
  /** Of the writer, then of each reader. */
  readonly places: readonly RedisPlace[];
  /** Port of the server that has the truth. */
  readonly source: number;
  readonly near: boolean;
  readonly ms: number;
  readonly seed: number;
  /** Those that come back again and again, by chance. */
  readonly disturbances: Readonly<Record<string, Disturbance>>;
  /** Milliseconds from one to the next, on average. */
  readonly every: number;
  /** Milliseconds for which what was evicted may be served while all is well. */
  readonly bound: number;
  /** The same where connections are lost or frozen. */
  readonly lost: number;
}

/** What came of it. */
export interface Figures {
  readonly changes: number;
  readonly failed: number;
  readonly reads: number;
  readonly loads: number;
  readonly disturbances: Readonly<Record<string, number>>;
  readonly violations: number;
  readonly wrong: readonly object[];
  /** Milliseconds: the oldest that was read. */
  readonly worst: { readonly calm: number; readonly disturbed: number };
}

interface Written {
  readonly acknowledged: readonly unknown[];
  readonly done: { readonly acknowledged: number; readonly failed: number };
}

interface Read {
  readonly reads: number;
  readonly stall: number;
  readonly longest: number;
  readonly loads: number;
}

interface Judgement {
  readonly violations: number;
  readonly wrong: readonly object[];
  readonly worst: { readonly calm: number; readonly disturbed: number };
}

/** Milliseconds between two changes at most. */
const PAUSE = 4;
/** Milliseconds after which a disturbance has no consequences any more. */
const AFTERMATH = 1_500;

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** One process changes what others read, and the network fails them. */
export async function torture(about: Torture): Promise<Figures> {
  const { places, source, near, ms, seed, bound, lost } = about;
  const settings = places.map((place) => ({ place, source, near }));
  const writer = new Child('../../fleet/child/writing.mjs', settings[0]);
  const readers = settings.slice(1).map((setting) => new Child('../../fleet/child/reading.mjs', setting));
  await Promise.all([writer, ...readers].map((child) => child.ready()));
  const writing = writer.ask<Written>('run', { ms, seed, pause: PAUSE });
  const reading = readers.map((reader, index) => reader.ask<Read>('run', { ms, seed: seed + 1 + index }));
  const { disturbed, counts } = await disturb(about);
  const { acknowledged, done } = await writing;
  const read = await Promise.all(reading);
  const judged = await Promise.all(
    readers.map((reader, index) => {
      // A process that is kept from running hears nothing, and what time it is it hears late.
      const later = (milliseconds: number): number => (near ? milliseconds + read[index]!.stall : milliseconds);
      // A load under way is joined while its process cannot hear of changes.
      const joined = read[index]!.longest;
      return reader.ask<Judgement>('judge', {
        acknowledged,
        disturbed,
        bound: later(bound),
        lost: later(lost) + joined,
      });
    }),
  );
  await Promise.all([writer, ...readers].map((child) => child.kill()));
  return {
    changes: done.acknowledged,
    failed: done.failed,
    reads: sum(read.map(({ reads }) => reads)),
    loads: sum(read.map(({ loads }) => loads)),
    disturbances: counts,
    violations: sum(judged.map(({ violations }) => violations)),
    wrong: judged.flatMap(({ wrong }) => wrong),
    worst: {
      calm: Math.max(...judged.map(({ worst }) => worst.calm)),
      disturbed: Math.max(...judged.map(({ worst }) => worst.disturbed)),
    },
  };
}

async function disturb({ ms, seed, every, disturbances }: Torture): Promise<{
  readonly disturbed: readonly (readonly [number, number])[];
  readonly counts: Readonly<Record<string, number>>;
}> {
  const rand = random(seed + 1_000);
  const end = now() + ms;
  const names = Object.keys(disturbances);
  const disturbed: [number, number][] = [];
  const counts: Record<string, number> = {};
  while (now() < end) {
    await sleep(rand() * 2 * every);
    if (now() > end) break;
    const name = names[Math.floor(rand() * names.length)]!;
    const from = now();
    await disturbances[name]!(rand);
    disturbed.push([from, now() + AFTERMATH]);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return { disturbed, counts };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
