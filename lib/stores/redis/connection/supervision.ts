import type { Clock } from '../../../support/clock.js';

/** A moment at which so many commands had been sent. */
interface Mark {
  readonly sent: number;
  /** Milliseconds of the machine's monotonic time. */
  readonly since: number;
  /** The same moment on the cache's clock. */
  readonly at: number;
}

/** How often in a deadline it is looked whether it has passed: a command is given up that much later at most. */
const LOOKS = 16;

/**
 * Sees to it that every command of one connection is answered in time: answers come in the order of the commands, so
 * that counting them is enough. And knows since when the server has proved to be there.
 */
export class Supervision {
  /** On the cache's clock: when a command was sent that has been answered, at the latest. */
  provenAt = -Infinity;
  #sent = 0;
  #settled = 0;
  readonly #marks: Mark[] = [];
  #passed: Mark | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    /** Milliseconds until an answer. */
    private readonly deadline: number,
    private readonly clock: Clock,
    /** Called once a command has waited for so long. */
    private readonly onLate: () => void,
  ) {}

  /** A command is about to be sent. */
  sent(): void {
    if (this.#settled === this.#sent) this.#mark();
    this.#sent += 1;
    this.#timer ??= setInterval(() => this.#look(), this.deadline / LOOKS).unref();
  }

  /** A command was answered; `good` unless the answer was an error. */
  settled(good: boolean): void {
    this.#settled += 1;
    while (this.#marks.length > 0 && this.#settled > this.#marks[0]!.sent) this.#passed = this.#marks.shift();
    if (!good || this.#passed === undefined) return;
    this.provenAt = this.#passed.at;
    this.#passed = undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #mark(): void {
    this.#marks.push({ sent: this.#sent, since: performance.now(), at: this.clock.now() });
  }

  #look(): void {
    if (this.#settled === this.#sent) return this.stop();
    if (this.#isLate()) {
      // After a pause of this process answers may lie there unread: they are read before this is asked again.
      setImmediate(() => setImmediate(() => this.#timer !== undefined && this.#isLate() && this.onLate()));
    }
    this.#mark();
  }

  /** Whether something that was sent long before now is not answered. */
  #isLate(): boolean {
    // Not earlier: what was given up is not to be done any more, by the same deadline.
    const before = performance.now() - this.deadline;
    return this.#marks.some(({ sent, since }) => since <= before && this.#settled < sent);
  }
}
