import type { Clock } from '../../../support/clock.js';

/** How often a server is asked for its time if it does not answer at once, and milliseconds that are at once. */
const MEASUREMENTS = 3;
const QUICK = 5;

/** What time it is for a server. */
export class ServerTime {
  #ahead = 0;
  #offset = 0;

  constructor(
    private readonly clock: Clock,
    /** Milliseconds from the clock's time to the server's. Default: measured. */
    private readonly fixed?: number | undefined,
  ) {}

  /** Milliseconds since the epoch; if it is not exact, then it is later for the server. */
  get now(): number {
    return performance.now() + this.#ahead;
  }

  /** Milliseconds that are to be added to the time of the cache's clock to get the server's. */
  get offset(): number {
    return this.fixed ?? this.#offset;
  }

  /** @param ask sends `TIME`; the quickest answer tells it best */
  async measure(ask: () => Promise<unknown>): Promise<void> {
    let quickest = Infinity;
    for (let i = 0; i < MEASUREMENTS && quickest > QUICK; i += 1) {
      const sent = performance.now();
      const [seconds, microseconds] = (await ask()) as [unknown, unknown];
      const received = performance.now();
      const time = Number(String(seconds)) * 1_000 + Number(String(microseconds)) / 1_000;
      const took = received - sent;
      if (took >= quickest) continue;
      quickest = took;
      this.#ahead = time - received;
      this.#offset = Math.round(time + took / 2 - this.clock.now());
    }
  }
}
