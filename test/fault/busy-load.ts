import { systemClock } from '../../lib/support/clock.js';
import type { StoreSpace } from '../../lib/stores/store.js';
import { draft, pause } from './fault-room.js';

const LANES = 8;
const VALUE = 2_000;

/** An app that goes on using its cache, and notices whatever it is answered wrongly. */
export class BusyLoad {
  readonly wrong: string[] = [];
  /** Entries that were there after they were written. */
  hits = 0;
  /** Those that were not. */
  misses = 0;
  #stopped = false;
  readonly #lanes: Promise<void>[];

  constructor(private readonly space: StoreSpace) {
    this.#lanes = Array.from({ length: LANES }, (_, lane) => this.#run(lane));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#lanes);
  }

  async #run(lane: number): Promise<void> {
    try {
      for (let seq = 1; !this.#stopped; seq += 1) {
        await this.#use(`${lane} ${seq % 20}`, seq);
        // Others get their turn, whoever answers at once.
        if (seq % 10 === 0) await pause(0);
      }
    } catch (error) {
      this.wrong.push(`threw ${error instanceof Error ? error.stack : String(error)}`);
    }
  }

  async #use(key: string, seq: number): Promise<void> {
    const before = await this.#read(key);
    if (before !== undefined && before !== seq - 20) this.wrong.push(`'${key}' is ${before} before ${seq} is written`);
    await this.space.write(key, draft({ key, seq, pad: 'x'.repeat(VALUE) }));
    const after = await this.#read(key);
    if (after === undefined) this.misses += 1;
    else if (after === seq) this.hits += 1;
    else this.wrong.push(`'${key}' is ${after} after ${seq} was written`);
    if (seq % 3 !== 0) return;
    await this.space.remove(key);
    const gone = await this.#read(key);
    if (gone !== undefined) this.wrong.push(`'${key}' is ${gone} after it was removed`);
    await this.space.write(key, draft({ key, seq, pad: 'y'.repeat(VALUE) }));
  }

  async #read(key: string): Promise<number | undefined> {
    const value = (await this.space.read(key, systemClock.now()))?.value as { key: string; seq: number } | undefined;
    if (value !== undefined && value.key !== key) this.wrong.push(`'${key}' is ${JSON.stringify(value).slice(0, 60)}`);
    return value?.seq;
  }
}
