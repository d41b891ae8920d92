import { randomUUID } from 'node:crypto';
import { nameOf } from '../cache/arguments.js';
import type { Behind, BehindWrite, ReadyWrite } from '../cache/behind.js';
import type { CacheCore } from '../cache/cache-core.js';
import type { Codec } from '../codec/codec.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { CacheLog } from '../events/cache-log.js';
import type { WriteBehindStats } from '../events/cache-stats.js';
import { LONGEST_TIMER } from '../support/clock.js';
import type { Backing, ProviderLookup } from './backing.js';
import { CacheFence } from './cache-fence.js';
import type { Merge, PendingWrite, QueueSettings, WriteObserver, WriteQueue, WriteWorker } from './write-queue.js';

/** One write as the application's handler gets it. */
export interface WriteBehindItem<T = unknown> {
  /** The same for every attempt, also after a restart. */
  readonly id: string;
  readonly key: string;
  readonly value: T;
}

/** The application's side of a queue. */
export interface WriteHandler {
  readonly queue: string;
  readonly settings: QueueSettings;
  write(items: readonly WriteBehindItem[]): unknown;
  /** Undefined: what fails is tried for ever. */
  readonly onDeadLetter: ((items: readonly WriteBehindItem[], error: unknown) => unknown) | undefined;
}

/** What one cache's write-behind consists of. */
export interface WriteBehindParts {
  readonly core: CacheCore;
  readonly log: CacheLog;
  readonly codec: Codec;
  readonly backing: Backing;
  /** Milliseconds for which a shutdown waits for what is pending. */
  readonly flushTimeout: number;
}

interface Served {
  readonly handler: WriteHandler;
  readonly queue: WriteQueue;
  readonly counts: { flushed: number; retries: number; deadLetters: number };
}

/** The write-behind queues of one cache: takes writes on, answers reads with them, and hands them to their handlers. */
export class WriteBehind implements Behind {
  readonly #served = new Map<string, Served>();
  readonly #fence: CacheFence;
  #started: Promise<void> | undefined;
  /** Whether the shutdown has found time for all that was pending. */
  #flushed = false;

  constructor(private readonly parts: WriteBehindParts) {
    this.#fence = new CacheFence(parts.core);
  }

