import { types } from 'node:util';

/**
 * Where two values differ, or undefined if nobody could tell them apart: by type, prototype, contents, order, -0 and NaN,
 * and by which objects are the same as which.
 */
export function difference(actual: unknown, expected: unknown): string | undefined {
  return new Comparison().compare(actual, expected, '$');
}

class Comparison {
  readonly #there = new Map<object, object>();
  readonly #back = new Map<object, object>();

  compare(a: unknown, b: unknown, path: string): string | undefined {
    if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) {
      return Object.is(a, b) ? undefined : `${path}: ${String(a)} is not ${String(b)}`;
    }
    if (this.#there.has(a) || this.#back.has(b)) {
      return this.#there.get(a) === b && this.#back.get(b) === a ? undefined : `${path}: shared otherwise`;
    }
    this.#there.set(a, b);
    this.#back.set(b, a);
    return this.#objects(a, b, path);
  }

  #objects(a: object, b: object, path: string): string | undefined {
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: another prototype`;
    const [left, right] = [contents(a), contents(b)];
    if (left.length !== right.length) return `${path}: ${left.length} parts, not ${right.length}`;
    for (let i = 0; i < left.length; i += 1) {
      const found = this.compare(left[i], right[i], `${path}/${i}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** What an object is made of, as a list. */
function contents(value: object): unknown[] {
  if (ArrayBuffer.isView(value)) return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  if (types.isAnyArrayBuffer(value)) return [...new Uint8Array(value)];
  if (types.isDate(value)) return [value.getTime()];
  if (types.isRegExp(value)) return [value.source, value.flags];
  if (value instanceof URL || value instanceof URLSearchParams) return [value.toString()];
  if (types.isBoxedPrimitive(value)) return [value.valueOf()];
  const inside = types.isMap(value) ? [...value].flat(1) : types.isSet(value) ? [...value] : [];
  return [...inside, ...properties(value)];
}

function properties(value: object): unknown[] {
  return Reflect.ownKeys(value)
    .filter((key) => !(types.isNativeError(value) && key === 'stack'))
    .flatMap((key) => {
      const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
      return [String(key), descriptor.enumerable, 'value' in descriptor ? descriptor.value : 'accessor'];
    });
}
