import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encryptionKeys } from '../../../lib/codec/encryption-keys.js';
import { fixedKey, makeCodec, outcome, PLACE } from './codec-rig.js';

const keys = encryptionKeys(fixedKey(1));
const value = { secret: 'of somebody', at: new Date(5) };

describe('encryption', () => {
  const codec = makeCodec({ keys });

  it('leaves nothing of the value, the key or the place to be seen', () => {
    const bytes = Buffer.from(codec.encode(value, PLACE));
    for (const text of ['secret', 'somebody', PLACE.namespace, PLACE.key, Buffer.from(fixedKey(1))]) {
      expect(bytes.includes(text)).toBe(false);
    }
  });

  it('M6 makes other bytes of the same value every time', () => {
    const seen = new Set(Array.from({ length: 10_000 }, () => nonceOf(codec.encode(1, PLACE))));
    expect(seen.size).toBe(10_000);
  });

  it('M3 binds an entry to its namespace and key', () => {
    const bytes = codec.encode(value, PLACE);
    expect(outcome(() => codec.decode(bytes, { ...PLACE, key: 'UsersService.findOne:2' }))).toBe('forged!');
    expect(outcome(() => codec.decode(bytes, { ...PLACE, namespace: 'user' }))).toBe('forged!');
  });

  it('M3 tells places apart whose names run into each other', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 8 });
    fc.assert(
      fc.property(name, name, fc.nat(8), (namespace, key, at) => {
        const whole = namespace + key;
        const other = { namespace: whole.slice(0, at), key: whole.slice(at) };
        fc.pre(other.namespace !== namespace && whole.isWellFormed() && other.key.isWellFormed());
        const bytes = codec.encode(1, { namespace, key });
        expect(codec.decode(bytes, { namespace, key })).toBe(1);
        expect(outcome(() => codec.decode(bytes, other))).toBe('forged!');
      }),
    );
  });

  it('M3 notices every bit that is flipped', () => {
    const bytes = codec.encode({ a: 1n }, PLACE);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const altered = Uint8Array.from(bytes);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(outcome(() => codec.decode(altered, PLACE))).toMatch(/!$/);
    }
  });

  it('M3 notices whatever is cut off, added or taken from another entry', () => {
    const bytes = codec.encode({ a: 1 }, PLACE);
    const other = codec.encode({ a: 2 }, { ...PLACE, key: 'another' });
    for (let length = 0; length < bytes.length; length += 1) {
      expect(outcome(() => codec.decode(bytes.subarray(0, length), PLACE))).toMatch(/!$/);
      const spliced = Buffer.concat([bytes.subarray(0, length), other.subarray(length)]);
      expect(outcome(() => codec.decode(spliced, PLACE))).toMatch(/!$/);
    }
    expect(outcome(() => codec.decode(Buffer.concat([bytes, Buffer.alloc(1)]), PLACE))).toBe('forged!');
  });

  it('reads nothing without a key, which is no matter of security', () => {
    expect(outcome(() => makeCodec().decode(codec.encode(value, PLACE), PLACE))).toBe('encrypted');
  });
});

describe('rotation of keys', () => {
  const [older, newer] = [encryptionKeys(fixedKey(1)), encryptionKeys(fixedKey(2))];
  const both = makeCodec({ keys: [...newer, ...older] });

  it('M4 reads what was written under any of them, and writes under the newest', () => {
    expect(both.decode(makeCodec({ keys: older }).encode(value, PLACE), PLACE)).toStrictEqual(value);
    const bytes = both.encode(value, PLACE);
    expect(makeCodec({ keys: newer }).decode(bytes, PLACE)).toStrictEqual(value);
    expect(outcome(() => makeCodec({ keys: older }).decode(bytes, PLACE))).toBe('unknown-key!');
  });

  it('M4 notices a key that is not what its id says', () => {
    const impostor = [{ id: older[0]!.id, secret: randomBytes(32) }];
    expect(
      outcome(() => makeCodec({ keys: impostor }).decode(makeCodec({ keys: older }).encode(1, PLACE), PLACE)),
    ).toBe('forged!');
  });

  it('works the same from keys that were copied to another thread', () => {
    const copied = makeCodec({ keys: structuredClone(older) });
    expect(copied.decode(makeCodec({ keys: older }).encode(value, PLACE), PLACE)).toStrictEqual(value);
  });
});

describe('plaintext under a key', () => {
  const plain = makeCodec().encode(value, PLACE);

  it('is refused', () => {
    const codec = makeCodec({ keys });
    expect(outcome(() => codec.decode(plain, PLACE))).toBe('plaintext!');
    expect(outcome(() => codec.decode(makeCodec({ compression: { threshold: 1 } }).encode('x'.repeat(99), PLACE), PLACE))).toBe('plaintext!'); // prettier-ignore
    for (const bytes of [[], [1], [9, 0x21], [1, 0xe1]]) {
      expect(outcome(() => codec.decode(Uint8Array.from(bytes), PLACE))).toBe('plaintext!');
    }
  });

  it('is read where it is allowed, and what is encrypted is still not forged', () => {
    const codec = makeCodec({ keys, allowPlaintext: true });
    expect(codec.decode(plain, PLACE)).toStrictEqual(value);
    const bytes = codec.encode(value, PLACE);
    expect(outcome(() => codec.decode(bytes, { ...PLACE, key: 'another' }))).toBe('forged!');
    expect(outcome(() => codec.decode(Uint8Array.of(9, 1), PLACE))).toBe('frame');
  });
});

function nonceOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(10, 22)).toString('hex');
}
