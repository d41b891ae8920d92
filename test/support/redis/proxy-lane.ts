/** What is done to everything that goes in one direction. */
export interface LaneConditions {
  /** Milliseconds by which what arrives leaves later. */
  delay: number;
  frozen: boolean;
}

interface Held {
  readonly due: number;
  readonly pass: () => void;
}

/** One direction of one connection: what arrives leaves in the order it came, late or not yet if told so. */
export class ProxyLane {
  #held: Held[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly conditions: LaneConditions) {}

  /** @param pass lets it out */
  arrive(pass: () => void): void {
    this.#held.push({ due: performance.now() + this.conditions.delay, pass });
    this.release();
  }

  /** Lets out what is due. */
  release(): void {
    clearTimeout(this.#timer);
    for (let next = this.#held[0]; next !== undefined && !this.conditions.frozen; next = this.#held[0]) {
      const early = next.due - performance.now();
      if (early > 0) {
        this.#timer = setTimeout(() => this.release(), early);
        return;
      }
      this.#held.shift();
      next.pass();
    }
  }

  /** Forgets what is held. */
  drop(): void {
    this.#held = [];
    clearTimeout(this.#timer);
  }
}
