import { CacheBackendError } from '../errors/cache.errors.js';
import type { Timers } from '../cache/loading/timers.js';
import type { Clock } from '../support/clock.js';
import type { QueueParts } from './backing.js';
import type { Journal, JournalRow } from './journal.js';
import { Lanes, WaitingWrite } from './lane.js';
import type { PendingWrite, QueueDepth, WriteQueue, WriteWorker } from './write-queue.js';

/** What a queue of this process is given. */
export interface LocalQueueParts extends QueueParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Somebody who waits for room. */
interface Waiter {
  readonly write: PendingWrite;
  readonly resolve: (taken: Promise<PendingWrite>) => void;
  readonly reject: (error: unknown) => void;
  readonly cancel: () => void;
}

/**
 * The writes of one queue in this process: all are in memory, and in a journal that may outlive it. One call of the
 * handler at a time; a key whose write has failed waits, and the others go on.
 */
export class LocalQueue implements WriteQueue {
  readonly #lanes = new Lanes();
  readonly #known = new Set<string>();
  readonly #line: Waiter[] = [];
  /** Delivered, and still in the journal. */
  readonly #done = new Set<string>();
  #worker: WriteWorker | undefined;
  /** The call that is under way. */
  #turn: Promise<void> | undefined;
  /** Prevents the next look at what waits. */
  #cancel: (() => void) | undefined;
  /** Those who wait for something to change. */
  readonly #onProgress: (() => void)[] = [];
  #flushing = 0;
  #closed = false;

  constructor(private readonly parts: LocalQueueParts) {}

  accept(write: PendingWrite): Promise<PendingWrite> {
    if (this.#closed) return Promise.reject(this.#refusal('is closed'));
    return this.#line.length === 0 && this.#fits(write) ? this.#take(write) : this.#waitForRoom(write);
  }

  start(worker: WriteWorker): void {
    this.#worker = worker;
    this.#plan();
  }

  /** Takes on what an earlier run left behind; what is known already stays as it is. */
  adopt(rows: readonly JournalRow[]): void {
    for (const { write, handed } of rows) {
      if (this.#known.has(write.id)) continue;
      this.#known.add(write.id);
      if (this.#lanes.add(new WaitingWrite(write, { handed }))) this.parts.observer.accepted(write);
    }
    this.#plan();
  }

  async flush(): Promise<void> {
    const before = [...this.#lanes.all()];
    this.#flushing += 1;
    try {
      while (!this.#closed && this.#worker !== undefined && before.some(({ gone }) => !gone)) {
        this.#plan();
        await new Promise<void>((resolve) => this.#onProgress.push(resolve));
      }
    } finally {
      this.#flushing -= 1;
    }
  }

  measure(): QueueDepth {
    let oldest = Infinity;
    for (const { write } of this.#lanes.all()) oldest = Math.min(oldest, write.acceptedAt);
    const lag = oldest === Infinity ? 0 : Math.max(this.parts.clock.now() - oldest, 0);
    return { depth: this.#lanes.size, lag };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    for (const { reject, cancel } of this.#line.splice(0)) {
      cancel();
      reject(this.#refusal('is closed'));
    }
    this.#progress();
    await this.#turn;
  }

  #progress(): void {
    for (const tell of this.#onProgress.splice(0)) tell();
  }

  #fits(write: PendingWrite): boolean {
    const { maxPending, merge } = this.parts.settings;
    return this.#lanes.size < maxPending || (merge !== undefined && this.#lanes.mergeable(write) !== undefined);
  }

  #waitForRoom(write: PendingWrite): Promise<PendingWrite> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#line.splice(this.#line.indexOf(waiter), 1);
        reject(this.#refusal('is full', true));
      };
      const cancel = this.parts.timers.after(this.parts.settings.maxWait, giveUp);
      const waiter = { write, resolve, reject, cancel };
      this.#line.push(waiter);
    });
  }

  /** In the order in which they came, so that those of one key stay in theirs. */
  #admit(): void {
    for (let first = this.#line[0]; first !== undefined && this.#fits(first.write); first = this.#line[0]) {
      this.#line.shift();
      first.cancel();
      first.resolve(this.#take(first.write));
    }
  }

  async #take(write: PendingWrite): Promise<PendingWrite> {
    const { merge } = this.parts.settings;
    const older = merge === undefined ? undefined : this.#lanes.mergeable(write);
    return older === undefined ? this.#append(write) : this.#merge(older, write, merge!);
  }

  async #append(write: PendingWrite): Promise<PendingWrite> {
    const waiting = new WaitingWrite(write);
    this.#known.add(write.id);
    this.#lanes.add(waiting);
    return this.#put(waiting);
  }

  async #merge(
    waiting: WaitingWrite,
    write: PendingWrite,
    merge: (older: unknown, newer: unknown) => unknown,
  ): Promise<PendingWrite> {
    const { id, acceptedAt, value } = waiting.write;
    waiting.write = { ...write, id, acceptedAt, value: merge(value, write.value) };
    return this.#put(waiting);
  }

