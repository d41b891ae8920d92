import type { Draft, Lease } from '../../stores/store.js';

type StillHolds = (lateTags: readonly string[]) => boolean;

/** The right to load within a transaction: what it comes to may not be committed, and is not stored. */
export class UncommittedLoad implements Lease {
  readonly dropped = 'uncommitted';
  #ended = false;

  constructor(private readonly untouched: StillHolds) {}

  holds(lateTags: readonly string[] = []): boolean {
    return !this.#ended && this.untouched(lateTags);
  }

  commit({ tags }: Draft): boolean {
    const held = this.holds(tags);
    this.#ended = true;
    return held;
  }

  yield(): void {}

  release(): void {
    this.#ended = true;
  }
}

/** The right to say within a transaction what is to be stored. What fences it below belongs to the transaction. */
export class PendingWrite implements Lease {
  #ended = false;

  constructor(
    private readonly untouched: StillHolds,
    private readonly put: (draft: Draft) => void,
  ) {}

  holds(lateTags: readonly string[] = []): boolean {
    return !this.#ended && this.untouched(lateTags);
  }

  commit(draft: Draft): boolean {
    const held = this.holds(draft.tags);
    this.#ended = true;
    if (held) this.put(draft);
    return held;
  }

  yield(): void {}

  release(): void {
    this.#ended = true;
  }
}
