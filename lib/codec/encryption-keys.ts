import { createHash, scryptSync } from 'node:crypto';
import { CacheOptionsError } from '../errors/cache.errors.js';

/** A key as it is used. It may be posted to another thread; it must not be logged. */
export interface EncryptionKey {
  /** Says under which key an entry is; {@link KEY_ID_LENGTH} bytes that tell nothing about the secret. */
  readonly id: Uint8Array;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** Bytes of a key id. */
export const KEY_ID_LENGTH = 8;

const SECRET_LENGTH = 32;
const ID_DOMAIN = 'nestjs-blossom-cache/key-id/1\0';
const PASSPHRASE_SALT = 'nestjs-blossom-cache/passphrase/1';
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

const HEX = /^[\da-f]{64}$/i;
/** Exactly 32 bytes, in either alphabet: 43 characters, of which the last carries four bits. */
const BASE64 = /^[\w+/-]{42}[AEIMQUYcgkosw048]=?$/;

const EXPECTED =
  'give 32 random bytes, the same in hexadecimal or base64, or a passphrase; or several of those, newest first';

/**
 * What the module option `encryptionKey` says: one key, or several with the newest first. A passphrase costs about
 * 100 ms and 32 MB once.
 * @throws {CacheOptionsError} naming the option; never with anything of a key in it
 */
export function encryptionKeys(option: unknown): readonly EncryptionKey[] {
  const given: readonly unknown[] = Array.isArray(option) ? option : [option];
  if (given.length === 0) throw new CacheOptionsError(`encryptionKey: an empty list; ${EXPECTED}`);
  const keys = given.map((key) => toKey(key));
  const ids = new Set(keys.map(({ id }) => Buffer.from(id).toString('hex')));
  if (ids.size < keys.length) throw new CacheOptionsError('encryptionKey: the same key is given twice');
  return keys;
}

function toKey(given: unknown): EncryptionKey {
  const secret = Uint8Array.from(toSecret(given));
  const digest = createHash('sha256').update(ID_DOMAIN).update(secret).digest();
  return { id: Uint8Array.from(digest.subarray(0, KEY_ID_LENGTH)), secret };
}

function toSecret(given: unknown): Uint8Array {
  if (given instanceof Uint8Array) return ofLength(given);
  if (typeof given !== 'string') throw new CacheOptionsError(`encryptionKey: neither text nor bytes; ${EXPECTED}`);
  if (given === '') throw new CacheOptionsError(`encryptionKey: an empty text; ${EXPECTED}`);
  if (HEX.test(given)) return Buffer.from(given, 'hex');
  if (BASE64.test(given)) return Buffer.from(given, 'base64');
  return scryptSync(given.normalize('NFC'), PASSPHRASE_SALT, SECRET_LENGTH, SCRYPT);
}

function ofLength(bytes: Uint8Array): Uint8Array {
  if (bytes.length === SECRET_LENGTH) return bytes;
  throw new CacheOptionsError(`encryptionKey: ${bytes.length} bytes, and 32 are needed; ${EXPECTED}`);
}
