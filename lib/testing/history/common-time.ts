/** Far less than any two things are apart that a guarantee tells apart: a thousandth of a microsecond, nearly. */
const STEP = 2 ** -20;

/** Milliseconds by the monotonic clock of this machine, which is the same for all of its processes. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1_000_000;
}

/** Instants by a clock, each later than the one before: an order of everything that one process records. */
export class CommonTime {
  #last = -Infinity;

  /** @param now milliseconds, by a clock that all nodes share */
  constructor(private readonly now: () => number = machineTime) {}

  next(): number {
    this.#last = Math.max(this.now(), this.#last + STEP);
    return this.#last;
  }
}
