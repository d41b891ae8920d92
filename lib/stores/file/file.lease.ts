import type { Draft, Lease, LeaseBusy } from '../store.js';

/** What a lease needs of its namespace. */
export interface LeaseHome {
  holds(lease: FileLease, lateTags: readonly string[]): boolean;
  commit(lease: FileLease, draft: Draft): Promise<boolean>;
  yield(lease: FileLease): Promise<void>;
  release(lease: FileLease): Promise<void>;
}

/** A lease on one key in the database. */
export class FileLease implements Lease {
  #ended = false;

  constructor(
    readonly space: string,
    readonly key: string,
    readonly token: number,
    private readonly home: LeaseHome,
  ) {}

  holds(lateTags: readonly string[] = []): boolean {
    return !this.#ended && this.home.holds(this, lateTags);
  }

  async commit(draft: Draft): Promise<boolean> {
    if (this.#ended) return false;
    this.#ended = true;
    return this.home.commit(this, draft);
  }

  async yield(): Promise<void> {
    if (!this.#ended) await this.home.yield(this);
  }

  async release(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.home.release(this);
  }
}

/** Milliseconds between two looks at somebody else's lease: at first, and at most. */
const FIRST_LOOK = 1;
const LAST_LOOK = 50;

/** Waits for somebody else's lease to end, by looking again and again: its holder may be another process. */
export function busyWhile(isLoading: () => boolean): LeaseBusy {
  const freed = new Promise<void>((resolve) => {
    let pause = FIRST_LOOK;
    const look = (): void => {
      if (!isLoading()) return resolve();
      pause = Math.min(pause * 2, LAST_LOOK);
      setTimeout(look, pause);
    };
    setTimeout(look, pause);
  });
  return { freed };
}
