import type { Clock } from '../../support/clock.js';
import type { Session } from './connection/session.js';
import { textHash } from './text-hash.js';

/** A power of two. Keys that share one forget each other's near copies: no harm, and rare. */
const SLOTS = 65_536;
/** Differs in each process, so that nobody can choose keys which all share one. */
const SEED = Math.trunc(Math.random() * 0xffff_ffff);

/**
 * What the server says of the keys that were read: that they have changed. Instead of a list of all those keys there
 * is a count of changes for each group of keys: what was read before its group changed is not good any more. So
 * nothing has to be forgotten, and it makes no difference whether the reply to a read is still on its way.
 */
export class Tracking {
  readonly #changes = new Uint32Array(SLOTS);
  readonly #waiting = new Map<string, Set<() => void>>();
  #flushes = 0;
  #look = 0;
  /** On the cache's clock. */
  #lookUntil = Infinity;

  constructor(private readonly clock: Clock) {}

  /** To be called before a key is read over this session: what is read is good as long as the watch holds. */
  watch(session: Session, name: string): Watch {
    const slot = slotOf(name);
    session.lastRead = name;
    return new Watch(this, session, slot, this.#changes[slot]!, this.#flushes, this.clock.now());
  }

  /** The server announces a change of a key, or of whatever there is. */
  invalidated(key: Buffer | string | null): void {
    if (key === null) {
      this.forgetAll();
      return;
    }
    this.#look += 1;
    const name = key.toString();
    const slot = slotOf(name);
    this.#changes[slot] = this.#changes[slot]! + 1;
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) for (const wake of waiting) wake();
  }

  /** Nothing that was read before is good any more. */
  forgetAll(): void {
    this.#look += 1;
    this.#flushes += 1;
    for (const waiting of this.#waiting.values()) for (const wake of waiting) wake();
  }

  /**
   * The number of the present look at what is kept near: what was found current in it still is. It ends with whatever is
   * announced, and when something that was found current has to be looked at again.
   */
  look(now: number): number {
    if (now > this.#lookUntil) {
      this.#look += 1;
      this.#lookUntil = Infinity;
    }
    return this.#look;
  }

  /** What was found current in the present look is so until then, on the cache's clock, unless something is announced. */
  lookAgain(at: number): void {
    if (at < this.#lookUntil) this.#lookUntil = at;
  }

  /** Calls `wake` at each change of the key that is announced; returns what ends that. */
  onChange(name: string, wake: () => void): () => void {
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting.add(wake));
    return () => {
      waiting.delete(wake);
      if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name);
    };
  }

  isUnchanged(slot: number, changes: number, flushes: number): boolean {
    return this.#changes[slot] === changes && this.#flushes === flushes;
  }
}

/** Whether what was read of one key, at one moment, is what the server still has. */
export class Watch {
  constructor(
    private readonly tracking: Tracking,
    private readonly session: Session,
    private readonly slot: number,
    private readonly changes: number,
    private readonly flushes: number,
    /** On the cache's clock. */
    private readonly readAt: number,
  ) {}

  /** Whether no change of it has been announced, by a server that would have announced it. */
  get isTold(): boolean {
    return this.session.tracked && this.session.live && this.isUnchanged;
  }

  /**
   * Whether it may be taken for current at `now`: no change has been announced, and the server has been heard of for the
   * last time no longer than `maxStaleness` milliseconds ago. One that announces nothing is heard of when it is read.
   */
  holds(now: number, maxStaleness: number): boolean {
    return now - this.heardAt <= maxStaleness && this.isUnchanged;
  }

  /** On the cache's clock: when a change would have been announced, at the latest. */
  get heardAt(): number {
    const { session } = this;
    return session.tracked ? session.provenAt : this.readAt;
  }

  get isUnchanged(): boolean {
    return this.tracking.isUnchanged(this.slot, this.changes, this.flushes);
  }
}

function slotOf(name: string): number {
  const hash = textHash(name, SEED);
  return (hash ^ (hash >>> 16)) & (SLOTS - 1);
}
