import type { Timers } from '../cache/loading/timers.js';
import type { Clock } from '../support/clock.js';
import type { Backing, QueueParts } from './backing.js';
import type { Journal, JournalRow } from './journal.js';
import { LocalQueue } from './local.queue.js';

/** Queues of this process, and their common journal. */
export class LocalBacking implements Backing {
  readonly #queues = new Map<string, LocalQueue>();

  constructor(
    private readonly journal: Journal,
    private readonly clock: Clock,
    private readonly timers: Timers,
    /** Told of writes in the journal whose queue nobody has opened. */
    private readonly onUnhandled: (queue: string, writes: number) => void,
  ) {}

  get lasts(): boolean {
    return this.journal.lasts;
  }

  open(parts: QueueParts): LocalQueue {
    const { journal, clock, timers } = this;
    const queue = new LocalQueue({ ...parts, journal, clock, timers });
    this.#queues.set(parts.name, queue);
    return queue;
  }

  async resume(): Promise<void> {
    this.#adopt(await this.journal.open((rows) => this.#adopt(rows)));
  }

  async close(): Promise<void> {
    await this.journal.close();
  }

  #adopt(rows: readonly JournalRow[]): void {
    for (const name of new Set(rows.map(({ queue }) => queue))) {
      const own = rows.filter(({ queue }) => queue === name);
      const queue = this.#queues.get(name);
      if (queue === undefined) this.onUnhandled(name, own.length);
      else queue.adopt(own);
    }
  }
}
