import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encryptionKeys } from '../../../lib/codec/encryption-keys.js';
import { CacheOptionsError } from '../../../lib/errors/cache.errors.js';
import { failure } from './codec-rig.js';

const bytes = Uint8Array.from(randomBytes(32));
const buffer = Buffer.from(bytes);

describe('encryptionKey', () => {
  it.each<[string, unknown]>([
    ['a Buffer', buffer],
    ['hexadecimal', buffer.toString('hex')],
    ['hexadecimal in capitals', buffer.toString('hex').toUpperCase()],
    ['base64', buffer.toString('base64')],
    ['base64 without padding', buffer.toString('base64').replace('=', '')],
    ['base64url', buffer.toString('base64url')],
    ['a list', [bytes]],
  ])('is the same key as 32 bytes in %s', (_, option) => {
    expect(encryptionKeys(option)).toStrictEqual(encryptionKeys(bytes));
    expect(encryptionKeys(option)[0]!.secret).toStrictEqual(bytes);
  });

  it('is the same key whenever a passphrase is given, however its letters are composed', () => {
    const [key] = encryptionKeys('correct horse bättery staple');
    expect(encryptionKeys('correct horse ba\u0308ttery staple')).toStrictEqual([key]);
    expect(key!.secret).toHaveLength(32);
    expect(encryptionKeys('correct horse battery staple')).not.toStrictEqual([key]);
  });

  it.each(['a'.repeat(63), 'g'.repeat(64), 'a'.repeat(43), `${'A'.repeat(43)}==`, ' '])(
    'takes any other text for a passphrase: %j',
    (passphrase) => {
      const [key] = encryptionKeys(passphrase);
      expect(Buffer.from(key!.secret).toString('latin1')).not.toContain(passphrase);
      expect(key!.secret).toHaveLength(32);
    },
  );

  it('keeps the order of several, each with an id of its own that tells nothing of it', () => {
    const keys = encryptionKeys([bytes, 'passphrase', randomBytes(32)]);
    expect(keys[0]!.secret).toStrictEqual(bytes);
    expect(new Set(keys.map(({ id }) => Buffer.from(id).toString('hex'))).size).toBe(3);
    expect(keys.every(({ id }) => id.length === 8)).toBe(true);
    expect(Buffer.from(keys[0]!.secret).includes(Buffer.from(keys[0]!.id))).toBe(false);
  });

  it('can be posted to another thread, and takes nothing else along', () => {
    const keys = encryptionKeys([buffer.toString('hex'), 'passphrase']);
    expect(structuredClone(keys)).toStrictEqual(keys);
    expect(keys.map(({ id, secret }) => [id.buffer.byteLength, secret.buffer.byteLength])).toEqual([
      [8, 32],
      [8, 32],
    ]);
  });

  it('does not change with the bytes it was given', () => {
    const given = Uint8Array.from(bytes);
    const keys = encryptionKeys(given);
    given.fill(0);
    expect(keys[0]!.secret).toStrictEqual(bytes);
  });

  it.each<[string, unknown]>([
    ['an empty text', ''],
    ['an empty list', []],
    ['31 bytes', bytes.subarray(1)],
    ['33 bytes', new Uint8Array(33)],
    ['a number', 5],
    ['undefined', undefined],
    ['null', null],
    ['a list of something else', [bytes, {}]],
    ['a list in a list', [[bytes]]],
    ['the same twice', [bytes, buffer]],
    ['the same written twice', [buffer.toString('hex'), buffer.toString('base64')]],
    ['the same passphrase twice', ['passphrase', 'passphrase']],
  ])('cannot be %s', (_, option) => {
    expect(() => encryptionKeys(option)).toThrow(CacheOptionsError);
    const { message } = failure(() => encryptionKeys(option));
    expect(message).toMatch(/^encryptionKey: /);
    expect(message).not.toContain(buffer.toString('hex'));
    expect(message).not.toContain('passphrase"');
  });
});
