import type { Awaitable } from '../../support/awaitable.js';
import type { LeasePurpose } from '../store.js';
import type { Watch } from './local-changes.js';

/** What a lease was asked for, and what can be done about its key. */
export interface LeaseTerms {
  readonly key: string;
  readonly tags: readonly string[];
  readonly purpose: LeasePurpose;
  /** Begins to note what this process changes. */
  watch(): Watch;
  /** The key has a new value. */
  changed(): void;
  /** Nobody knows what the backend has under the key. */
  bury(): void;
  /** What is there is not to be served any more. */
  remove(): Awaitable<unknown>;
}
