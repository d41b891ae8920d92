/** Slots of every Redis Cluster. */
export const KEY_SLOTS = 16_384;

/** CRC-16/XMODEM, byte by byte. */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  return crc & 0xffff;
});

/** The slot of a key: that of what is between its first braces, if there is anything (Redis Cluster Specification). */
export function keySlot(name: string): number {
  const open = name.indexOf('{');
  const close = open === -1 ? -1 : name.indexOf('}', open + 1);
  const hashed = Buffer.from(close > open + 1 ? name.slice(open + 1, close) : name);
  let crc = 0;
  for (let i = 0; i < hashed.length; i += 1) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ hashed[i]!]!;
  return crc % KEY_SLOTS;
}
