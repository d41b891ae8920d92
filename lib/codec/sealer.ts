import { compress, decompress } from './compression.js';
import { Encryption, ENCRYPTION_OVERHEAD } from './encryption.js';
import type { EncryptionKey } from './encryption-keys.js';
import { HEADER_LENGTH, readHeader, writeHeader, type Layout } from './frame.js';
import type { ContainedPayload, Payload, Place } from './payload.js';
import { UnreadableError } from './unreadable.error.js';

/** Plain data, so that another thread can be given the same. */
export interface SealerOptions {
  /** Undefined: nothing is compressed, and what was is still read. */
  readonly compression: { /** Bytes from which compressing is tried. */ readonly threshold: number } | undefined;
  /** The largest payload, in bytes, decompressed. */
  readonly maxBytes: number;
  /** Newest first. None: nothing is encrypted. */
  readonly keys: readonly EncryptionKey[];
  /** Whether entries that are not encrypted are read although there are keys. */
  readonly allowPlaintext: boolean;
}

/** The layers below serialising: a payload becomes a frame, compressed where it pays and encrypted where there is a key. */
export class Sealer {
  readonly #options: SealerOptions;
  readonly #encryption: Encryption | undefined;

  constructor(options: SealerOptions) {
    const [newest, ...older] = options.keys;
    this.#options = options;
    this.#encryption = newest === undefined ? undefined : new Encryption([newest, ...older]);
  }

  /** The frame of a payload. */
  seal(payload: Payload, place: Place): Uint8Array {
    const packed = this.#compress(payload.bytes);
    const body = packed ?? payload.bytes;
    const layout = {
      format: payload.format,
      compressed: packed !== undefined,
      encrypted: this.#encryption !== undefined,
    };
    if (this.#encryption === undefined) return plainFrame(layout, body);
    const header = new Uint8Array(HEADER_LENGTH);
    writeHeader(header, layout);
    return this.#encryption.encrypt(header, body, place);
  }

  /**
   * The payload of the frame that begins there; its bytes may be those given.
   * @throws {UnreadableError}
   */
  open(bytes: Uint8Array, place: Place, from = 0): ContainedPayload {
    const { maxBytes } = this.#options;
    if (bytes.length - from > maxBytes + ENCRYPTION_OVERHEAD) throw new UnreadableError('size', 'larger than allowed');
    const { format, compressed, encrypted } = this.#readLayout(bytes, from);
    const body = from + HEADER_LENGTH;
    if (!compressed && !encrypted) return { format, bytes, from: body };
    const packed = encrypted ? this.#decrypt(bytes.subarray(from), place) : bytes.subarray(body);
    return { format, bytes: compressed ? decompress(packed, maxBytes) : packed, from: 0 };
  }

  #compress(bytes: Uint8Array): Uint8Array | undefined {
    const { compression } = this.#options;
    return compression === undefined || bytes.length < compression.threshold ? undefined : compress(bytes);
  }

  #readLayout(bytes: Uint8Array, from: number): Layout {
    if (this.#encryption === undefined || this.#options.allowPlaintext) return readHeader(bytes, from);
    const layout = headerOrNone(bytes, from);
    if (layout?.encrypted === true) return layout;
    throw new UnreadableError('plaintext', 'not encrypted, although a key is configured');
  }

  #decrypt(bytes: Uint8Array, place: Place): Uint8Array {
    if (this.#encryption !== undefined) return this.#encryption.decrypt(bytes, place);
    throw new UnreadableError('encrypted', 'encrypted, and no key is configured');
  }
}

function plainFrame(layout: Layout, body: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(HEADER_LENGTH + body.length);
  writeHeader(frame, layout);
  frame.set(body, HEADER_LENGTH);
  return frame;
}

function headerOrNone(bytes: Uint8Array, from: number): Layout | undefined {
  try {
    return readHeader(bytes, from);
  } catch {
    return undefined;
  }
}
