import type { CountRecord, HistoryRecord } from './history.js';
import type { HistoryIndex, KeyHistory } from './history-index.js';
import { worded, type Violation } from './violation.js';

interface Counted extends CountRecord {
  readonly end: number;
  readonly result: number;
}

/** Finds sums that cannot be: an addition that was lost, or one that was made twice. */
export class CountJudge {
  constructor(private readonly index: HistoryIndex) {}

  *of(book: KeyHistory): Generator<Violation> {
    const { counts } = book;
    // A counter that ends begins at nothing again.
    if (counts.some(({ by, ttl }) => by < 0 || ttl !== null)) return;
    const resets = this.#resets(book);
    for (const later of counts.filter(isCounted)) {
      const earlier = highest(counts, lastReset(resets, later.end), later.begin);
      if (earlier === undefined) continue;
      const [least, most] = bounds(counts, earlier, later);
      if (later.result >= least && later.result <= most) continue;
      const message = `miscounted: ${worded(later)}: ${worded(earlier)}, so that ${least} to ${most} was to be expected`;
      yield { rule: 'miscounted', message, records: [later, earlier] };
    }
  }

  /** What may have put an end to the counter: a failed addition among it, of which nobody can say what came. */
  #resets({ counts, changes, tags }: KeyHistory): HistoryRecord[] {
    const failed = counts.filter(({ result }) => result === null);
    const invalidations = [...tags].flatMap((tag) => this.index.invalidationsOf(tag));
    const losses = this.index.troubles.filter(({ loses }) => loses);
    const clears = this.index.clearsOf(counts[0]?.namespace ?? '');
    return [...failed, ...changes, ...clears, ...invalidations, ...losses];
  }
}

function isCounted(count: CountRecord): count is Counted {
  return count.end !== null && count.result !== null;
}

/** When the counter may have been put back for the last time. */
function lastReset(resets: readonly HistoryRecord[], before: number): number {
  return Math.max(-Infinity, ...resets.filter(({ begin }) => begin < before).map(lastEffect));
}

function lastEffect(reset: HistoryRecord): number {
  const end = 'acknowledged' in reset ? reset.acknowledged : reset.end;
  return end ?? Infinity;
}

/** The highest sum of those that were made between two instants. */
function highest(counts: readonly CountRecord[], from: number, to: number): Counted | undefined {
  return counts.filter(isCounted).reduce<Counted | undefined>((most, count) => {
    if (count.begin < from || count.end >= to) return most;
    return most === undefined || count.result > most.result ? count : most;
  }, undefined);
}

/** With what lay between the two at least, and with what may have at most. */
function bounds(counts: readonly CountRecord[], earlier: Counted, later: Counted): readonly [number, number] {
  const total = (some: readonly CountRecord[]): number => some.reduce((sum, { by }) => sum + by, 0);
  const others = counts.filter((count) => count !== earlier && count !== later);
  const surely = others.filter(({ begin, end }) => begin > earlier.end && (end ?? Infinity) < later.begin);
  const perhaps = others.filter(({ begin, end }) => begin < later.end && (end ?? Infinity) > earlier.begin);
  const least = earlier.result + later.by;
  return [least + total(surely), least + total(perhaps)];
}
