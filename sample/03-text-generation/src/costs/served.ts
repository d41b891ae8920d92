import type { XCache } from './ledger.js';

/** An answer, and how it came about. */
export class Served<A> {
  constructor(
    readonly answer: A,
    readonly xCache: XCache,
    /** In words: `miss: expired; stored`. */
    readonly why: string,
  ) {}
}
