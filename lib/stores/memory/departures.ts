import type { Absence } from '../store.js';

/** Departures that are remembered, of all namespaces together. */
const REMEMBERED = 1_000;

/** An entry that left. */
interface Departure {
  readonly key: string;
  readonly from: DepartedKeys;
  readonly why: Absence;
}

/** The keys of one namespace whose entries left lately, and were not stored again since. */
export type DepartedKeys = Map<string, Departure>;

/** What holds entries that may leave. */
export interface Departing {
  readonly departed: DepartedKeys;
}

/** Why the last entries left, for those who ask why there is none. Bounded, and O(1) for each that leaves. */
export class Departures {
  readonly #ring: Departure[] = [];
  #next = 0;

  note({ departed: from }: Departing, key: string, why: Absence): void {
    // What a clear made void is swept later than it left: whatever left since is newer.
    if (why.reason === 'cleared' && from.has(key)) return;
    this.#forgetOldest();
    const departure = { key, from, why };
    this.#ring[this.#next] = departure;
    this.#next = (this.#next + 1) % REMEMBERED;
    from.set(key, departure);
  }

  #forgetOldest(): void {
    const oldest = this.#ring[this.#next];
    if (oldest?.from.get(oldest.key) === oldest) oldest?.from.delete(oldest.key);
  }
}
