/**
 * Random numbers that are the same for the same seed: mulberry32 by Tommy Ettinger (2017, public domain), which has 32
 * bits of state. Good enough to choose by; not for secrets.
 */
export class Random {
  #state: number;

  /** @param seed any number; its lower 32 bits count */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number, both ends included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** True as often as `probability` (0 to 1) says. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of these. @throws {RangeError} if there are none */
  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new RangeError('there is nothing to pick from');
    return choices[this.integer(0, choices.length - 1)]!;
  }

  /** The name of one of these, each as often as its weight says. @throws {RangeError} if all weigh nothing */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
    let left = this.next() * total;
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    throw new RangeError('there is nothing to pick from');
  }

  /** Another generator, so that what it is asked changes nothing about what this one answers. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 4_294_967_296));
  }
}
