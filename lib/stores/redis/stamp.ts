import { ID_LENGTH } from './unique-ids.js';

/**
 * A stamp is two random halves of eight bytes. An invalidation takes the stamp away, and whoever uses the tag next makes
 * another one; one that allows what is stale to be served changes the second half alone.
 */
export const HARD_HALF = ID_LENGTH / 2;

/** Whether what carries `stamp` may still be served stale: the tag has that stamp, or had it before its second half changed. */
export function isStillOf(stamp: Buffer, current: Buffer): boolean {
  return stamp.compare(current, 0, HARD_HALF, 0, HARD_HALF) === 0;
}
