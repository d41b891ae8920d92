import type { Job, Queue, QueueEvents, Worker } from 'bullmq';
import { CacheBackendError } from '../errors/cache.errors.js';
import { BullAnnouncer, dataOf, type JobData } from './bull.announcer.js';
import { BullClient, type ScriptClient } from './bull.client.js';
import { closeWithin, openConnection, type OpenConnection } from './bull.connection.js';
import { BullDelivery } from './bull.delivery.js';
import { bodyOf, digestOf, freshName, readBody, type ValueBytes } from './bull.entry.js';
import { Gatherer, GatheringEnded } from './bull.gatherer.js';
import { loadBullmq, type BullSettings } from './bull.settings.js';
import { WriteTracker } from './bull.tracker.js';
import {
  MOST_BACKOFF,
  type Merge,
  type PendingWrite,
  type QueueDepth,
  type QueueSettings,
  type WriteObserver,
  type WriteQueue,
  type WriteWorker,
} from './write-queue.js';

/** How a queue of BullMQ is used as a journal. */
export interface BullQueueOptions extends ValueBytes {
  /** Of the queue in BullMQ, without `:`. All processes that share it accept and deliver together. */
  readonly name: string;
  readonly settings: BullSettings;
  readonly observer: WriteObserver;
  readonly queue: QueueSettings;
  /** Whether this process delivers, or only accepts. Default: true. */
  readonly delivers?: boolean;
  /** Milliseconds after which `accept` gives up where Redis does not answer. Default: 5000. */
  readonly timeout?: number;
  /** Milliseconds after which the jobs of a worker that gives no sign of life go to another one. Default: 30 000. */
  readonly lockDuration?: number;
  /** Milliseconds since the epoch, on the clock of the cache. Default: the clock of the system. */
  readonly now?: () => number;
  /** Is told what fails behind the scenes, such as lost connections. Default: nobody. */
  readonly onError?: (error: unknown) => void;
}

type Answer =
  | readonly ['taken', number, episode: string]
  | readonly ['merge', number, last: string, id: string, body: string]
  | readonly ['gone' | 'late' | 'full', number];

/** Milliseconds between two looks for jobs that BullMQ was not told of, and for writes that were settled unheard. */
const SWEEP = 5_000;
/** Milliseconds after which a full queue is asked again; sooner where something was heard of it. */
const FULL = 100;
/** Milliseconds for each of BullMQ's parts to close by itself. */
const PATIENCE = 1_000;
/** Milliseconds before a job is tried again that could not be begun. */
const RETURN = 1_000;

/**
 * Writes in Redis, delivered by jobs of BullMQ: one job per key at a time, whose data is the key's digest. The job is
 * handed what waits for its key, BullMQ repeats it until it has succeeded, and gives it to another process where this
 * one dies.
 */
export class BullQueue implements WriteQueue {
  readonly #client: BullClient;
  readonly #announcer: BullAnnouncer;
  readonly #tracker: WriteTracker;
  readonly #closed = new AbortController();
  readonly #wakers = new Set<() => void>();
  readonly #lanes = new Map<string, Promise<void>>();
  #events: QueueEvents | undefined;
  #jobs: Worker<JobData> | undefined;
  #gatherer: Gatherer<Job<JobData>> | undefined;
  #delivery: BullDelivery | undefined;
  #sweeping: NodeJS.Timeout | undefined;
  #connected: ScriptClient | undefined;
  #closing: Promise<void> | undefined;
  readonly #back = (): void => void this.#look(0);

