import type { CacheBackendError } from '../../errors/cache.errors.js';
import type { Awaitable } from '../../support/awaitable.js';
import type { Draft, Lease } from '../store.js';
import { attempt } from './attempt.js';
import type { Guard } from './guard.js';
import type { LeaseTerms } from './lease-terms.js';
import type { Watch } from './local-changes.js';

/** A lease that the backend granted, and may not be there to keep. */
export class GuardedLease implements Lease {
  dropped = false;

  constructor(
    private readonly guard: Guard,
    private readonly lease: Lease,
    private readonly watch: Watch,
    private readonly terms: LeaseTerms,
  ) {}

  /** False too where the backend cannot tell: what others did is known to it alone. */
  holds(lateTags: readonly string[] = []): Awaitable<boolean> {
    if (this.#overtaken(lateTags)) return false;
    if (this.guard.troubled && this.guard.refusal('holds', 'read') !== undefined) return false;
    return attempt(
      () => this.lease.holds(lateTags),
      (held) => held && !this.#overtaken(lateTags),
      (error) => {
        this.guard.failed('read', 'holds', error);
        return false;
      },
    );
  }

  commit(draft: Draft): Awaitable<boolean> {
    return this.guard.change(
      'store',
      'commit',
      () => this.lease.commit(draft),
      (stored) => {
        this.watch.end();
        if (stored) this.terms.changed();
        return stored;
      },
      (error, asked) => this.#uncommitted(draft, error, asked),
    );
  }

  /** Where that fails the holder is waited for until its lease runs out. */
  yield(): Awaitable<void> {
    if (this.guard.troubled && this.guard.refusal('yield', 'store') !== undefined) return undefined;
    return attempt(
      () => this.lease.yield(),
      () => {},
      (error) => this.guard.failed('store', 'yield', error),
    );
  }

  /** Is asked for in any case, as the store renews the lease until then; nobody waits for what is stalled. */
  release(): Awaitable<void> {
    this.watch.end();
    if (this.guard.health.stalled('evict')) return void (async () => this.#release())().catch(() => {});
    return this.#release();
  }

  #release(): Awaitable<void> {
    return attempt(
      () => this.lease.release(),
      () => {},
      (error) => this.guard.failed('evict', 'release', error),
    );
  }

  /**
   * Whether the value may be given to those who wait for it as if it had been stored: not if this process changed
   * something meanwhile, nor if it came with tags of which only the backend knows what became of them.
   */
  #uncommitted({ tags }: Draft, error: CacheBackendError, asked: boolean): boolean {
    this.dropped = true;
    const held = this.watch.holds(tags) && tags.every((tag) => this.terms.tags.includes(tag));
    if (asked || this.terms.purpose === 'write') this.terms.bury();
    if (asked) this.watch.end();
    else (async () => this.release())().catch(() => {});
    if (this.guard.throws) throw error;
    return held;
  }

  /** Whether this process made a change that the backend may not know of yet. */
  #overtaken(lateTags: readonly string[]): boolean {
    return this.guard.troubled && !this.watch.holds(lateTags);
  }
}
