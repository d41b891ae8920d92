import type { HistoryRecord } from './history.js';

/** Which guarantee was broken. */
export type BrokenRule =
  'stale after a change' | 'never stored' | 'served past its end' | 'taken twice' | 'two loads at once' | 'miscounted';

/** One thing that must not have happened. */
export interface Violation {
  readonly rule: BrokenRule;
  /** One line for people. */
  readonly message: string;
  /** What went wrong, and then what says that it did. */
  readonly records: readonly HistoryRecord[];
}

/** A record in a few words: `a deleted 'k' from 3.1 to 4.5`. */
export function worded(record: HistoryRecord): string {
  const { node, begin, end } = record;
  return `${node} ${deed(record)} from ${shown(begin)} to ${end === null ? '?' : shown(end)}`;
}

function deed(record: HistoryRecord): string {
  switch (record.do) {
    case 'load':
      return `loaded '${record.key}' as ${record.version ?? 'an error'}`;
    case 'read':
      return `${record.taken ? 'took' : 'read'} '${record.key}' as ${record.version ?? 'nothing'}`;
    case 'write':
      return `set '${record.key}' to ${record.version}`;
    case 'remove':
      return `deleted '${record.key}'`;
    case 'invalidate':
      return `invalidated ${record.tags.join(', ')}${record.allowStale ? ' (stale allowed)' : ''}`;
    case 'clear':
      return `cleared '${record.namespace}'`;
    case 'touch':
      return `touched '${record.key}'`;
    case 'count':
      return `added ${record.by} to '${record.key}', which made ${record.result ?? 'an error'}`;
    case 'trouble':
      return `had trouble (${record.what})`;
  }
}

/** An instant with as many digits as anybody can tell apart. */
export function shown(instant: number): string {
  return String(Math.round(instant * 1_000) / 1_000);
}
