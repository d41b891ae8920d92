import { assertItem, countOf, type WarmCall, type WarmItem, type WarmItems } from './warm-items.js';
import type { WarmStop } from './warm-options.js';

/** An item and its place among the others. */
export interface Numbered {
  readonly index: number;
  readonly item: WarmItem | WarmCall;
}

/** Hands out items, checked, one after the other to whoever asks. */
export class WarmSource {
  /** Undefined where it is not known beforehand. */
  readonly total: number | undefined;
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  #taken = 0;
  #ended = false;
  #failure: WarmStop | undefined;
  /** An iterator is asked one thing at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws {CacheOptionsError} for an array with an item that cannot be meant as written. */
  constructor(items: WarmItems) {
    this.total = countOf(items);
    if (Array.isArray(items)) items.forEach(assertItem);
    this.#iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }

  /** Items that were handed out. */
  get taken(): number {
    return this.#taken;
  }

  /** What the iterator threw. */
  get failure(): WarmStop | undefined {
    return this.#failure;
  }

  /**
   * The next item; undefined where there is none left.
   * @throws {CacheOptionsError} for one that cannot be meant as written; it is the last.
   */
  next(): Promise<Numbered | undefined> {
    const next = this.#turn.then(() => this.#next());
    this.#turn = next.catch(() => {});
    return next;
  }

  /** No more is wanted: lets the iterator clean up. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    try {
      await this.#iterator.return?.();
    } catch {
      // Nobody is left who waits for what it does.
    }
  }

  async #next(): Promise<Numbered | undefined> {
    const read = this.#ended ? undefined : await this.#read();
    if (read === undefined || this.#ended) return undefined;
    const index = this.#taken;
    const { item } = read;
    try {
      assertItem(item, index);
    } catch (error) {
      await this.end();
      throw error;
    }
    this.#taken += 1;
    return { index, item };
  }

  async #read(): Promise<{ readonly item: unknown } | undefined> {
    try {
      const { done, value } = await this.#iterator.next();
      if (done !== true) return { item: value };
    } catch (reason) {
      this.#failure = { by: 'items', reason };
    }
    this.#ended = true;
    return undefined;
  }
}
