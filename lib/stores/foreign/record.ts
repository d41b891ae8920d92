import { crc32 } from 'node:zlib';

/**
 * A key has two stamps, and an entry carries one of them: so that what is about to be stored gets a new one, and what
 * is there stays valid until then.
 */
export type Slot = 0 | 1;

/** What is stored of an entry besides its value. Times are milliseconds of the cache's clock. */
export interface Head {
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Milliseconds between `expiresAt` and the end of its grace. */
  readonly grace: number;
  /** The stamp of its namespace. */
  readonly space: string;
  /** Which of the two stamps of its key it carries. */
  readonly slot: Slot;
  /** That stamp. */
  readonly key: string;
  /** Its tags, each with its stamp. */
  readonly tags: readonly (readonly [tag: string, stamp: string])[];
}

/** A text from the store, taken apart. The head is what it says there: nobody but encryption vouches for it. */
export interface StoredRecord {
  readonly text: string;
  readonly head: Head;
  /** The bytes of the head, to which an encrypted value is bound. */
  readonly headText: string;
  /** What the codec made of the value. */
  readonly frame: Uint8Array;
}

const MARK = 'blossom-1:';
/** Bytes before the head: its checksum and its length. */
const FIXED = 8;

/** The head as it is stored: JSON, in which `null` stands for `Infinity`. */
export function headTextOf({ createdAt, expiresAt, grace, space, slot, key, tags }: Head): string {
  return JSON.stringify([createdAt, expiresAt, grace, space, slot, key, tags]);
}

/**
 * The text of an entry: a mark, and in base64 the CRC-32 of what follows, seeded with the name under which it is
 * stored, the length of the head (uint32, little-endian, both), the head, and the codec's frame.
 */
export function writeRecord(headText: string, frame: Uint8Array, name: string): string {
  const headLength = Buffer.byteLength(headText);
  const bytes = Buffer.allocUnsafe(FIXED + headLength + frame.length);
  bytes.writeUInt32LE(headLength, 4);
  bytes.write(headText, FIXED);
  bytes.set(frame, FIXED + headLength);
  bytes.writeUInt32LE(checksum(bytes, name), 0);
  return MARK + bytes.toString('base64');
}

/**
 * Undefined where the text is not what was written under this name.
 * @param maxBytes of the frame
 */
export function readRecord(text: unknown, name: string, maxBytes: number): StoredRecord | undefined {
  if (typeof text !== 'string' || !text.startsWith(MARK) || text.length > maxTextLength(maxBytes)) return undefined;
  const bytes = Buffer.from(text.slice(MARK.length), 'base64');
  if (bytes.length < FIXED || bytes.readUInt32LE(0) !== checksum(bytes, name)) return undefined;
  const end = FIXED + bytes.readUInt32LE(4);
  if (end > bytes.length) return undefined;
  const headText = bytes.toString('utf8', FIXED, end);
  const head = parseHead(headText);
  return head === undefined ? undefined : { text, head, headText, frame: bytes.subarray(end) };
}

/** Bytes that a head may have besides; its tags are the user's. */
const MAX_HEAD = 16_777_216;

function maxTextLength(maxBytes: number): number {
  return MARK.length + Math.ceil(((maxBytes + MAX_HEAD) * 4) / 3) + 4;
}

function checksum(bytes: Uint8Array, name: string): number {
  return crc32(bytes.subarray(4), crc32(name));
}

function parseHead(text: string): Head | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== 7) return undefined;
  const [createdAt, expires, grace, space, slot, key, tags] = parts as readonly unknown[];
  if (typeof createdAt !== 'number' || !isSpan(expires) || !isSpan(grace)) return undefined;
  if (typeof space !== 'string' || (slot !== 0 && slot !== 1) || typeof key !== 'string' || !areTags(tags))
    return undefined;
  return { createdAt, expiresAt: expires ?? Infinity, grace: grace ?? Infinity, space, slot, key, tags };
}

function isSpan(part: unknown): part is number | null {
  return part === null || typeof part === 'number';
}

function areTags(part: unknown): part is readonly (readonly [string, string])[] {
  return Array.isArray(part) && part.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText));
}

function isText(part: unknown): part is string {
  return typeof part === 'string';
}
