import { randomFillSync } from 'node:crypto';

/** Bytes of an id: nobody comes up with the same one again. */
export const ID_LENGTH = 16;

const POOL = 256;
let pool = Buffer.alloc(0);
let used = 0;

/** A random id: the version of an entry, the token of a lease, the stamp of a tag. */
export function uniqueId(): Buffer {
  if (used === pool.length) {
    pool = randomFillSync(Buffer.allocUnsafeSlow(ID_LENGTH * POOL));
    used = 0;
  }
  used += ID_LENGTH;
  return pool.subarray(used - ID_LENGTH, used);
}
