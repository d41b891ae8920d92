import { UnreadableError } from './unreadable.error.js';

/** Of the frame: what its header means. It is the first byte, in this and in every later version. */
const FRAME_VERSION = 1;

/** Bytes before the body of a frame: the version, and the layout. */
export const HEADER_LENGTH = 2;

const FORMAT_MASK = 0x0f;
const COMPRESSED = 0x10;
const ENCRYPTED = 0x20;
const KNOWN = FORMAT_MASK | COMPRESSED | ENCRYPTED;

/** What the layout byte says about the body. */
export interface Layout {
  readonly format: number;
  readonly compressed: boolean;
  readonly encrypted: boolean;
}

/** Writes the two bytes of the header. */
export function writeHeader(frame: Uint8Array, layout: Layout): void {
  frame[0] = FRAME_VERSION;
  frame[1] = layout.format | (layout.compressed ? COMPRESSED : 0) | (layout.encrypted ? ENCRYPTED : 0);
}

/** @throws {UnreadableError} for a frame of another version, or with a layout that this one does not have */
export function readHeader(bytes: Uint8Array, from: number): Layout {
  const layout = bytes[from + 1];
  if (layout === undefined) throw new UnreadableError('frame', 'too short to be an entry');
  if (bytes[from] !== FRAME_VERSION) throw new UnreadableError('frame', 'written in an unknown version');
  if ((layout & ~KNOWN) !== 0) throw new UnreadableError('frame', 'laid out in an unknown way');
  return {
    format: layout & FORMAT_MASK,
    compressed: (layout & COMPRESSED) !== 0,
    encrypted: (layout & ENCRYPTED) !== 0,
  };
}
