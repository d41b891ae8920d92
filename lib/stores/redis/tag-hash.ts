import { createHash } from 'node:crypto';

/** A tag in the list of invalidations: short, and the same for everybody. */
export function tagHash(tag: string): Buffer {
  return createHash('sha256').update(tag).digest().subarray(0, 16);
}