  /** @throws {CacheOptionsError} where the queue has a handler already, or cannot be opened. */
  async register(handler: WriteHandler, providers: ProviderLookup): Promise<void> {
    const name = handler.queue;
    if (this.#served.has(name)) {
      throw new CacheOptionsError(
        `@WriteBehindHandler: the queue '${name}' has a handler already; give this one another name`,
      );
    }
    const counts = { flushed: 0, retries: 0, deadLetters: 0 };
    const settings = { ...handler.settings, merge: this.#merging(handler.settings.merge) };
    const parts = { name, settings, observer: this.#observer(name, counts) };
    this.#served.set(name, { handler, counts, queue: await this.parts.backing.open(parts, providers) });
  }

  ready(queue: string, { ttl, ...write }: BehindWrite): ReadyWrite {
    const served = this.#served.get(queue);
    if (served === undefined) {
      const problem =
        typeof queue === 'string'
          ? `nobody handles the queue '${queue}': put @WriteBehindHandler('${queue}') on a method of a provider of this application`
          : `the name of a queue must be a string; got ${nameOf(queue)}`;
      throw new CacheOptionsError(`writeBehind: ${problem}`, { operation: 'writeBehind' });
    }
    const value = this.#copy(write.value);
    const { clock } = this.parts.core.parts;
    const accept = async (): Promise<unknown> => {
      const acceptedAt = clock.now();
      const pending = { ...write, id: randomUUID(), value, acceptedAt, expiresAt: acceptedAt + ttl };
      return (await served.queue.accept(pending)).value;
    };
    return { value, accept };
  }

  /** Resumes what an earlier run left behind, and begins to deliver. */
  start(): Promise<void> {
    return (this.#started ??= this.#start());
  }

  /** Delivers what is pending, as far as there is time; whether there was. */
  async flush(): Promise<boolean> {
    if (this.#started === undefined) return false;
    const queues = [...this.#served.values()].map(({ queue }) => queue.flush());
    return (this.#flushed = await this.#patiently(Promise.all(queues)));
  }

  async close(): Promise<void> {
    // Requests were still answered after the flush.
    if (this.#flushed) await this.flush();
    const left = await this.measure();
    await this.#patiently(Promise.all([...this.#served.values()].map(({ queue }) => queue.close())));
    await this.parts.backing.close();
    for (const [queue, { depth }] of Object.entries(left ?? {})) {
      if (depth === 0 || depth === undefined) continue;
      const fate = this.parts.backing.lasts ? 'stay in the journal until the next start' : 'are lost';
      this.parts.log.warn(
        `write-behind '${queue}': ${depth} writes could not be delivered before the shutdown and ${fate}`,
      );
    }
  }

  async measure(): Promise<Readonly<Record<string, WriteBehindStats>> | undefined> {
    if (this.#served.size === 0) return undefined;
    const all = [...this.#served].map(async ([name, { queue, counts }]): Promise<[string, WriteBehindStats]> => {
      const { depth, lag } = await queue.measure();
      return [name, { depth, lag, ...counts }];
    });
    return Object.fromEntries(await Promise.all(all));
  }

  resetCounts(): void {
    for (const { counts } of this.#served.values()) Object.assign(counts, { flushed: 0, retries: 0, deadLetters: 0 });
  }

  async #start(): Promise<void> {
    if (this.#served.size === 0) return;
    const { backing, log, core } = this.parts;
    if (!backing.lasts) {
      log.warn(
        `cache '${core.parts.name}': what waits to be written behind is in memory, and lost if the process is killed; writeBehind: { journal: 'file', dir } keeps it`,
      );
    }
    await backing.resume();
    for (const served of this.#served.values()) await served.queue.start(this.#worker(served));
  }

  #worker({ handler, counts }: Served): WriteWorker {
    const { queue, onDeadLetter } = handler;
    const { events } = this.parts.core.parts;
    return {
      deliver: async (writes) => {
        const began = performance.now();
        await this.#fence.around(writes, async () => handler.write(writes.map(itemOf)));
        counts.flushed += writes.length;
        events.emit('flush', { queue, writes: writes.length, ms: performance.now() - began });
      },
      bury: async (writes, error) => {
        if (onDeadLetter === undefined) return false;
        try {
          await onDeadLetter(writes.map(itemOf), error);
        } catch (unburied) {
          this.parts.log.failure(`write-behind '${queue}'`, 'could not hand over dead letters', unburied);
          return false;
        }
        await this.#fence.evict(writes);
        counts.deadLetters += writes.length;
        events.emit('deadLetter', { queue, writes: writes.length, error });
        return true;
      },
    };
  }

  #observer(queue: string, counts: Served['counts']): WriteObserver {
    const { core, log } = this.parts;
    return {
      accepted: (write) => core.pending.put(write),
      settled: (write) => core.pending.drop(write),
      retrying: (writes, error) => {
        counts.retries += writes;
        core.parts.events.emit('flushFailure', { queue, writes, error });
        log.failure(`write-behind '${queue}'`, 'could not be delivered and will be retried', error);
      },
    };
  }

  /** What decoding gives: whatever its owner does to it later, this is what was accepted. */
  #copy(value: unknown): unknown {
    const { codec } = this.parts;
    return codec.parse(codec.serialise(value));
  }

  /** What it makes of two writes has to be kept as they had to. */
  #merging(merge: Merge): Merge {
    if (merge === undefined) return undefined;
    return (older, newer) => {
      const value = merge(older, newer);
      return value === newer ? newer : this.#copy(value);
    };
  }

  /**
   * Whether it was over within the time that a shutdown has, by the time of the machine: nothing else passes while an application ends.
   * Meanwhile the process is kept alive, as nothing else may be left that does.
   */
  async #patiently(work: Promise<unknown>): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), Math.min(this.parts.flushTimeout, LONGEST_TIMER));
    });
    const inTime = await Promise.race([work.then(() => true), patience]);
    clearTimeout(timer);
    return inTime;
  }
}

function itemOf({ id, key, value }: PendingWrite): WriteBehindItem {
  return { id, key, value };
}
