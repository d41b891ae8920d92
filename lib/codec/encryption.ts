import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { KEY_ID_LENGTH, type EncryptionKey } from './encryption-keys.js';
import { HEADER_LENGTH } from './frame.js';
import { NONCE_LENGTH, Nonces } from './nonces.js';
import type { Place } from './payload.js';
import { UnreadableError } from './unreadable.error.js';

const ALGORITHM = 'aes-256-gcm';
const TAG_LENGTH = 16;
const NONCE_AT = HEADER_LENGTH + KEY_ID_LENGTH;
const TEXT_AT = NONCE_AT + NONCE_LENGTH;

/** Bytes that an encrypted frame has besides its text. */
export const ENCRYPTION_OVERHEAD = TEXT_AT + TAG_LENGTH;

/**
 * AES-256-GCM. A frame is its header, the id of the key, a nonce, the text and the tag. The header, the id and the place
 * of the entry are authenticated along with the text.
 */
export class Encryption {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #newest: { readonly id: Uint8Array; readonly key: KeyObject };
  readonly #nonces = new Nonces();

  /** @param keys newest first; at least one. The newest encrypts, all of them decrypt. */
  constructor(keys: readonly [EncryptionKey, ...EncryptionKey[]]) {
    this.#keys = new Map(keys.map(({ id, secret }) => [idText(id), createSecretKey(secret)]));
    this.#newest = { id: keys[0].id, key: this.#keys.get(idText(keys[0].id))! };
  }

  /** @param header the first bytes of the frame to be */
  encrypt(header: Uint8Array, text: Uint8Array, place: Place): Uint8Array {
    const nonce = this.#nonces.next();
    const frame = Buffer.allocUnsafe(ENCRYPTION_OVERHEAD + text.length);
    frame.set(header);
    frame.set(this.#newest.id, HEADER_LENGTH);
    frame.set(nonce, NONCE_AT);
    const cipher = createCipheriv(ALGORITHM, this.#newest.key, nonce, { authTagLength: TAG_LENGTH });
    cipher.setAAD(associated(frame, place));
    frame.set(cipher.update(text), TEXT_AT);
    cipher.final();
    frame.set(cipher.getAuthTag(), TEXT_AT + text.length);
    return frame;
  }

  /** @throws {UnreadableError} of the kind that is a matter of security */
  decrypt(frame: Uint8Array, place: Place): Uint8Array {
    if (frame.length < ENCRYPTION_OVERHEAD) throw forged();
    const key = this.#keys.get(idText(frame.subarray(HEADER_LENGTH, NONCE_AT)));
    if (key === undefined) throw new UnreadableError('unknown-key', 'encrypted under a key that is not configured');
    const decipher = createDecipheriv(ALGORITHM, key, frame.subarray(NONCE_AT, TEXT_AT), { authTagLength: TAG_LENGTH });
    decipher.setAAD(associated(frame, place));
    decipher.setAuthTag(frame.subarray(frame.length - TAG_LENGTH));
    const text = decipher.update(frame.subarray(TEXT_AT, frame.length - TAG_LENGTH));
    try {
      decipher.final();
    } catch {
      throw forged();
    }
    return text;
  }
}

/** Header and key id, then namespace and key, each with its length: no two places have the same. */
function associated(frame: Uint8Array, place: Place): Uint8Array {
  const namespaceLength = Buffer.byteLength(place.namespace);
  const keyLength = Buffer.byteLength(place.key);
  const data = Buffer.allocUnsafe(NONCE_AT + 8 + namespaceLength + keyLength);
  data.set(frame.subarray(0, NONCE_AT));
  let at = data.writeUInt32BE(namespaceLength, NONCE_AT);
  at += data.write(place.namespace, at);
  at = data.writeUInt32BE(keyLength, at);
  data.write(place.key, at);
  return data;
}

function idText(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1');
}

function forged(): UnreadableError {
  return new UnreadableError('forged', 'altered, truncated, or moved from another key or namespace');
}
