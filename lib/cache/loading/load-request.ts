import type { Entry } from '../../stores/store.js';
import type { GetOrSetOptions } from '../call-options.js';
import type { CallPolicy, LoadTerms } from '../call-policy.js';
import type { LoadContext } from './load-context.js';

/** What runs when a value is missing. */
export type Loader<T = unknown> = (context: LoadContext) => T | PromiseLike<T>;

/** Loads several keys at once, when it is known of each whether it is needed. */
export interface LoadBatch {
  /** It need not wait for this key: that is not to be loaded, or not before somebody else is through. */
  without(key: string): void;
}

/** One load as it was asked for. */
export interface LoadRequest {
  readonly key: string;
  readonly loader: Loader;
  readonly options: GetOrSetOptions;
  readonly policy: CallPolicy;
  readonly terms: LoadTerms;
  /** Whether there may be an entry that the load is to replace. */
  readonly looks: boolean;
  /** The one that its caller saw, past its ttl. */
  readonly seen: Entry | undefined;
  /** What its loader waits for, where that loads several keys. */
  readonly batch?: LoadBatch;
  /** Whether its loader writes the source, which is no load and not told as one. */
  readonly writes?: boolean;
  /** How errors name the call. */
  readonly operation: string;
}
