import type { HistoryRecord, LoadRecord } from './history.js';
import type { HistoryIndex, KeyHistory } from './history-index.js';
import { worded, type Violation } from './violation.js';

/** A time at which a load that is under way may not be for others to join. */
interface Excuse {
  readonly begin: number;
  readonly end: number;
}

/** Finds loads of one key that ran at the same time without a reason. */
export class LoadJudge {
  constructor(
    private readonly index: HistoryIndex,
    /** Whether nodes load for each other, too. */
    private readonly fleet: boolean,
  ) {}

  *of(book: KeyHistory): Generator<Violation> {
    const pairs = [...this.#overlapping(book.loads.filter(({ joinable }) => joinable))];
    if (pairs.length === 0) return;
    const excuses = [...this.#excuses(book)];
    for (const [first, second] of pairs) {
      const asked = Math.min(first.asked, second.asked);
      if (excuses.some(({ begin, end }) => begin < second.begin && end > asked)) continue;
      const message = `two loads at once: ${worded(first)}; ${worded(second)}`;
      yield { rule: 'two loads at once', message, records: [second, first] };
    }
  }

  /** Each load with the one before it, on its node or in all, that had not ended. */
  *#overlapping(loads: readonly LoadRecord[]): Generator<readonly [LoadRecord, LoadRecord]> {
    const last = new Map<string, LoadRecord>();
    for (const load of loads) {
      const who = this.fleet ? '' : load.node;
      const before = last.get(who);
      if (before !== undefined && endOf(before) > load.begin) yield [before, load];
      if (before === undefined || endOf(load) > endOf(before)) last.set(who, load);
    }
  }

  /** Whatever happens to the key, or may: also what its caller was told had failed, until nothing can come of it any more. */
  *#excuses({ loads, changes, touches, counts, tags }: KeyHistory): Generator<Excuse> {
    const { troubles } = this.index;
    const namespace = loads[0]?.namespace ?? '';
    const invalidations = [...tags].flatMap((tag) => this.index.invalidationsOf(tag));
    const forced = loads.filter(({ joinable }) => !joinable);
    for (const record of [...troubles, ...forced, ...touches]) yield { begin: record.begin, end: endOf(record) };
    for (const record of [...changes, ...this.index.clearsOf(namespace), ...invalidations, ...counts]) {
      yield { begin: record.begin, end: record.acknowledged ?? Infinity };
    }
  }
}

function endOf({ end }: HistoryRecord): number {
  return end ?? Infinity;
}
