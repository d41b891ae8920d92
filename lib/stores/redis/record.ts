import { crc32 } from 'node:zlib';
import { ID_LENGTH } from './unique-ids.js';

/** A tag as an entry or a lease carries it: valid as long as the tag still has this stamp. */
export interface StampedTag {
  readonly tag: string;
  readonly stamp: Buffer;
}

/** What decides whether an entry, or a lease, is still good. */
export interface Stamps {
  /** Of the namespace. */
  readonly namespace: Buffer;
  readonly tags: readonly StampedTag[];
}

/** How long an entry is good. Times are the server's, in milliseconds. */
export interface Span {
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Milliseconds after that for which it may be served stale. */
  readonly grace: number;
}

/** An entry as it is to be stored. */
export interface NewRecord {
  readonly version: Buffer;
  readonly span: Span;
  readonly stamps: Stamps;
  /** What the codec makes of the value. */
  readonly frame: Uint8Array;
  /** Whether the frame vouches for itself. */
  readonly sealed: boolean;
  /** Of its key: what is read under another one is damaged. */
  readonly seed: number;
}

const NO_TAGS: readonly StampedTag[] = [];
const MAGIC = 0xb1;
const TAIL_AT = 3;
const VERSION_AT = 7;
const EXPIRES_AT = 23;
const GRACE_AT = 31;
const CREATED_AT = 39;
const FRAME_AT = 47;
const SUM_AT = 51;
const STAMPS_AT = 55;
/** Bytes of a record without anything in it. */
const LEAST = VERSION_AT;
/** Bytes of a lease before its stamps: token and deadline. */
const LEASE_HEAD = ID_LENGTH + 8;

/**
 * Layout, little-endian: 0xb1; kind of the lease (0: none, 1: waited for, 2: whoever comes may take it over); whether there is an
 * entry; the offset of the lease (uint32). Then, where there is one, the entry: version (16 bytes), end, grace and creation
 * (float64 each), offset of the frame (uint32), CRC-32 of what follows, seeded with its key (0: not summed), stamps, frame. At its offset,
 * where there is one, the lease: token (16 bytes), deadline (float64), stamps. Stamps: that of the namespace (16 bytes), the
 * number of tags (uint32), and of each its stamp, the length of its name (uint32) and the name.
 */
export function writeRecord({ version, span, stamps, frame, sealed, seed }: NewRecord): Buffer {
  const frameAt = STAMPS_AT + stampsLength(stamps);
  const bytes = Buffer.allocUnsafe(frameAt + frame.length);
  bytes[0] = MAGIC;
  bytes[1] = 0;
  bytes[2] = 1;
  bytes.writeUInt32LE(bytes.length, TAIL_AT);
  bytes.set(version, VERSION_AT);
  bytes.writeDoubleLE(span.expiresAt, EXPIRES_AT);
  bytes.writeDoubleLE(span.grace, GRACE_AT);
  bytes.writeDoubleLE(span.createdAt, CREATED_AT);
  bytes.writeUInt32LE(frameAt, FRAME_AT);
  writeStamps(stamps, bytes, STAMPS_AT);
  bytes.set(frame, frameAt);
  bytes.writeUInt32LE(crc32(bytes.subarray(STAMPS_AT, sealed ? frameAt : bytes.length), seed), SUM_AT);
  return bytes;
}

/** The stamps of a lease, as its script appends them. */
export function packStamps(stamps: Stamps): Buffer {
  const bytes = Buffer.allocUnsafe(stampsLength(stamps));
  writeStamps(stamps, bytes, 0);
  return bytes;
}

/** The entry in what the server has under a key; or its head alone, without the frame. */
export class StoredRecord {
  readonly expiresAt: number;
  readonly grace: number;
  #stamps: Stamps | undefined;
  #content: Buffer | undefined;

  private constructor(
    readonly bytes: Buffer,
    private readonly frameAt: number,
    private readonly tailAt: number,
  ) {
    this.expiresAt = bytes.readDoubleLE(EXPIRES_AT);
    this.grace = bytes.readDoubleLE(GRACE_AT);
  }

  /** Undefined where there is no entry, or something else; `'damaged'` where there was one. */
  static read(bytes: Buffer, sealed: boolean, seed: number): StoredRecord | 'damaged' | undefined {
    if (bytes.length < LEAST || bytes[0] !== MAGIC) return 'damaged';
    if (bytes[2] === 0) return undefined;
    const record = StoredRecord.#layOut(bytes);
    return record !== undefined && record.#isIntact(sealed, seed) ? record : 'damaged';
  }

