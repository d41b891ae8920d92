import type { Awaitable } from '../../support/awaitable.js';
import type { Command } from './connection/redis-client.js';
import { letGo } from './let-go.js';

/**
 * Entries that one command stores at most: few enough for the server to store some while the next are being written.
 * And bytes of all of them after which no other is added.
 */
const MOST = 8;
const MOST_BYTES = 1_048_576;

/** Somebody who waits for an entry to be stored. */
interface Writer {
  done(): void;
  failed(error: unknown): void;
}

/** Entries that are stored in the same turn of the event loop, on one server, in one step. */
export class WriteBatch {
  readonly #names: string[] = [];
  readonly #about: (Buffer | string)[] = [];
  readonly #writers: Writer[] = [];
  #bytes = 0;
  #sent = false;

  /** @param store takes the keys, and of each its record and its life */
  constructor(private readonly store: (names: readonly string[], about: Command) => Promise<unknown>) {
    process.nextTick(() => void this.#send());
  }

  /** Whether another entry would be too late, or too much. */
  get closed(): boolean {
    return this.#sent || this.#names.length === MOST || this.#bytes > MOST_BYTES;
  }

  /**
   * Goes on with `done` in the step in which it is stored.
   * @param life as the script takes it: milliseconds, or `''` for ever
   */
  add<T>(name: string, record: Buffer, life: string, done: () => Awaitable<T>): Promise<T> {
    this.#bytes += record.length;
    this.#names.push(name);
    this.#about.push(record, life);
    return new Promise((resolve, reject) => {
      this.#writers.push({ done: () => resolve(done()), failed: reject });
    });
  }

  async #send(): Promise<void> {
    this.#sent = true;
    try {
      await this.store(this.#names, this.#about);
      for (const writer of this.#writers) writer.done();
    } catch (error) {
      for (const writer of this.#writers) writer.failed(error);
    }
    letGo(this.#names, this.#about, this.#writers);
  }
}
