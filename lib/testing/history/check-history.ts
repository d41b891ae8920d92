import type { History } from './history.js';
import { HistoryIndex } from './history-index.js';
import { CountJudge } from './judge-counts.js';
import { LoadJudge } from './judge-loads.js';
import { ReadJudge } from './judge-reads.js';
import type { Violation } from './violation.js';

/** What a cache promises beyond what every one does. */
export interface Promises {
  /** Milliseconds after which one node must not serve what another one's acknowledged change made void. Default: 0. */
  readonly maxStaleness?: number;
  /** Milliseconds for which a value may be served past its end: `ttlJitter`, clocks that go too slowly. Default: 0. */
  readonly overrun?: number;
  /** Whether nodes load for each other: one load at a time of them all. Default: false, one of each node. */
  readonly fleet?: boolean;
}

/**
 * Says what in a history broke a guarantee, the earliest first; nothing, if nothing can be proved.
 *
 * It never blames what is allowed: what happened at the same time may have come in any order, and what its caller was told
 * had failed may have been done or not. So it may miss what was wrong in such a moment; run it over many.
 */
export function checkHistory(history: History, promises: Promises = {}): readonly Violation[] {
  const { maxStaleness = 0, overrun = 0, fleet = false } = promises;
  const index = new HistoryIndex(history);
  const judges = [new ReadJudge(index, { maxStaleness, overrun }), new LoadJudge(index, fleet), new CountJudge(index)];
  const found: Violation[] = [];
  for (const book of index.keys) for (const judge of judges) found.push(...judge.of(book));
  return found.toSorted((a, b) => a.records[0]!.begin - b.records[0]!.begin);
}