  /** The head that a script answered, of an entry that is gone or changed. Undefined where it is none. */
  static readHead(bytes: Buffer): StoredRecord | undefined {
    if (bytes.length < STAMPS_AT || bytes[0] !== MAGIC || bytes[2] === 0) return undefined;
    const record = new StoredRecord(bytes, bytes.length, bytes.length);
    return record.#hasStamps() ? record : undefined;
  }

  static #layOut(bytes: Buffer): StoredRecord | undefined {
    if (bytes.length < STAMPS_AT) return undefined;
    const frameAt = bytes.readUInt32LE(FRAME_AT);
    const tailAt = bytes.readUInt32LE(TAIL_AT);
    if (frameAt < STAMPS_AT || frameAt > tailAt || tailAt > bytes.length) return undefined;
    const record = new StoredRecord(bytes, frameAt, tailAt);
    return record.#hasStamps() ? record : undefined;
  }

  get version(): Buffer {
    return this.bytes.subarray(VERSION_AT, VERSION_AT + ID_LENGTH);
  }

  get createdAt(): number {
    return this.bytes.readDoubleLE(CREATED_AT);
  }

  /** The stamps, and behind them the frame: one view of the bytes for all that is done with them. */
  get content(): Buffer {
    return (this.#content ??= this.bytes.subarray(STAMPS_AT, this.tailAt));
  }

  /** Where the frame begins in {@link content}. */
  get frameFrom(): number {
    return this.frameAt - STAMPS_AT;
  }

  get stamps(): Stamps {
    return (this.#stamps ??= readStamps(this.bytes, STAMPS_AT, this.frameAt)!);
  }

  /** Whether there are no tags, and the namespace has this stamp. */
  hasJust(namespace: Buffer): boolean {
    if (this.bytes.readUInt32LE(STAMPS_AT + ID_LENGTH) !== 0) return false;
    for (let i = 0; i < ID_LENGTH; i += 1) if (this.bytes[STAMPS_AT + i] !== namespace[i]) return false;
    return true;
  }

  #hasStamps(): boolean {
    if (this.frameAt < STAMPS_AT + ID_LENGTH + 4) return false;
    if (this.bytes.readUInt32LE(STAMPS_AT + ID_LENGTH) === 0) return true;
    this.#stamps = readStamps(this.bytes, STAMPS_AT, this.frameAt);
    return this.#stamps !== undefined;
  }

  /** Whoever wrote it may have had a key where the reader has none, or the reverse: the codec says what becomes of that. */
  #isIntact(sealed: boolean, seed: number): boolean {
    const sum = this.bytes.readUInt32LE(SUM_AT);
    return sum === 0 || sum === this.#sum(sealed, seed) || sum === this.#sum(!sealed, seed);
  }

  #sum(sealed: boolean, seed: number): number {
    return crc32(sealed ? this.bytes.subarray(STAMPS_AT, this.frameAt) : this.content, seed);
  }
}

/** A lease that somebody else holds, as a script answers it. */
export interface ForeignLease {
  readonly token: Buffer;
  readonly stamps: Stamps | undefined;
}

export function readLease(tail: Buffer): ForeignLease {
  return { token: tail.subarray(0, ID_LENGTH), stamps: readStamps(tail, LEASE_HEAD, tail.length) };
}

function stampsLength({ tags }: Stamps): number {
  let length = ID_LENGTH + 4;
  for (const { tag } of tags) length += ID_LENGTH + 4 + Buffer.byteLength(tag);
  return length;
}

function writeStamps({ namespace, tags }: Stamps, bytes: Buffer, from: number): void {
  bytes.set(namespace, from);
  let at = bytes.writeUInt32LE(tags.length, from + ID_LENGTH);
  for (const { tag, stamp } of tags) {
    bytes.set(stamp, at);
    const length = bytes.write(tag, at + ID_LENGTH + 4);
    bytes.writeUInt32LE(length, at + ID_LENGTH);
    at += ID_LENGTH + 4 + length;
  }
}

/** Undefined where the bytes are none. */
function readStamps(bytes: Buffer, from: number, end: number): Stamps | undefined {
  let at = from + ID_LENGTH + 4;
  if (at > end) return undefined;
  const namespace = bytes.subarray(from, from + ID_LENGTH);
  const count = bytes.readUInt32LE(from + ID_LENGTH);
  if (count === 0) return { namespace, tags: NO_TAGS };
  const tags: StampedTag[] = [];
  for (let i = 0; i < count; i += 1) {
    const name = at + ID_LENGTH + 4;
    if (name > end) return undefined;
    const next = name + bytes.readUInt32LE(at + ID_LENGTH);
    if (next > end) return undefined;
    tags.push({ tag: bytes.toString('utf8', name, next), stamp: bytes.subarray(at, at + ID_LENGTH) });
    at = next;
  }
  return { namespace, tags };
}
