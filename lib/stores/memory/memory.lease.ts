import type { Draft, Lease, LeaseBusy } from '../store.js';
import type { TagWatch } from './tag-stamps.js';

/** A lease on one key in memory. It holds until its namespace voids it or one of its tags is invalidated. */
export class MemoryLease implements Lease {
  #held = true;
  #ended = false;
  #yielded = false;
  #freed: Promise<void> | undefined;
  #free: (() => void) | undefined;

  constructor(
    private readonly watch: TagWatch,
    /** Whether it fences a write, and does not promise a value to wait for. */
    private readonly fences: boolean,
    private readonly store: (draft: Draft) => unknown,
    private readonly leave: (lease: MemoryLease) => void,
  ) {}

  holds(lateTags: readonly string[] = []): boolean {
    return this.#held && !this.#ended && this.watch.untouched(lateTags);
  }

  /** Whether others wait for it. */
  get awaited(): boolean {
    return !this.fences && !this.#yielded && this.holds();
  }

  yield(): void {
    this.#yielded = true;
    this.#free?.();
  }

  commit(draft: Draft): boolean {
    const holds = this.holds(draft.tags);
    this.release();
    if (holds) this.store(draft);
    return holds;
  }

  release(): void {
    this.leave(this);
    this.#end();
  }

  /** Something happened to the key that the value being loaded cannot know of. */
  void(): void {
    this.#held = false;
    this.#free?.();
  }

  /** What somebody who wanted this lease gets instead. */
  busy(): LeaseBusy {
    this.#freed ??= new Promise((resolve) => (this.#free = resolve));
    return { freed: this.#freed };
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.watch.end();
    this.#free?.();
  }
}
