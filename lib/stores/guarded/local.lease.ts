import { after, type Awaitable } from '../../support/awaitable.js';
import type { Draft, Lease, LeaseBusy } from '../store.js';
import type { Guard } from './guard.js';
import type { LeaseTerms } from './lease-terms.js';
import type { Watch } from './local-changes.js';

/**
 * The right to load during an outage. It is good for this process only, knows what this process does, and stores
 * nothing. It is kept for as long as the outage lasts: when the backend is back, others may have made changes. It holds for
 * newcomers no longer than `maxStaleness`: it may be this process alone that cannot hear of those changes.
 */
export class LocalLease implements Lease {
  readonly dropped = true;
  readonly #outage: number;
  readonly #grantedAt: number;
  readonly #watch: Watch;
  #held = true;
  #yielded = false;
  #freed: Promise<void> | undefined;
  #free: (() => void) | undefined;

  constructor(
    private readonly guard: Guard,
    private readonly terms: LeaseTerms,
    private readonly leave: (lease: LocalLease) => void,
  ) {
    this.#outage = guard.health.outages;
    this.#grantedAt = guard.clock.now();
    this.#watch = terms.watch();
  }

  /** Whether others wait for it: not for one that fences a write, or has yielded. */
  get awaited(): boolean {
    return this.terms.purpose !== 'write' && !this.#yielded && this.#isKept([]);
  }

  yield(): void {
    this.#yielded = true;
    this.#free?.();
  }

  holds(lateTags: readonly string[] = []): boolean {
    const { clock, maxStaleness } = this.guard;
    return this.#isKept(lateTags) && clock.now() - this.#grantedAt <= maxStaleness;
  }

  /** Stores nothing; what was there before a write is not to be served after it. */
  commit({ tags }: Draft): Awaitable<boolean> {
    const held = this.#isKept(tags);
    this.release();
    return this.terms.purpose === 'write' ? after(this.terms.remove(), () => held) : held;
  }

  release(): void {
    this.#held = false;
    this.#watch.end();
    this.leave(this);
    this.#free?.();
  }

  /** What somebody who wanted this lease gets instead. */
  busy(): LeaseBusy {
    this.#freed ??= new Promise((resolve) => (this.#free = resolve));
    return { freed: this.#freed };
  }

  #isKept(lateTags: readonly string[]): boolean {
    const { guard } = this;
    return this.#held && guard.troubled && guard.health.outages === this.#outage && this.#watch.holds(lateTags);
  }
}
