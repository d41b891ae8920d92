import type { LeaseAnswer, LeasePurpose } from '../store.js';
import type { Guard } from './guard.js';
import type { LeaseTerms } from './lease-terms.js';
import { LocalLease } from './local.lease.js';

/** The leases of one namespace that this process grants itself: as the backend would, among its own loads. */
export class LocalLeases {
  readonly #leases = new Map<string, LocalLease>();

  constructor(private readonly guard: Guard) {}

  grant(terms: LeaseTerms): LeaseAnswer {
    const { key, purpose } = terms;
    const current = this.#leases.get(key);
    if (current !== undefined && WAITING.has(purpose) && current.awaited) return current.busy();
    current?.release();
    const lease = new LocalLease(this.guard, terms, (ended) => {
      if (this.#leases.get(key) === ended) this.#leases.delete(key);
    });
    this.#leases.set(key, lease);
    return lease;
  }
}

/** Those that wait for a lease of somebody else. */
const WAITING: ReadonlySet<LeasePurpose> = new Set(['load', 'ahead']);