  private constructor(
    private readonly options: BullQueueOptions,
    private readonly bullmq: typeof import('bullmq'),
    private readonly connection: OpenConnection,
    private readonly queue: Queue,
  ) {
    this.#client = new BullClient(queue, options.timeout ?? 5_000);
    this.#announcer = new BullAnnouncer(queue, this.#client, options.queue.attempts, this.#failed);
    this.#tracker = new WriteTracker(options.observer, (ids) => this.#client.run('gone', ids));
    queue.on('error', this.#failed);
  }

  /**
   * Connects in the background: Redis need not be there yet.
   * @throws {CacheOptionsError} where bullmq is not installed
   */
  static async open(options: BullQueueOptions): Promise<BullQueue> {
    const bullmq = await loadBullmq();
    const connection = openConnection(options.settings.connection);
    const queue = new bullmq.Queue(options.name, { ...shared(options), connection: connection.once });
    return new BullQueue(options, bullmq, connection, queue);
  }

  async accept(write: PendingWrite): Promise<PendingWrite> {
    const key = digestOf(write);
    const arrived = this.#tracker.arriving(key);
    let accepted: PendingWrite | undefined;
    try {
      accepted = await this.#inLane(key, () => this.#accept(key, write));
      this.options.observer.accepted(accepted);
      return accepted;
    } finally {
      arrived(accepted);
    }
  }

  /** In the background: Redis need not be there yet. */
  start(worker: WriteWorker): void {
    void this.#client
      .client()
      .then((client) => this.#begin(client, worker))
      .then(() => this.#announceAll())
      .catch(this.#failed);
  }

  async flush(): Promise<void> {
    const empty = this.#tracker.empty();
    this.#gatherer?.hurry(empty);
    void this.#look(0);
    await empty;
  }

  async measure(): Promise<QueueDepth> {
    try {
      const [, depth, oldest] = await this.#client.run<[number, number, string]>('look', []);
      return { depth, lag: oldest === '' ? 0 : Math.max(0, this.#now() - Number(oldest)) };
    } catch {
      return { depth: undefined, lag: undefined };
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** One after the other per key: of two that this process accepts at once, the later one is the newer one. */
  async #inLane<T>(key: string, accept: () => Promise<T>): Promise<T> {
    const before = this.#lanes.get(key);
    const accepted = before === undefined ? accept() : before.then(accept);
    const over = accepted.then(
      () => {},
      () => {},
    );
    this.#lanes.set(key, over);
    try {
      return await accepted;
    } finally {
      if (this.#lanes.get(key) === over) this.#lanes.delete(key);
    }
  }

  async #accept(key: string, write: PendingWrite): Promise<PendingWrite> {
    const { merge } = this.options.queue;
    const token = freshName();
    const since = performance.now();
    let until = this.#client.deadline();
    let expected = merge === undefined ? 'append' : 'none';
    let pending = write;
    for (;;) {
      const answer = await this.#offer(key, token, pending, expected, until);
      if (answer[0] === 'taken') {
        if (answer[2] !== '') await this.#announcer.announce([{ key, episode: answer[2] }]);
        return pending;
      }
      if (answer[0] === 'merge') {
        const older = readBody(answer[3], answer[4], this.options);
        expected = older.error === undefined ? answer[2] : 'append';
        pending = older.error === undefined ? merged(merge!, older.write, write) : write;
      } else if (answer[0] === 'gone') {
        expected = 'none';
        pending = write;
      } else if (answer[0] === 'full') {
        await this.#room(since);
        until = this.#client.deadline();
      } else if (performance.now() >= until)
        throw new CacheBackendError('Redis answered too late for the write-behind queue', { operation: 'writeBehind' });
    }
  }

  #offer(key: string, token: string, write: PendingWrite, expected: string, until: number): Promise<Answer> {
    if (this.#closed.signal.aborted) throw closed();
    const { id, acceptedAt } = write;
    const { maxPending } = this.options.queue;
    const body = bodyOf(write, this.options);
    return this.#client.runBefore<Answer>(
      'accept',
      [key, id, token, acceptedAt, body, expected, freshName(), maxPending],
      until,
    );
  }

  /** Resolves when it is worth asking again whether the queue is full. */
  async #room(since: number): Promise<void> {
    if (this.#closed.signal.aborted) throw closed();
    if (performance.now() - since > this.options.queue.maxWait) throw full();
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, FULL);
      this.#wakers.add(wake);
    });
  }

  /** When Redis has been there once: what BullMQ begins before cannot be closed before. */
  #begin(client: ScriptClient, worker: WriteWorker): void {
    if (this.#closed.signal.aborted) return;
    this.#connected = client;
    client.on('ready', this.#back);
    if (this.options.delivers !== false) this.#work(worker);
    this.#listen();
    this.#sweeping = setInterval(() => void this.#look(), SWEEP);
    this.#sweeping.unref();
  }

  #work(worker: WriteWorker): void {
    const { observer, lockDuration = 30_000, queue } = this.options;
    const parts = {
      client: this.#client,
      announcer: this.#announcer,
      tracker: this.#tracker,
      observer,
      values: this.options,
      batchSize: queue.batchSize,
      lockDuration,
      onError: this.#failed,
    };
    const delivery = new BullDelivery(worker, parts);
    this.#delivery = delivery;
    this.#gatherer = new Gatherer(queue.batchSize, queue.delay, (batch) => delivery.deliver(batch));
    this.#jobs = new this.bullmq.Worker<JobData>(this.options.name, (job, token) => this.#process(job, token), {
      ...shared(this.options),
      connection: this.connection.steady,
      concurrency: queue.batchSize,
      lockDuration,
      stalledInterval: lockDuration / 2,
      // A process that is killed says nothing about the writes it had.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      // Connections are tried again this often.
      runRetryDelay: 500,
      settings: { backoffStrategy: (attempts) => backoffOf(queue, attempts) },
    });
    this.#jobs.on('error', this.#failed);
  }

  async #process(job: Job<JobData>, token: string | undefined): Promise<void> {
    try {
      await this.#gatherer!.join(job);
    } catch (error) {
      if (!(error instanceof GatheringEnded)) throw error;
      await job.moveToDelayed(Date.now() + (this.#closed.signal.aborted ? 0 : RETURN), token);
      throw new this.bullmq.DelayedError();
    }
  }

  #listen(): void {
    this.#events = new this.bullmq.QueueEvents(this.options.name, {
      ...shared(this.options),
      connection: this.connection.steady,
    });
    this.#events.on('error', this.#failed);
    const heard = ({ jobId }: { jobId: string }): void => {
      this.#tracker.hint(dataOf(jobId).key);
      for (const wake of this.#wakers) wake();
    };
    this.#events.on('completed', heard);
    this.#events.on('failed', heard);
  }

