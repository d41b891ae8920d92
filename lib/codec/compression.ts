import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { UnreadableError } from './unreadable.error.js';

/** Bytes that say how long the original is, in front of what is compressed; big-endian. */
const LENGTH_BYTES = 4;

/** The smallest share that has to be saved. */
const WORTHWHILE = 0.1;

/** More than deflate can ever make of one byte. */
const LARGEST_RATIO = 1_100;

/** Fast: at this level, a kilobyte of JSON takes about 15 µs, most of it for the stream itself. */
const LEVEL = 1;

/** The compressed form, or undefined where it would save less than a tenth. */
export function compress(bytes: Uint8Array): Uint8Array | undefined {
  const packed = deflateRawSync(bytes, { level: LEVEL });
  if (packed.length + LENGTH_BYTES > bytes.length * (1 - WORTHWHILE)) return undefined;
  const result = Buffer.allocUnsafe(LENGTH_BYTES + packed.length);
  result.writeUInt32BE(bytes.length);
  result.set(packed, LENGTH_BYTES);
  return result;
}

/**
 * The original. Nothing larger than it says is ever allocated, and it may say no more than the limit.
 * @param maxBytes of the original
 * @throws {UnreadableError}
 */
export function decompress(packed: Uint8Array, maxBytes: number): Uint8Array {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  if (bytes.length <= LENGTH_BYTES) throw new UnreadableError('compression', 'too short to be compressed');
  const length = bytes.readUInt32BE();
  if (length > maxBytes) throw new UnreadableError('size', 'larger than allowed when decompressed');
  if (length === 0 || length > bytes.length * LARGEST_RATIO) {
    throw new UnreadableError('compression', 'not as long as it says');
  }
  const original = inflate(bytes.subarray(LENGTH_BYTES), length);
  if (original.length !== length) throw new UnreadableError('compression', 'not as long as it says');
  return original;
}

function inflate(packed: Uint8Array, length: number): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: length, chunkSize: Math.max(64, length) });
  } catch {
    throw new UnreadableError('compression', 'does not decompress');
  }
}
