import { randomFillSync } from 'node:crypto';

/** Bytes of a nonce, as AES-GCM has it. */
export const NONCE_LENGTH = 12;

const DRAWN_AT_ONCE = 256;

/** Random nonces, drawn many at a time because drawing costs more than encrypting. None is handed out twice. */
export class Nonces {
  readonly #drawn = Buffer.alloc(NONCE_LENGTH * DRAWN_AT_ONCE);
  #used = DRAWN_AT_ONCE;

  /** Valid until the next one is asked for. */
  next(): Uint8Array {
    if (this.#used === DRAWN_AT_ONCE) {
      randomFillSync(this.#drawn);
      this.#used = 0;
    }
    const start = this.#used * NONCE_LENGTH;
    this.#used += 1;
    return this.#drawn.subarray(start, start + NONCE_LENGTH);
  }
}