  /** Writes it to the journal as it is now. What does not get there is not accepted: then it is what is there. */
  async #put(waiting: WaitingWrite): Promise<PendingWrite> {
    const { journal, name, observer } = this.parts;
    const { write } = waiting;
    waiting.puts += 1;
    try {
      await journal.put(name, write);
      waiting.kept = write;
    } finally {
      waiting.puts -= 1;
      if (waiting.puts === 0) this.#asKept(waiting);
    }
    if (!waiting.gone) observer.accepted(write);
    this.#plan();
    return write;
  }

  #asKept(waiting: WaitingWrite): void {
    if (waiting.kept === undefined) this.#settle([waiting]);
    else waiting.write = waiting.kept;
  }

  #settle(gone: readonly WaitingWrite[]): void {
    for (const waiting of gone) {
      this.#lanes.remove(waiting);
      this.#known.delete(waiting.write.id);
    }
    this.#admit();
    this.#progress();
  }

  /** Sees to it that what waits is delivered in time. */
  #plan(): void {
    if (this.#closed || this.#worker === undefined || this.#turn !== undefined) return;
    this.#cancel?.();
    this.#cancel = undefined;
    const { clock, timers, settings } = this.parts;
    const now = clock.now();
    const soonest = this.#lanes.soonest(this.#flushing > 0 ? -Infinity : settings.delay);
    if (soonest <= now || this.#lanes.next(now, settings.batchSize).length === settings.batchSize) {
      this.#turn = this.#deliver().finally(() => {
        this.#turn = undefined;
        this.#progress();
        this.#plan();
      });
    } else if (soonest < Infinity) this.#cancel = timers.after(soonest - now, () => this.#plan());
  }

  /** One call of the handler. */
  async #deliver(): Promise<void> {
    const { clock, settings, journal } = this.parts;
    const batch = this.#lanes.next(clock.now(), settings.batchSize);
    for (const waiting of batch) {
      waiting.handed = true;
      waiting.inFlight = true;
    }
    try {
      await journal.handOut(batch.map(({ write }) => write.id));
    } catch (error) {
      for (const waiting of batch) waiting.postponed(clock.now() + settings.backoff);
      return this.parts.observer.retrying(batch.length, error);
    }
    // What could not be written to the journal was never accepted.
    await this.#call(batch.filter(({ gone }) => !gone));
  }

  async #call(batch: readonly WaitingWrite[]): Promise<void> {
    if (batch.length === 0) return;
    try {
      await this.#worker!.deliver(batch.map(({ write }) => write));
    } catch (error) {
      return this.#failed(batch, error);
    }
    await this.#over(batch);
  }

  async #failed(batch: readonly WaitingWrite[], error: unknown): Promise<void> {
    const { clock, settings, observer } = this.parts;
    const now = clock.now();
    for (const waiting of batch) waiting.failed(now, batch.length, settings);
    const [first] = batch;
    if (batch.length > 1 || first!.attempts < settings.attempts) return observer.retrying(batch.length, error);
    first!.inFlight = true;
    const buried = await this.#worker!.bury([first!.write], error);
    first!.inFlight = false;
    if (buried) await this.#over(batch);
    else observer.retrying(1, error);
  }

  /** They need not be delivered any more. Those that stay in the journal, as it fails, are delivered again after a restart. */
  async #over(batch: readonly WaitingWrite[]): Promise<void> {
    const { journal, observer } = this.parts;
    this.#settle(batch);
    for (const { write } of batch) observer.settled(write);
    for (const { write } of batch) this.#done.add(write.id);
    const ids = [...this.#done];
    try {
      await journal.remove(ids);
      for (const id of ids) this.#done.delete(id);
    } catch {
      // They are removed with the next ones.
    }
  }

  #refusal(what: string, timedOut = false): CacheBackendError {
    return new CacheBackendError(`the write-behind queue '${this.parts.name}' ${what}`, {
      operation: 'writeBehind',
      timedOut,
    });
  }
}
