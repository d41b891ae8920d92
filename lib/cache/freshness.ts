import type { Entry } from '../stores/store.js';

/**
 * What an entry is at an instant: `fresh` is a hit; `stale` is past its ttl but within its grace; `expired`
 * is of no use. At `now === expiresAt` it is no longer fresh.
 */
export type Freshness = 'fresh' | 'stale' | 'expired';

export function freshness(entry: Pick<Entry, 'expiresAt' | 'staleUntil'>, now: number): Freshness {
  if (now < entry.expiresAt) return 'fresh';
  return now < entry.staleUntil ? 'stale' : 'expired';
}
