import type { CacheLog } from '../events/cache-log.js';
import type { CacheTotals } from '../events/cache-stats.js';
import type { Clock } from '../support/clock.js';
import type { ResolvedMonitor } from './monitor-options.js';
import type { MonitorReport } from './monitor-report.js';
import { Watch } from './watch.js';

/** What a monitor watches, and by whose time. */
export interface MonitorSource {
  /** Name of the cache. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: CacheLog;
  totals(): CacheTotals;
  /** Calls `task` once after so many milliseconds; never, once the cache is closed. */
  after(ms: number, task: () => void): void;
}

/**
 * Watches the statistics of one cache: tells, once each, when a value crosses its threshold and when it is good again.
 * Inject it as it is for the default cache, by `monitorToken(name)` for another one. With the module option `monitor` it
 * looks every so often by itself; without it, it knows the defaults of {@link MonitorOptions} and looks when asked.
 */
export class CacheMonitor {
  readonly #watches: readonly Watch[];

  /** @internal */
  constructor(
    private readonly source: MonitorSource,
    private readonly options: ResolvedMonitor,
  ) {
    const totals = source.totals();
    const now = source.clock.now();
    this.#watches = options.thresholds.map((threshold) => new Watch(source.name, threshold, totals, now));
    this.#lookLater();
  }

  /** What each threshold came to when it was last looked at. */
  get reports(): readonly MonitorReport[] {
    return this.#watches.map(({ report }) => report);
  }

  /** `alarm` while any threshold is. */
  get state(): 'ok' | 'alarm' {
    return this.#watches.some(({ report }) => report.state === 'alarm') ? 'alarm' : 'ok';
  }

  /**
   * Looks now, and begins new windows where there were enough samples. It asks no backend, and counts what was before and
   * after a `resetStats()` alike.
   */
  check(): readonly MonitorReport[] {
    const totals = this.source.totals();
    const now = this.source.clock.now();
    const changed = this.#watches.filter((watch) => watch.look(totals, now));
    for (const { report } of changed) this.#tell(report);
    return this.reports;
  }

  #lookLater(): void {
    const { every } = this.options;
    if (every === undefined) return;
    this.source.after(every, () => {
      this.check();
      this.#lookLater();
    });
  }

  #tell(report: MonitorReport): void {
    const { log, name } = this.source;
    const line = `cache '${name}': ${report.text}`;
    if (report.state === 'alarm') log.warn(line);
    else log.info(line);
    const { onChange } = this.options;
    if (onChange === undefined) return;
    const failed = (error: unknown): void => log.failure('onChange of a monitor', 'failed', error);
    try {
      Promise.resolve(onChange(report)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
