import type { CacheTotals } from '../events/cache-stats.js';
import type { Threshold } from './monitor-options.js';
import type { MonitorReport } from './monitor-report.js';
import { WATCHED } from './watched.js';

/** One threshold and the window it looks at, which begins anew whenever it had enough samples to be judged. */
export class Watch {
  #report: MonitorReport;
  #began: number;
  #samples: number;
  #sum: number;

  constructor(
    private readonly cache: string,
    private readonly threshold: Threshold,
    totals: CacheTotals,
    now: number,
  ) {
    const { samples, sum } = WATCHED[threshold.name];
    this.#began = now;
    this.#samples = samples(totals);
    this.#sum = sum(totals);
    this.#report = this.#unknown(0, now);
  }

  /** What it came to when it was last looked at. */
  get report(): MonitorReport {
    return this.#report;
  }

  /** Looks at the window; whether the state has changed to or from `alarm`. */
  look(totals: CacheTotals, now: number): boolean {
    const watched = WATCHED[this.threshold.name];
    const [allSamples, allSum] = [watched.samples(totals), watched.sum(totals)];
    const samples = allSamples - this.#samples;
    if (samples < this.threshold.minSamples) {
      if (this.#report.state === 'unknown') this.#report = this.#unknown(samples, now);
      return false;
    }
    const before = this.#report.state;
    this.#report = this.#judged((allSum - this.#sum) / samples, samples, now - this.#began);
    [this.#began, this.#samples, this.#sum] = [now, allSamples, allSum];
    return (before === 'alarm') !== (this.#report.state === 'alarm');
  }

  #judged(value: number, samples: number, window: number): MonitorReport {
    const { name, kind, limit } = this.threshold;
    const { title, unit, show } = WATCHED[name];
    const bad = kind === 'below' ? value < limit : value > limit;
    const verdict = `is ${bad ? '' : 'not '}${kind} ${show(limit)}`;
    const text = `${title} ${show(value)} ${verdict} (${samples} ${unit} in ${Math.round(window / 1_000)} s)`;
    const state = bad ? 'alarm' : 'ok';
    return { cache: this.cache, watched: name, state, value, limit, samples, window, text };
  }

  #unknown(samples: number, now: number): MonitorReport {
    const { name, limit, minSamples } = this.threshold;
    const { title, unit } = WATCHED[name];
    const text = `${title} is not known yet (${samples} of ${minSamples} ${unit})`;
    const window = now - this.#began;
    return { cache: this.cache, watched: name, state: 'unknown', value: undefined, limit, samples, window, text };
  }
}
