import type { Duration } from '../support/duration.js';
import type { MonitorReport, WatchedName } from './monitor-report.js';

/** A threshold that what is watched must not fall below. */
export interface Below {
  /** A share from 0 to 1. */
  readonly below?: number | undefined;
  /** How many samples a window needs to be judged; with fewer it goes on. 1 or more. */
  readonly minSamples?: number | undefined;
}

/** A threshold that what is watched must not rise above. */
export interface Above<T = number> {
  readonly above?: T | undefined;
  /** How many samples a window needs to be judged; with fewer it goes on. 1 or more. */
  readonly minSamples?: number | undefined;
}

/**
 * What is watched in the statistics of a cache: what is named, `true` with its defaults; where nothing is named, all that is
 * not `false`.
 */
export interface MonitorOptions {
  /** How long a window is at least, and so how often it is looked; 7 days at most. `false`: only at `check()`. Default: `'5m'`. */
  readonly every?: Duration | false | undefined;
  /** Hits among reads; samples are reads. Default: `{ below: 0.5, minSamples: 100 }`. */
  readonly hitRate?: boolean | Below | undefined;
  /** Failures of the cache itself among all that was done: samples are reads, sets, deletes and failures. Default: `{ above: 0.05, minSamples: 20 }`. */
  readonly errorRate?: boolean | Above | undefined;
  /** Entries that made room for each one stored; samples are sets. Default: `{ above: 0.5, minSamples: 100 }`. */
  readonly evictionRate?: boolean | Above | undefined;
  /** Mean time of a load, failed ones included; samples are loads. Default: `{ above: '2s', minSamples: 10 }`. */
  readonly loadTime?: boolean | Above<Duration> | undefined;
  /** Loads that failed among all; samples are loads. Default: `{ above: 0.1, minSamples: 10 }`. */
  readonly loadFailureRate?: boolean | Above | undefined;
  /** Told once when something that is watched becomes bad, and once when it is good again. What it throws is logged. */
  readonly onChange?: ((report: MonitorReport) => unknown) | undefined;
}

/** One threshold, complete. */
export interface Threshold {
  readonly name: WatchedName;
  readonly kind: 'below' | 'above';
  /** A share, or milliseconds. */
  readonly limit: number;
  readonly minSamples: number;
}

/** {@link MonitorOptions}, complete and checked. */
export interface ResolvedMonitor {
  /** Milliseconds; undefined: only when asked. */
  readonly every: number | undefined;
  readonly thresholds: readonly Threshold[];
  readonly onChange: ((report: MonitorReport) => unknown) | undefined;
}
