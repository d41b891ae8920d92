import { setImmediate } from 'node:timers/promises';
import { isObservable, lastValueFrom } from 'rxjs';
import type { CacheEvents } from '../../events/cache-events.js';
import type { Clock } from '../../support/clock.js';
import type { GetOrSetOptions } from '../call-options.js';
import type { Loader } from '../loading/load-request.js';
import { WarmLog, type WarmLogger } from './warm-log.js';
import type { WarmFailure, WarmOptions, WarmProgress, WarmReport, WarmStop } from './warm-options.js';
import type { Numbered, WarmSource } from './warm-source.js';
import { WarmWatch, type Warmed } from './warm-watch.js';

/** What a warming needs of the cache that it warms. */
export interface WarmTarget {
  readonly name: string;
  readonly clock: Clock;
  readonly events: CacheEvents;
  readonly log: WarmLogger | undefined;
  getOrSet(key: string, load: Loader, options: GetOrSetOptions): Promise<unknown>;
}

const CONCURRENCY = 10;
const MOST_ERRORS = 100;
/** Milliseconds for which a warming that waits for nothing keeps others from their turn. */
const TURN = 10;

/** One warming: takes items from a source, so many at a time, and counts what they come to. */
export class Warming {
  readonly #concurrency: number;
  readonly #began: number;
  readonly #log: WarmLog | undefined;
  readonly #abort = new AbortController();
  readonly #counts = { loaded: 0, fresh: 0, failed: 0, unstored: 0 };
  readonly #errors: WarmFailure[] = [];
  #stopped: WarmStop | undefined;
  #turned = performance.now();
  #turn: Promise<void> | undefined;

  constructor(
    private readonly target: WarmTarget,
    private readonly source: WarmSource,
    private readonly options: WarmOptions,
  ) {
    const { concurrency = CONCURRENCY, log = true, name } = options;
    this.#concurrency = concurrency;
    this.#began = target.clock.now();
    if (!log || target.log === undefined) return;
    const title = `cache '${target.name}'${name === undefined ? '' : `: ${name}`}`;
    this.#log = new WarmLog(target.log, title, source.total, concurrency, this.#began);
  }

  /** @throws {CacheOptionsError} for an item that cannot be meant as written, once those before it are through. */
  async run(): Promise<WarmReport> {
    const { signal } = this.options;
    try {
      await this.#untilStopped(signal, () => this.#all());
      const report = this.#report();
      this.#log?.end(report);
      return report;
    } catch (error) {
      this.#log?.close();
      throw error;
    }
  }

  /** Waits for the work, though not beyond the signal: what is under way then is nobody's. */
  async #untilStopped(signal: AbortSignal | undefined, work: () => Promise<void>): Promise<void> {
    if (signal === undefined) return work();
    if (signal.aborted) return this.#stop(signal.reason);
    let stop!: () => void;
    const stopped = new Promise<void>((resolve) => {
      stop = (): void => {
        this.#stop(signal.reason);
        resolve();
      };
    });
    signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([work(), stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #stop(reason: unknown): void {
    this.#stopped = { by: 'signal', reason };
    this.#abort.abort(reason);
    void this.source.end();
  }

  async #all(): Promise<void> {
    const { total = Infinity } = this.source;
    const workers = Array.from({ length: Math.min(this.#concurrency, total) }, () => this.#work());
    const ended = await Promise.allSettled(workers);
    const refused = ended.find((worker) => worker.status === 'rejected');
    if (refused !== undefined) throw refused.reason;
    this.#stopped ??= this.source.failure;
  }

  async #work(): Promise<void> {
    for (let next = await this.source.next(); next !== undefined; next = await this.source.next()) {
      if (performance.now() - this.#turned > TURN) await this.#letOthers();
      if (this.#stopped !== undefined) return;
      const warmed = await this.#warm(next);
      if (this.#stopped !== undefined) return;
      this.#note(next, warmed);
    }
  }

  /** Where everything is fresh nothing is waited for, and the process would serve nobody meanwhile. */
  #letOthers(): Promise<void> {
    this.#turn ??= setImmediate().then(() => {
      this.#turned = performance.now();
      this.#turn = undefined;
    });
    return this.#turn;
  }

  #warm({ item }: Numbered): Promise<Warmed> {
    const refresh = this.options.refresh === true;
    if (typeof item === 'function') return WarmWatch.run(refresh, () => finished(item()));
    const { key, load, ...options } = item;
    const { signal } = this.#abort;
    return WarmWatch.run(refresh, () => this.target.getOrSet(key, load, { ...options, signal }));
  }

  #note({ index, item }: Numbered, { outcome, unstored, error }: Warmed): void {
    this.#counts[outcome] += 1;
    if (unstored) this.#counts.unstored += 1;
    if (outcome === 'failed' && this.#errors.length < MOST_ERRORS) {
      this.#errors.push({ index, ...(typeof item === 'function' ? {} : { key: item.key }), error });
    }
    const progress = this.#progress();
    this.#log?.step(progress, this.target.clock.now());
    if (this.options.onProgress !== undefined) this.target.events.tell(this.options.onProgress, progress);
  }

  #progress(): WarmProgress {
    const { loaded, fresh, failed } = this.#counts;
    return { done: loaded + fresh + failed, total: this.source.total, loaded, fresh, failed };
  }

  #report(): WarmReport {
    const total = this.source.total ?? this.source.taken;
    const ms = this.target.clock.now() - this.#began;
    const stopped = this.#stopped === undefined ? {} : { stopped: this.#stopped };
    return { total, ...this.#counts, errors: [...this.#errors], ms, ...stopped };
  }
}

/** What a cache comes to that is switched off: nothing is looked at. */
export const NOTHING_WARMED: WarmReport = Object.freeze({
  total: 0,
  loaded: 0,
  fresh: 0,
  failed: 0,
  unstored: 0,
  errors: [],
  ms: 0,
});

async function finished(result: unknown): Promise<void> {
  const value = await result;
  if (isObservable(value)) await lastValueFrom(value, { defaultValue: undefined });
}