  /** BullMQ is told of all that waits, whoever accepted it, in case it has lost some. */
  async #announceAll(): Promise<void> {
    let cursor = '0';
    do {
      const [next, keys] = await this.#client.run<[string, [key: string, episode: string][]]>('page', [cursor]);
      cursor = next;
      await this.#announcer.announce(keys.map(([key, episode]) => ({ key, episode })));
    } while (cursor !== '0');
  }

  async #look(overdue?: number): Promise<void> {
    this.#tracker.hintAll();
    await this.#announcer.sweep(overdue);
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    clearInterval(this.#sweeping);
    this.#connected?.off('ready', this.#back);
    for (const wake of this.#wakers) wake();
    this.#tracker.close();
    this.#delivery?.close();
    // First it takes no further jobs, then those that wait are given back.
    this.#jobs?.close().catch(this.#failed);
    await this.#gatherer?.end();
    const parts = [this.#jobs, this.#events].filter((part) => part !== undefined);
    await Promise.all(parts.map((part) => closeWithin(part, PATIENCE)));
    await closeWithin(this.queue, PATIENCE);
    this.connection.close();
  }

  readonly #failed = (error: unknown): void => {
    if (!this.#closed.signal.aborted) this.options.onError?.(error);
  };

  #now(): number {
    return (this.options.now ?? Date.now)();
  }
}

/** What all parts of BullMQ are opened with. */
function shared({ settings: { prefix } }: BullQueueOptions): { prefix?: string } {
  return prefix === undefined ? {} : { prefix };
}

function merged(merge: NonNullable<Merge>, older: PendingWrite, newer: PendingWrite): PendingWrite {
  const { id, acceptedAt } = older;
  return { ...newer, id, acceptedAt, value: merge(older.value, newer.value) };
}

/** @param attempts that have failed */
function backoffOf({ backoff }: QueueSettings, attempts: number): number {
  return Math.min(backoff * 2 ** (attempts - 1), MOST_BACKOFF);
}

function full(): CacheBackendError {
  return new CacheBackendError('the write-behind queue is full', { operation: 'writeBehind', timedOut: true });
}

function closed(): CacheBackendError {
  return new CacheBackendError('the write-behind queue is closed', { operation: 'writeBehind' });
}
