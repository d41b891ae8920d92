import { randomBytes } from 'node:crypto';
import type { Clock } from '../../support/clock.js';
import type { Trip } from './trip.js';

/** Milliseconds for which the store keeps everything longer than it has to. */
export const SLACK = 10_000;

const PATTERN = /^blossom-stamp:([\w-]{22}):(\d+|Infinity)$/;
/** Spans beyond it, in milliseconds, are without end. */
const LONGEST = 100 * 365 * 86_400_000;

/** A stamp as it is stored. */
export interface Stamp {
  readonly id: string;
  /** Until when the store keeps it, in milliseconds of the clock of whoever made it. */
  readonly until: number;
}

/**
 * Random texts under names of their own. What carries a stamp is valid as long as the store has the same one under
 * that name: an absent one matches nothing, and a stamp that is gone never comes back.
 */
export class Stamps {
  readonly #making = new Map<string, Promise<string>>();

  constructor(private readonly clock: Clock) {}

  /** The stamp under each name, or undefined. */
  async read(trip: Trip, names: readonly string[]): Promise<(string | undefined)[]> {
    const texts = await trip.getAll(names);
    return texts.map((text) => stampOf(text)?.id);
  }

  /**
   * The stamp under the name; a new one where there is none.
   * @param life milliseconds that a new one lives
   */
  async ensure(trip: Trip, name: string, life: number): Promise<string> {
    const there = stampOf(await trip.get(name));
    if (there !== undefined) return there.id;
    // Others of this process may be about to make it: two would take each other's place.
    const making = this.#making.get(name) ?? this.#make(trip, name, life);
    this.#making.set(name, making);
    try {
      return await making;
    } finally {
      if (this.#making.get(name) === making) this.#making.delete(name);
    }
  }

  /** Puts a new stamp under the name, so that the one before it is gone. */
  async renew(trip: Trip, name: string, life: number): Promise<string> {
    const id = randomBytes(16).toString('base64url');
    const until = life < LONGEST ? Math.ceil(this.clock.now() + life) : Infinity;
    await trip.set(name, `blossom-stamp:${id}:${until}`, life + SLACK);
    return id;
  }

  /** Looks again first: somebody may have made it while the store was asked. */
  async #make(trip: Trip, name: string, life: number): Promise<string> {
    return stampOf(await trip.get(name))?.id ?? this.renew(trip, name, life);
  }
}

/** The stamp that a text from the store is. */
export function stampOf(text: unknown): Stamp | undefined {
  const match = typeof text === 'string' ? PATTERN.exec(text) : null;
  return match === null ? undefined : { id: match[1]!, until: Number(match[2]) };
}
