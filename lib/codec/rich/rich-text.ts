import { jsonText, parseJson, readText } from '../plain-json.js';
import { UnreadableError } from '../unreadable.error.js';
import type { ValueType } from '../value-type.js';
import { BinaryReader, type BinaryWriter } from './binary.js';
import { Reviver } from './reviver.js';

/** Bytes that say how long the text is, in front of it; big-endian. */
const LENGTH_BYTES = 4;

/** The bytes of what a `Copier` made: the length of the text, the text, and the binary data as it is. */
export function writeRich(copy: unknown, binary: BinaryWriter): Uint8Array {
  const text = jsonText(copy);
  const textLength = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + textLength + binary.length);
  bytes.writeUInt32BE(textLength);
  let at = LENGTH_BYTES + bytes.write(text, LENGTH_BYTES);
  for (const part of binary.parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** @throws {UnreadableError}, or whatever the classes of the language throw that nothing can be made of */
export function parseRich(payload: Uint8Array, types: ReadonlyMap<string, ValueType>): unknown {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const textEnd = bytes.length < LENGTH_BYTES ? Infinity : LENGTH_BYTES + bytes.readUInt32BE();
  if (textEnd > bytes.length) throw new UnreadableError('content', 'shorter than it says');
  const parsed = parseJson(readText(bytes.subarray(LENGTH_BYTES, textEnd)));
  const binary = new BinaryReader(bytes.subarray(textEnd));
  const value = new Reviver(types, binary).revive(parsed);
  binary.end();
  return value;
}
