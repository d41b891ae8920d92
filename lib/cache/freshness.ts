import type { Entry } from '../stores/store.js';

/**
 * What an entry is at an instant: `fresh` is a hit; `stale` is past its ttl but within its grace; `expired`
 * is of no use. At `now === expiresAt` it is no longer fresh.
 */
export type Freshness = 'fresh' | 'stale' | 'expired';

/** From when on an entry is renewed before its end: after that part of its ttl, or so many milliseconds before its end. */
export type RefreshAhead = { readonly part: number } | { readonly window: number };

/** For a look at an entry that is neither a hit nor a miss. */
export const UNCOUNTED = true;

export function freshness(entry: Pick<Entry, 'expiresAt' | 'staleUntil'>, now: number): Freshness {
  if (now < entry.expiresAt) return 'fresh';
  return now < entry.staleUntil ? 'stale' : 'expired';
}

/** Whether an entry may be served though it is not fresh, by somebody who allows it so many milliseconds beyond its ttl. */
export function isServable(
  entry: Pick<Entry, 'expiresAt' | 'staleUntil' | 'ttlEnd'>,
  now: number,
  grace: number,
): boolean {
  if (freshness(entry, now) === 'expired' || grace <= 0) return false;
  return now < (entry.ttlEnd ?? entry.expiresAt) + grace;
}

/** Whether it is time to renew a fresh entry. One that never ends, or lives no longer than the window, is not renewed. */
export function isDue(
  { createdAt, expiresAt }: Pick<Entry, 'createdAt' | 'expiresAt'>,
  now: number,
  ahead: RefreshAhead,
): boolean {
  const ttl = expiresAt - createdAt;
  const after = 'part' in ahead ? ttl * ahead.part : ttl - ahead.window;
  return after > 0 && now >= createdAt + after;
}
