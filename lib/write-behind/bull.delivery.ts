import type { Job } from 'bullmq';
import type { BullAnnouncer, JobData } from './bull.announcer.js';
import type { BullClient } from './bull.client.js';
import { freshName, readElement, type FoundWrite, type ValueBytes } from './bull.entry.js';
import { GatheringEnded, type Gathered } from './bull.gatherer.js';
import type { WriteTracker } from './bull.tracker.js';
import type { PendingWrite, WriteObserver, WriteWorker } from './write-queue.js';

/** One job of BullMQ in a batch, and what it was handed. */
interface Handed extends Gathered<Job<JobData>> {
  readonly writes: readonly FoundWrite[];
  /** Whether it is not tried again. */
  readonly last: boolean;
}

/** What one queue's deliveries stand on. */
export interface DeliveryParts {
  readonly client: BullClient;
  readonly announcer: BullAnnouncer;
  readonly tracker: WriteTracker;
  readonly observer: WriteObserver;
  readonly values: ValueBytes;
  readonly batchSize: number;
  /** Milliseconds for which BullMQ leaves a job to a worker that gives no sign of life. */
  readonly lockDuration: number;
  readonly onError: (error: unknown) => void;
}

class UnburiedError extends Error {}

/** Milliseconds between two attempts to tell Redis, or those who take dead letters, what has been done. */
const PAUSE = 200;

/** Hands the writes of a batch of jobs to the handler, and writes down what became of them. */
export class BullDelivery {
  #closing = false;

  constructor(
    private readonly worker: WriteWorker,
    private readonly parts: DeliveryParts,
  ) {}

  /** Tries nothing again, and begins no further call. */
  close(): void {
    this.#closing = true;
  }

  /** Never rejects. */
  async deliver(jobs: readonly Gathered<Job<JobData>>[]): Promise<void> {
    try {
      const handed = await this.#take(jobs);
      for (const { done } of handed.filter(({ writes }) => writes.length === 0)) done();
      const full = handed.filter(({ writes }) => writes.length > 0);
      for (const group of groupsOf(full, this.parts.batchSize)) await this.#call(group);
    } catch (error) {
      // It is not the handler that failed: that must not count as one of the attempts.
      if (!(error instanceof GatheringEnded)) this.parts.onError(error);
      for (const { failed } of jobs) failed(new GatheringEnded());
    }
  }

  async #take(jobs: readonly Gathered<Job<JobData>>[]): Promise<Handed[]> {
    const asked = jobs.flatMap(({ item }) => [item.data.key, item.data.episode]);
    let begun: number;
    let lists: string[][];
    do {
      begun = performance.now();
      lists = await this.#insist(() => this.parts.client.run<string[][]>('take', [this.parts.batchSize, ...asked]));
      // A process that stood still meanwhile may have lost its jobs to another one, which is done with them by now.
    } while (performance.now() - begun > this.parts.lockDuration / 2);
    return jobs.map((job, at) => ({
      ...job,
      writes: lists[at]!.map((element) => readElement(element, this.parts.values)),
      last: job.item.attemptsMade + 1 >= (job.item.opts.attempts ?? 1),
    }));
  }

  async #call(group: readonly Handed[]): Promise<void> {
    if (this.#closing) throw new GatheringEnded();
    const unreadable = group.flatMap(({ writes }) => writes).find(({ error }) => error !== undefined);
    try {
      if (unreadable !== undefined) throw unreadable.error;
      await this.worker.deliver(inOrder(group));
    } catch (error) {
      await this.#failed(group, error);
      return;
    }
    await this.#settle(group);
    for (const { done } of group) done();
  }

  async #failed(group: readonly Handed[], error: unknown): Promise<void> {
    const lost = group.filter(({ last }) => last);
    const again = group.filter(({ last }) => !last);
    if (again.length > 0) this.parts.observer.retrying(inOrder(again).length, error);
    if (lost.length > 0) {
      await this.#insist(() => this.#bury(lost, error));
      await Promise.all(lost.map((job) => this.#keepInJob(job)));
      await this.#settle(lost);
    }
    for (const { failed } of group) failed(nameOnly(error));
  }

  /** Rejects where nobody took the writes over. */
  async #bury(lost: readonly Handed[], error: unknown): Promise<void> {
    if (!(await this.worker.bury(inOrder(lost), error))) throw new UnburiedError('onDeadLetter failed');
  }

  /** So that whoever looks at BullMQ's failed jobs finds what was given up. */
  async #keepInJob({ item, writes }: Handed): Promise<void> {
    const given = writes.map(({ write }) => ({
      id: write.id,
      value: write.value === undefined ? undefined : this.#base64(write),
    }));
    await item.updateData({ ...item.data, writes: given } as JobData).catch(this.parts.onError);
  }

  #base64({ value, id }: PendingWrite): string {
    return Buffer.from(this.parts.values.encode(value, id)).toString('base64');
  }

  /** Ends the episodes; what waits behind them becomes the next ones. */
  async #settle(group: readonly Handed[]): Promise<void> {
    const args = group.flatMap(({ item, writes }) => {
      const ids = writes.map(({ write }) => write.id);
      return [item.data.key, item.data.episode, freshName(), ids.length, ...ids];
    });
    const next = await this.#insist(() => this.parts.client.run<string[]>('settle', args));
    for (const { item, writes } of group)
      this.parts.tracker.settled(
        item.data.key,
        writes.map(({ write }) => write.id),
      );
    await this.parts.announcer.announce(
      group.map(({ item }, at) => ({ key: item.data.key, episode: next[at]! })).filter(({ episode }) => episode !== ''),
    );
  }

  /** Until Redis is back: a call that has been made must not count as one that failed. */
  async #insist<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        this.parts.onError(error);
        if (this.#closing) throw new GatheringEnded();
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }
}

/**
 * The calls of a batch. A job whose last attempt it is has a call for itself, so that no write is given up for what
 * another one did to the handler.
 */
function groupsOf(handed: readonly Handed[], size: number): Handed[][] {
  const alone = handed.filter(({ last, item }) => last && item.attemptsMade > 0);
  const groups: Handed[][] = [];
  let open: Handed[] = [];
  let writes = 0;
  for (const job of handed.filter((job) => !alone.includes(job))) {
    if (open.length > 0 && writes + job.writes.length > size) {
      groups.push(open);
      open = [];
      writes = 0;
    }
    open.push(job);
    writes += job.writes.length;
  }
  if (open.length > 0) groups.push(open);
  return [...groups, ...alone.map((job) => [job])];
}

/** Oldest first, and each key in its own order, whatever the clocks of those who accepted them said. */
function inOrder(group: readonly Handed[]): PendingWrite[] {
  return group
    .flatMap(({ writes }) => {
      let latest = -Infinity;
      return writes.map(({ write }) => ({ write, at: (latest = Math.max(latest, write.acceptedAt)) }));
    })
    .toSorted((one, other) => one.at - other.at)
    .map(({ write }) => write);
}

/** What BullMQ may keep of an error: messages of handlers name keys and values. */
function nameOnly(error: unknown): Error {
  const kept = new Error(`the write-behind handler threw ${error instanceof Error ? error.name : typeof error}`);
  delete kept.stack;
  return kept;
}
