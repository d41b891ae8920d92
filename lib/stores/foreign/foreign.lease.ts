import type { Draft, Lease, LeaseBusy } from '../store.js';
import type { Claim } from './validity.js';

/** What a lease needs of its namespace. */
export interface LeaseHome {
  holds(lease: ForeignLease, lateTags: readonly string[]): Promise<boolean>;
  commit(lease: ForeignLease, draft: Draft): Promise<boolean>;
}

/**
 * A lease on one key: others of this process wait for it. Other processes do not; what they change, it finds by the
 * stamps that were there when it was taken.
 */
export class ForeignLease implements Lease {
  #held = true;
  #ended = false;
  #freed: Promise<void> | undefined;
  #free: (() => void) | undefined;

  constructor(
    readonly key: string,
    /** The stamps from before the load. */
    readonly carried: Claim,
    /** The stamp that every invalidation of whatever tag ends. */
    readonly fence: string,
    /** Whether anybody may take it over: it fences a write, and does not promise a value to wait for. */
    public yields: boolean,
    private readonly home: LeaseHome,
    private readonly leave: (lease: ForeignLease) => void,
  ) {}

  /** Whether this process has done nothing to the key since. */
  get untouched(): boolean {
    return this.#held && !this.#ended;
  }

  async holds(lateTags: readonly string[] = []): Promise<boolean> {
    return this.untouched && (await this.home.holds(this, lateTags)) && this.untouched;
  }

  async commit(draft: Draft): Promise<boolean> {
    if (this.#ended) return false;
    try {
      return await this.home.commit(this, draft);
    } finally {
      this.release();
    }
  }

  yield(): void {
    this.yields = true;
    this.#free?.();
  }

  release(): void {
    this.#ended = true;
    this.leave(this);
    this.#free?.();
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
}

/** The leases of one namespace that are out in this process. */
export class LeaseBook {
  readonly #leases = new Map<string, ForeignLease>();

  get(key: string): ForeignLease | undefined {
    return this.#leases.get(key);
  }

  /** Enters a lease, which takes over the one before it. */
  enter(lease: ForeignLease): void {
    this.void(lease.key);
    this.#leases.set(lease.key, lease);
  }

  leave(lease: ForeignLease): void {
    if (this.#leases.get(lease.key) === lease) this.#leases.delete(lease.key);
  }

  void(key: string): void {
    const lease = this.#leases.get(key);
    this.#leases.delete(key);
    lease?.void();
  }

  voidAll(): void {
    for (const key of this.#leases.keys()) this.void(key);
  }
}
