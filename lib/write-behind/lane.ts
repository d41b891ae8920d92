import type { PendingWrite, QueueSettings } from './write-queue.js';
import { MOST_BACKOFF } from './write-queue.js';

/** One write that waits, and how often it has been tried. */
export class WaitingWrite {
  /** Nothing is merged into it any more. */
  handed: boolean;
  /** A call of the handler has it now. */
  inFlight = false;
  /** It has been delivered, given up, or never was accepted. */
  gone = false;
  /** Forms of it that are being written to the journal, and the last one that is there. */
  puts = 0;
  kept: PendingWrite | undefined;
  attempts = 0;
  /** Most writes of the next call that it is a part of: one that fails is found by halving. */
  most = Infinity;
  /** Milliseconds since the epoch. */
  private retryAt = -Infinity;

  constructor(
    public write: PendingWrite,
    /** Left behind by an earlier run, of which it may have been handed out. */
    left?: { readonly handed: boolean },
  ) {
    this.handed = left?.handed === true;
    this.kept = left && write;
  }

  /** From when on it may be delivered, and from when on it has waited long enough for company. */
  times(delay: number): { readonly from: number; readonly due: number } {
    const { retryAt } = this;
    return { from: retryAt, due: this.handed ? retryAt : this.write.acceptedAt + delay };
  }

  /** It is not to be delivered before then. */
  postponed(until: number): void {
    this.inFlight = false;
    this.retryAt = until;
  }

  /** The call failed that had it, together with others. */
  failed(now: number, together: number, { attempts, backoff }: QueueSettings): void {
    this.attempts += 1;
    this.postponed(now + Math.min(backoff * 2 ** (this.attempts - 1), MOST_BACKOFF));
    this.most = this.attempts >= attempts - 1 ? 1 : Math.max(1, Math.ceil(together / 2));
  }
}

/** The writes of one key, in order. */
export type Lane = WaitingWrite[];

/** The lanes of one queue, those first that have waited longest for their turn. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  #size = 0;

  /** Writes in all lanes. */
  get size(): number {
    return this.#size;
  }

  /** The last write of the same key, if it has not been handed out. */
  mergeable(write: PendingWrite): WaitingWrite | undefined {
    const last = this.#lanes.get(laneOf(write))?.at(-1);
    return last === undefined || last.handed ? undefined : last;
  }

  /** Whether it is the last one of its key. */
  add(waiting: WaitingWrite): boolean {
    const name = laneOf(waiting.write);
    const lane = this.#lanes.get(name) ?? [];
    lane.splice(placeIn(lane, waiting), 0, waiting);
    this.#lanes.set(name, lane);
    this.#size += 1;
    return lane.at(-1) === waiting;
  }

  /** What is left of its lane waits for the next turn. */
  remove(waiting: WaitingWrite): void {
    if (waiting.gone) return;
    waiting.gone = true;
    this.#size -= 1;
    const name = laneOf(waiting.write);
    const left = this.#lanes.get(name)!.filter((other) => other !== waiting);
    this.#lanes.delete(name);
    if (left.length > 0) this.#lanes.set(name, left);
  }

  /** Every write, those of one key in order. */
  *all(): Iterable<WaitingWrite> {
    for (const lane of this.#lanes.values()) yield* lane;
  }

  /** What the next call could have: of each key the first ones, unless one is being delivered or waits to be retried. */
  next(now: number, batchSize: number): readonly WaitingWrite[] {
    const batch: WaitingWrite[] = [];
    let most = batchSize;
    for (const lane of this.#lanes.values()) {
      for (const waiting of lane) {
        if (batch.length >= most) return batch;
        if (waiting.inFlight || waiting.times(0).from > now || batch.length >= waiting.most) break;
        batch.push(waiting);
        most = Math.min(most, waiting.most);
        // It may have reached the source: were a later one to fail with it, the source would see both again.
        if (waiting.handed) break;
      }
    }
    return batch;
  }

  /** When a write next has waited long enough; `Infinity` where none waits. */
  soonest(delay: number): number {
    let soonest = Infinity;
    for (const [first] of this.#lanes.values()) {
      if (first!.inFlight) continue;
      soonest = Math.min(soonest, first!.times(delay).due);
    }
    return soonest;
  }
}

/** What was left behind comes before what was accepted since, but not before what has been handed out. */
function placeIn(lane: Lane, { write, handed }: WaitingWrite): number {
  const later = lane.findIndex((other) => !other.handed && other.write.acceptedAt > write.acceptedAt);
  if (later === -1) return lane.length;
  return handed ? Math.max(lane.findLastIndex((other) => other.handed) + 1, 0) : later;
}

function laneOf({ namespace, located }: PendingWrite): string {
  return `${namespace.length}:${namespace}${located}`;
}
