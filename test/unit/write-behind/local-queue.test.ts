import { expect, it, onTestFinished } from 'vitest';
import { Timers } from '../../../lib/cache/loading/timers.js';
import { FakeClock } from '../../../lib/testing/time/fake-clock.js';
import type { Journal } from '../../../lib/write-behind/journal.js';
import { LocalQueue } from '../../../lib/write-behind/local.queue.js';
import type { PendingWrite, QueueSettings } from '../../../lib/write-behind/write-queue.js';

const SETTINGS: QueueSettings = {
  batchSize: 10,
  delay: 100,
  attempts: 3,
  backoff: 100,
  merge: (older, newer) => `${older as string} ${newer as string}`,
  maxPending: 10,
  maxWait: 1_000,
};

interface Opened {
  readonly queue: LocalQueue;
  readonly clock: FakeClock;
  readonly delivered: unknown[][];
  /** Ids that answer reads. */
  readonly answering: Set<string>;
}

/** A queue with a journal that keeps or refuses what it is given, in this order. */
function open(outcomes: readonly ('kept' | 'refused')[]): Opened {
  const clock = new FakeClock();
  const left = [...outcomes];
  const journal: Journal = {
    lasts: true,
    put: async () => {
      if (left.shift() === 'refused') throw new Error('the disk is full');
    },
    handOut: () => {},
    remove: () => {},
    open: () => [],
    close: () => {},
  };
  const answering = new Set<string>();
  const observer = {
    accepted: ({ id }: PendingWrite) => void answering.add(id),
    settled: ({ id }: Pick<PendingWrite, 'id'>) => void answering.delete(id),
    retrying: () => {},
  };
  const timers = new Timers(clock);
  const queue = new LocalQueue({ name: 'users', settings: SETTINGS, observer, journal, clock, timers });
  const delivered: unknown[][] = [];
  queue.start({
    deliver: async (writes) => void delivered.push(writes.map(({ value }) => value)),
    bury: async () => false,
  });
  onTestFinished(() => queue.close());
  return { queue, clock, delivered, answering };
}

function write(id: string, value: string, acceptedAt: number): PendingWrite {
  const about = { key: 'k', namespace: '', located: 'k', tags: [], expiresAt: Infinity, grace: 0, acceptedAt };
  return { ...about, id, value };
}

it.each([
  [['kept', 'kept', 'kept'], [['a b c']]],
  [['refused', 'kept', 'kept'], [['a b c']]],
  [['kept', 'refused', 'refused'], [['a']]],
  [['refused', 'refused', 'kept'], [['a b c']]],
  [['refused', 'refused', 'refused'], []],
] as const)(
  'writes of one key at the same time, of which a journal has %j: delivered is %j',
  async (outcomes, expected) => {
    const { queue, clock, delivered, answering } = open(outcomes);
    const taken = await Promise.allSettled([
      queue.accept(write('1', 'a', clock.now())),
      queue.accept(write('2', 'b', clock.now())),
      queue.accept(write('3', 'c', clock.now())),
    ]);
    expect(taken.map(({ status }) => (status === 'fulfilled' ? 'kept' : 'refused'))).toEqual(outcomes);
    expect(answering.size).toBe(expected.length);
    await clock.pass(1_000);
    expect(delivered).toEqual(expected);
    expect([queue.measure().depth, answering.size]).toEqual([0, 0]);
  },
);
