import { crc32 } from 'node:zlib';

/**
 * A tag as an entry or a lease carries it: void once the tag has another stamp, and no longer fresh once its soft stamp
 * alone is another one.
 */
export interface StampedTag {
  /** With the scope of its cache in front. */
  readonly name: string;
  readonly stamp: number;
  readonly soft: number;
}

/** What is stored of an entry besides its value. Times are milliseconds of the cache's clock. */
export interface Head {
  /** Random at each write: tells an entry from the one before it. */
  readonly version: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Milliseconds between `expiresAt` and the end of its grace. */
  readonly grace: number;
  readonly tags: readonly StampedTag[];
  readonly valueBytes: number;
  readonly valueSum: number;
}

/** What binds a head to its place, so that it is not taken for another's when an index is damaged. */
export interface HeadPlace {
  readonly space: number;
  readonly key: string;
}

const LAYOUT = 2;
const FIXED = 45;
/** Bytes of a tag before its text. */
const STAMPED = 20;
const NO_TAGS: readonly StampedTag[] = [];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Layout 2, little-endian: layout byte, version, createdAt, expiresAt, grace (float64 each), bytes and CRC-32 of
 * the value, number of tags (uint32 each), per tag its stamps (two float64), length (uint32) and UTF-8 text; at the end
 * the CRC-32 of all that, seeded with the key and its namespace.
 */
export function writeHead(head: Head, place: HeadPlace): Uint8Array {
  const names = head.tags.map(({ name }) => encoder.encode(name));
  const size = names.reduce((sum, name) => sum + STAMPED + name.length, FIXED) + 4;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] = LAYOUT;
  view.setFloat64(1, head.version, true);
  view.setFloat64(9, head.createdAt, true);
  view.setFloat64(17, head.expiresAt, true);
  view.setFloat64(25, head.grace, true);
  view.setUint32(33, head.valueBytes, true);
  view.setUint32(37, head.valueSum, true);
  view.setUint32(41, names.length, true);
  let at = FIXED;
  for (const [index, name] of names.entries()) {
    view.setFloat64(at, head.tags[index]!.stamp, true);
    view.setFloat64(at + 8, head.tags[index]!.soft, true);
    view.setUint32(at + 16, name.length, true);
    bytes.set(name, at + STAMPED);
    at += STAMPED + name.length;
  }
  view.setUint32(at, checksum(bytes, at, place), true);
  return bytes;
}

/** Undefined where the bytes are not what was written in this place. */
export function readHead(bytes: Uint8Array, place: HeadPlace): Head | undefined {
  // A damaged row may hold anything.
  if (!(bytes instanceof Uint8Array) || !Number.isSafeInteger(place.space)) return undefined;
  const end = bytes.length - 4;
  if (end < FIXED || bytes[0] !== LAYOUT) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(end, true) !== checksum(bytes, end, place)) return undefined;
  const count = view.getUint32(41, true);
  return {
    version: view.getFloat64(1, true),
    createdAt: view.getFloat64(9, true),
    expiresAt: view.getFloat64(17, true),
    grace: view.getFloat64(25, true),
    valueBytes: view.getUint32(33, true),
    valueSum: view.getUint32(37, true),
    tags: count === 0 ? NO_TAGS : readTags(view, bytes, count),
  };
}

/** Whether these are the bytes that were written with the head. */
export function isIntact(head: Head, value: Uint8Array): boolean {
  return value instanceof Uint8Array && value.length === head.valueBytes && crc32(value) === head.valueSum;
}

export function sumOf(value: Uint8Array): number {
  return crc32(value);
}

function readTags(view: DataView, bytes: Uint8Array, count: number): StampedTag[] {
  const tags: StampedTag[] = [];
  let at = FIXED;
  for (let i = 0; i < count; i += 1) {
    const length = view.getUint32(at + 16, true);
    const end = at + STAMPED + length;
    const name = decoder.decode(bytes.subarray(at + STAMPED, end));
    tags.push({ name, stamp: view.getFloat64(at, true), soft: view.getFloat64(at + 8, true) });
    at = end;
  }
  return tags;
}

function checksum(bytes: Uint8Array, end: number, { space, key }: HeadPlace): number {
  return crc32(bytes.subarray(0, end), crc32(key, space % 0x1_0000_0000));
}
