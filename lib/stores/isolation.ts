import { deserialize, serialize } from 'node:v8';
import { CacheSerializationError } from '../errors/cache.errors.js';

/**
 * How values in memory are protected from those who hold them.
 * - `reference`: not at all; a caller that changes what it got changes it for everybody. Nothing is copied.
 * - `freeze`: what is stored is frozen deeply, in place. Maps, Sets, Dates and binary data cannot be frozen.
 * - `clone`: a structured clone is stored and every reader gets one of its own; instances become plain data.
 */
export type Isolation = 'reference' | 'freeze' | 'clone';

/** What a value becomes on its way into the store and out of it. */
export interface Isolator {
  store(value: unknown): unknown;
  /** Undefined where readers get what is stored. */
  readonly read: ((value: unknown) => unknown) | undefined;
}

export const ISOLATORS: Readonly<Record<Isolation, Isolator>> = {
  reference: { store: (value) => value, read: undefined },
  freeze: { store: deepFreeze, read: undefined },
  clone: { store: clone, read: clone },
};

/** By the serialiser behind structured clone, which unlike `structuredClone` keeps Buffers what they are. */
function clone(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  try {
    return deserialize(serialize(value));
  } catch (cause) {
    throw new CacheSerializationError(
      "the value holds something that cannot be cloned, such as a function; store plain data or use isolation: 'reference'",
      { cause },
    );
  }
}

function deepFreeze(value: unknown): unknown {
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== 'object' || next === null || seen.has(next) || ArrayBuffer.isView(next)) continue;
    seen.add(next);
    for (const key of Reflect.ownKeys(next)) pending.push(Object.getOwnPropertyDescriptor(next, key)?.value);
    Object.freeze(next);
  }
  return value;
}
