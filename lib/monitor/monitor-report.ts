/** What can be watched. */
export type WatchedName = 'hitRate' | 'errorRate' | 'evictionRate' | 'loadTime' | 'loadFailureRate';

/** What one threshold of a cache came to. */
export interface MonitorReport {
  /** Name of the cache. */
  readonly cache: string;
  readonly watched: WatchedName;
  /** `unknown` until there was a window with enough samples; then as the last such window found it. */
  readonly state: 'unknown' | 'ok' | 'alarm';
  /** In the last window that was judged: a share, or milliseconds for `loadTime`; undefined while `unknown`. */
  readonly value: number | undefined;
  /** What it is held to, in the same unit. */
  readonly limit: number;
  /** In the window that `value` is of; in the one under way while `unknown`. */
  readonly samples: number;
  /** Milliseconds that this window lasted. */
  readonly window: number;
  /** All of it in one line, without keys: `hit rate 0.42 is below 0.8 (512 reads in 300 s)`. */
  readonly text: string;
}
