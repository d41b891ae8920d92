import type { CommonTime } from './common-time.js';
import type { HistoryRecord } from './history.js';

type Acknowledged = { acknowledged: number | null };

/** What all recorded caches of one node share. */
export class RecordedNode {
  /** Whether its backend fails. */
  down = false;
  readonly #delivered: () => boolean;
  /** Changes of which the backend may not have been told. */
  #undelivered: Acknowledged[] = [];
  #versions = 0;

  constructor(
    readonly name: string,
    private readonly time: CommonTime,
    private readonly write: (record: HistoryRecord) => void,
    /** A load has come to a value that nobody has seen yet. */
    readonly hasValue: () => void,
    delivered?: () => boolean,
  ) {
    this.#delivered = delivered ?? (() => !this.down);
  }

  /** The present instant. */
  now(): number {
    return this.time.next();
  }

  /** A version that no other value has. */
  nextVersion(): string {
    this.#versions += 1;
    return `${this.name}#${this.#versions}`;
  }

  add(record: HistoryRecord): void {
    this.write(record);
  }

  /** A change was made here: it is acknowledged when the backend has been told of it. */
  deliver(change: Acknowledged): void {
    this.#undelivered.push(change);
    this.look();
  }

  /** Finds out whether changes have been delivered meanwhile. */
  look(): void {
    if (this.#undelivered.length === 0 || !this.#delivered()) return;
    const now = this.now();
    for (const change of this.#undelivered) change.acknowledged = now;
    this.#undelivered = [];
  }
}
