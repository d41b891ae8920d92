import type { Clock } from '../../../support/clock.js';

/** Commands that were sent at about the same time. */
export interface Sent {
  /** On the cache's clock: when the first of them was sent. */
  at: number;
  /** Milliseconds of the machine's monotonic time after which none of them was sent; `Infinity` while others may be. */
  closed: number;
  /** How many of them have not been answered. */
  waiting: number;
}

/** How often in a deadline it is looked whether it has passed: a command is given up two such parts later at most. */
const LOOKS = 16;

/**
 * Sees to it that every command of one connection is answered in time, and is given up no earlier: it may be done until
 * then. Commands are watched over in groups, by one timer. And knows since when the server has proved to be there.
 */
export class Supervision {
  /** On the cache's clock: when a command was sent that has been answered, at the earliest. */
  provenAt = -Infinity;
  #current: Sent | undefined;
  #closed: Sent[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    /** Milliseconds until an answer. */
    private readonly deadline: number,
    private readonly clock: Clock,
    /** Called once a command has waited for so long. */
    private readonly onLate: () => void,
  ) {}

  /** A command is about to be sent; what is to be told when it is answered. */
  sent(): Sent {
    const group = (this.#current ??= { at: 0, closed: Infinity, waiting: 0 });
    if (group.waiting === 0) group.at = this.clock.now();
    group.waiting += 1;
    this.#timer ??= setInterval(() => this.#look(), this.deadline / LOOKS).unref();
    return group;
  }

  /** A command was answered; `good` unless the answer was an error. */
  settled(group: Sent, good: boolean): void {
    group.waiting -= 1;
    if (good && group.at > this.provenAt) this.provenAt = group.at;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    this.#closed = this.#closed.filter(({ waiting }) => waiting > 0);
    const current = this.#current;
    if (current !== undefined && current.waiting > 0) {
      current.closed = performance.now();
      this.#closed.push(current);
      this.#current = undefined;
    }
    if (this.#closed.length === 0) return this.stop();
    if (!this.#isLate()) return;
    // After a pause of this process answers may lie there unread: they are read before this is asked again.
    setImmediate(() => setImmediate(() => this.#timer !== undefined && this.#isLate() && this.onLate()));
  }

  #isLate(): boolean {
    const before = performance.now() - this.deadline;
    return this.#closed.some(({ closed, waiting }) => waiting > 0 && closed <= before);
  }
}
