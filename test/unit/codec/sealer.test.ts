import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encryptionKeys } from '../../../lib/codec/encryption-keys.js';
import { FORMATS } from '../../../lib/codec/payload.js';
import { Sealer } from '../../../lib/codec/sealer.js';
import { fixedKey, makeCodec, OPTIONS, outcome, PLACE } from './codec-rig.js';

const sealer = new Sealer({ ...OPTIONS, compression: { threshold: 1_000 } });

function payload(bytes: Uint8Array): { format: number; bytes: Uint8Array } {
  return { format: FORMATS.json, bytes };
}

function isCompressed(frame: Uint8Array): boolean {
  return (frame[1]! & 0x10) !== 0;
}

describe('frame', () => {
  it('begins with its version and layout', () => {
    expect([...sealer.seal(payload(Buffer.from('1')), PLACE)]).toEqual([1, 0x01, 0x31]);
    expect([...makeCodec().encode(undefined, PLACE).subarray(0, 2)]).toEqual([1, 0x02]);
  });

  it.each([[[]], [[1]], [[0, 1, 0x31]], [[2, 1, 0x31]], [[1, 0x41, 0x31]], [[1, 0x81, 0x31]], [[0x7b, 0x7d]]])(
    'is unreadable in another version or layout: %j',
    (bytes) => {
      expect(outcome(() => sealer.open(Uint8Array.from(bytes), PLACE))).toBe('frame');
    },
  );

  it('is unreadable with a serialised form that is not known', () => {
    for (const format of [0, 4, 15]) {
      expect(outcome(() => makeCodec().decode(Uint8Array.of(1, format, 0x31), PLACE))).toBe('format');
    }
  });

  it('is opened to what was sealed, in any combination', () => {
    const bytes = Buffer.from('some text '.repeat(500));
    for (const compression of [undefined, { threshold: 1 }]) {
      for (const keys of [[], encryptionKeys(fixedKey(1))]) {
        const each = new Sealer({ ...OPTIONS, compression, keys });
        const frame = each.seal({ format: 7, bytes }, PLACE);
        for (const before of [0, 3]) {
          const opened = each.open(Buffer.concat([Buffer.alloc(before, 0xff), frame]), PLACE, before);
          expect(opened.format).toBe(7);
          expect(Buffer.from(opened.bytes.subarray(opened.from)).equals(bytes)).toBe(true);
        }
      }
    }
  });
});

describe('compression', () => {
  it('M7 is not tried below the threshold', () => {
    expect(isCompressed(sealer.seal(payload(Buffer.alloc(999)), PLACE))).toBe(false);
    expect(isCompressed(sealer.seal(payload(Buffer.alloc(1_000)), PLACE))).toBe(true);
  });

  it('M7 is left out where it does not pay', () => {
    const bytes = randomBytes(5_000);
    const frame = sealer.seal(payload(bytes), PLACE);
    expect(isCompressed(frame)).toBe(false);
    expect(frame).toHaveLength(5_002);
  });

  it('is read by a codec that does not compress', () => {
    const frame = sealer.seal(payload(Buffer.alloc(5_000, '1')), PLACE);
    expect(new Sealer(OPTIONS).open(frame, PLACE).bytes).toHaveLength(5_000);
  });

  it('M7 is unreadable beyond the size that is allowed, whatever it says of itself', () => {
    const packed = deflateRawSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
    expect(packed.length).toBeLessThan(70_000);
    const before = process.memoryUsage().arrayBuffers;
    for (const length of [0, 1, 1_000, 1_000_000, OPTIONS.maxBytes]) {
      expect(outcome(() => sealer.open(compressed(length, packed), PLACE))).toBe('compression');
    }
    expect(outcome(() => sealer.open(compressed(64 * 1024 * 1024, packed), PLACE))).toBe('size');
    expect(outcome(() => sealer.open(compressed(2 ** 32 - 1, packed), PLACE))).toBe('size');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(OPTIONS.maxBytes * 3);
  });

  it('M7 allocates no more than could be in so few bytes', () => {
    const before = process.memoryUsage().arrayBuffers;
    const little = deflateRawSync(Buffer.alloc(100));
    expect(outcome(() => sealer.open(compressed(OPTIONS.maxBytes, little), PLACE))).toBe('compression');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(OPTIONS.maxBytes);
  });

  it('is unreadable when it is cut off or is none', () => {
    const frame = sealer.seal(payload(Buffer.from('some text '.repeat(500))), PLACE);
    for (let length = 2; length < frame.length; length += 1) {
      expect(outcome(() => sealer.open(frame.subarray(0, length), PLACE))).toBe('compression');
    }
    const short = deflateRawSync(Buffer.alloc(100, 'short'));
    expect(outcome(() => sealer.open(compressed(100, short), PLACE))).toBe('readable');
    expect(outcome(() => sealer.open(compressed(101, short), PLACE))).toBe('compression');
    expect(outcome(() => sealer.open(compressed(99, short), PLACE))).toBe('compression');
    expect(outcome(() => sealer.open(compressed(100, Buffer.from('not compressed')), PLACE))).toBe('compression');
  });
});

describe('size', () => {
  it('is limited for what is not compressed, too', () => {
    const small = new Sealer({ ...OPTIONS, maxBytes: 1_000 });
    expect(outcome(() => small.open(sealer.seal(payload(randomBytes(2_000)), PLACE), PLACE))).toBe('size');
  });
});

function compressed(length: number, packed: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(6 + packed.length);
  frame.set([1, 0x11]);
  frame.writeUInt32BE(length, 2);
  frame.set(packed, 6);
  return frame;
}
