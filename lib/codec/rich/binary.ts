import { UnreadableError } from '../unreadable.error.js';

/** How bytes become binary data of a kind again. They are its own: nothing else refers to them. */
type Make = (bytes: ArrayBuffer) => ArrayBuffer | ArrayBufferView;

interface ArrayConstructor {
  readonly name: string;
  readonly prototype: ArrayBufferView;
  new (bytes: ArrayBuffer): ArrayBufferView;
}

const FLOAT16 = (globalThis as { Float16Array?: ArrayConstructor }).Float16Array;

/** The typed arrays that this release of Node has. */
export const ARRAY_CLASSES: readonly ArrayConstructor[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  ...(FLOAT16 === undefined ? [] : [FLOAT16]),
];

const KINDS: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['Buffer', (bytes) => Buffer.from(bytes)],
  ['ArrayBuffer', (bytes) => bytes],
  ['DataView', (bytes) => new DataView(bytes)],
  ...ARRAY_CLASSES.map((Class): [string, Make] => [Class.name, (bytes) => new Class(bytes)]),
]);

/** The kind that binary data comes back as. */
export function binaryKind(value: ArrayBufferView | ArrayBuffer): string {
  if (Buffer.isBuffer(value)) return 'Buffer';
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** Gathers binary data, to be stored as it is. Only the visible part of a view is taken, not the memory around it. */
export class BinaryWriter {
  readonly parts: Uint8Array[] = [];
  length = 0;

  /** Where its bytes begin, and how many they are. */
  add(value: ArrayBufferView | ArrayBuffer): [start: number, length: number] {
    const bytes = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value);
    const start = this.length;
    this.parts.push(bytes);
    this.length += bytes.length;
    return [start, bytes.length];
  }
}

/** Hands binary data out, each byte once and in order, so that no more is allocated than was read. */
export class BinaryReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** @throws {UnreadableError}, or a RangeError where the kind does not come in so many bytes */
  take(name: unknown, start: unknown, length: unknown): ArrayBuffer | ArrayBufferView {
    const make = KINDS.get(name as string);
    if (make === undefined || start !== this.#position || !isCount(length)) throw invalid();
    const end = start + length;
    if (end > this.#bytes.length) throw invalid();
    this.#position = end;
    return make(copyOf(this.#bytes.subarray(start, end)));
  }

  /** @throws {UnreadableError} unless everything has been handed out */
  end(): void {
    if (this.#position !== this.#bytes.length) throw invalid();
  }
}

function copyOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function invalid(): UnreadableError {
  return new UnreadableError('content', 'not the binary data it should be');
}
