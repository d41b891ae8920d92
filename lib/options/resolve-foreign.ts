import { assertForeignStore } from '../stores/foreign/adapt-store.js';
import { commandTimeout } from './checks.js';
import type { ForeignStoreOptions } from './options.js';

export const FOREIGN_OPTIONS = ['store', 'commandTimeout'] as const;

/** What a store over a store by others is made from. */
export interface ResolvedForeign {
  readonly backend: 'cache-manager' | 'keyv';
  /** As given: the store, or a promise of it. */
  readonly store: object;
  readonly prefix: string;
  readonly version: string;
  /** Milliseconds for which an operation waits for the store. */
  readonly commandTimeout: number;
}

export function resolveForeign(
  { backend, store, ...others }: ForeignStoreOptions,
  scope: Pick<ResolvedForeign, 'prefix' | 'version'>,
): ResolvedForeign {
  const given: unknown = store;
  assertForeignStore(backend, given);
  return Object.freeze({
    ...scope,
    backend,
    store: given,
    commandTimeout: commandTimeout(others.commandTimeout),
  });
}
