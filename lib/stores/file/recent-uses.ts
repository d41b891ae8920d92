/** Entries whose uses are gathered at most; beyond, uses of others are not counted until these are written. */
const MOST = 10_000;

/** Which entries were used since this was last written down: a read must not wait for a write. */
export class RecentUses {
  #times = new Map<number, number>();

  constructor(private readonly onFirst: () => void) {}

  /** Counts a use. */
  note(id: number): void {
    const times = this.#times.get(id);
    if (times === undefined && this.#times.size === MOST) return;
    this.#times.set(id, (times ?? 0) + 1);
    if (this.#times.size === 1 && times === undefined) this.onFirst();
  }

  /** The uses noted since the last time. */
  gather(): readonly (readonly [id: number, times: number])[] {
    if (this.#times.size === 0) return [];
    const gathered = [...this.#times];
    this.#times = new Map();
    return gathered;
  }
}
