import type { Awaitable } from '../../support/awaitable.js';
import type { Draft, Lease } from '../store.js';

/** A lease of the far tier; what it stores, the near tier has to follow. */
export class TieredLease implements Lease {
  constructor(
    private readonly lease: Lease,
    private readonly store: (commit: () => Awaitable<boolean>) => Awaitable<boolean>,
  ) {}

  get dropped(): boolean {
    return this.lease.dropped === true;
  }

  holds(lateTags?: readonly string[]): Awaitable<boolean> {
    return this.lease.holds(lateTags);
  }

  commit(draft: Draft): Awaitable<boolean> {
    return this.store(() => this.lease.commit(draft));
  }

  yield(): Awaitable<void> {
    return this.lease.yield();
  }

  release(): Awaitable<void> {
    return this.lease.release();
  }
}
