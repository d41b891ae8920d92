/** What an entry costs besides its key and value: its object, its place in the maps and lists. */
export const ENTRY_OVERHEAD = 200;

/**
 * Estimates the bytes a value keeps alive: two for each character of a text, the length of binary data, a
 * few words for every object and property. Shared and cyclic references count once. It is an estimate of the
 * heap, not a measurement; give `sizeOf` where the application knows better.
 */
export function estimateBytes(value: unknown): number {
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  let bytes = 0;
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== 'object' || next === null) bytes += primitiveBytes(next);
    else if (!seen.has(next)) {
      seen.add(next);
      bytes += objectBytes(next, pending);
    }
  }
  return bytes;
}

function primitiveBytes(value: unknown): number {
  if (typeof value === 'string') return 16 + 2 * value.length;
  if (typeof value === 'bigint') return 16 + value.toString(16).length / 2;
  return 8;
}

function objectBytes(value: object, pending: unknown[]): number {
  if (ArrayBuffer.isView(value)) return 64 + value.byteLength;
  if (value instanceof ArrayBuffer) return 64 + value.byteLength;
  if (Array.isArray(value)) return 32 + 8 * pushAll(value, pending);
  if (value instanceof Map) return 64 + 24 * (pushAll(value.keys(), pending) + pushAll(value.values(), pending));
  if (value instanceof Set) return 64 + 24 * pushAll(value, pending);
  return 32 + 16 * pushAll(Object.values(value), pending);
}

function pushAll(values: Iterable<unknown>, pending: unknown[]): number {
  let count = 0;
  for (const value of values) {
    pending.push(value);
    count += 1;
  }
  return count;
}
