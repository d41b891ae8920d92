import type { CacheTotals } from '../events/cache-stats.js';
import type { WatchedName } from './monitor-report.js';

/** A value that is a quotient of what was counted, and the samples it is drawn from. */
export interface Watched {
  /** How lines call it. */
  readonly title: string;
  /** How lines call its samples. */
  readonly unit: string;
  samples(totals: CacheTotals): number;
  /** What is divided by the samples. */
  sum(totals: CacheTotals): number;
  show(value: number): string;
}

const share = (value: number): string => String(Math.round(value * 1_000) / 1_000);
const span = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 10) / 100} s`);
const reads = ({ hits, misses }: CacheTotals): number => hits + misses;
const loads = ({ loads, loadFailures }: CacheTotals): number => loads + loadFailures;

/** How each value is drawn from the totals of a cache. */
export const WATCHED: Readonly<Record<WatchedName, Watched>> = {
  hitRate: { title: 'hit rate', unit: 'reads', samples: reads, sum: ({ hits }) => hits, show: share },
  errorRate: {
    title: 'error rate',
    unit: 'operations',
    samples: (totals) => reads(totals) + totals.sets + totals.deletes + totals.errors,
    sum: ({ errors }) => errors,
    show: share,
  },
  evictionRate: {
    title: 'eviction rate',
    unit: 'sets',
    // Where it is not known there is nothing to judge by.
    samples: ({ sets, evictions }) => (evictions === undefined ? 0 : sets),
    sum: ({ evictions }) => evictions ?? 0,
    show: share,
  },
  loadTime: { title: 'load time', unit: 'loads', samples: loads, sum: ({ loadTime }) => loadTime, show: span },
  loadFailureRate: {
    title: 'load failure rate',
    unit: 'loads',
    samples: loads,
    sum: ({ loadFailures }) => loadFailures,
    show: share,
  },
};
