import { isObservable, lastValueFrom } from 'rxjs';
import type { CacheService } from '../cache/cache.service.js';
import type { WarmItems } from '../cache/warming/warm-items.js';
import type { CacheLog } from '../events/cache-log.js';
import { configOf, type MethodRecord } from '../operations/method-record.js';
import type { CacheWarmOptions } from '../operations/operation.js';
import { schedule } from '../support/clock.js';
import { timeout } from '../support/duration.js';
import type { OpenCache } from './cache-registry.js';
import type { WarmupRun } from './cache-warmup.js';

const TIMEOUT = '30s';

/** One method with `@CacheWarm` of one instance. */
export class MethodWarming {
  readonly blocking: boolean;
  readonly #options: CacheWarmOptions;
  readonly #service: CacheService;
  readonly #name: string;
  #state: WarmupRun;

  constructor(
    private readonly instance: object,
    private readonly record: MethodRecord,
    private readonly cache: OpenCache,
    private readonly log: CacheLog,
  ) {
    const type = instance.constructor;
    this.#options = record.warm!;
    const { namespace = record.operations[0]?.options.namespace ?? configOf(type).namespace } = this.#options;
    this.#service = namespace === undefined ? cache.service : cache.service.namespace(namespace);
    this.#name = this.#options.name ?? `${type.name}.${String(record.name)}`;
    this.blocking = this.#options.blocking === true;
    this.#state = { name: this.#name, blocking: this.blocking, state: 'running' };
  }

  /** False where its cache is switched off: then it does not run. */
  get enabled(): boolean {
    return this.#service.enabled;
  }

  /** What has become of it so far. */
  get state(): WarmupRun {
    return this.#state;
  }

  /** Runs it until it is through or the application closes; rejects never. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      const report = await this.#warm(signal);
      this.#ends(signal.aborted ? 'stopped' : 'done', { report });
    } catch (error) {
      if (signal.aborted) return this.#ends('stopped', {});
      this.#ends('failed', { error });
      this.log.warn(`${this.#title} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Waits for it, for as long as it may hold up the application. */
  async holdUp(run: Promise<void>): Promise<void> {
    const { timeout: most = TIMEOUT } = this.#options;
    let cancel!: () => void;
    const late = new Promise<void>((resolve) => {
      cancel = schedule(this.cache.options.clock, timeout(most, 'timeout', 1), () => {
        this.log.warn(`${this.#title} takes longer than ${most}: the application starts, and it goes on`);
        resolve();
      });
    });
    await Promise.race([run, late]);
    cancel();
  }

  get #title(): string {
    return `cache '${this.#service.cacheName}': ${this.#name}: warming`;
  }

  async #warm(signal: AbortSignal): Promise<WarmupRun['report']> {
    const items = await beforeAbort(signal, () => this.#items(signal));
    const { concurrency, refresh, log } = this.#options;
    if (items !== undefined) return this.#service.warm(items, { concurrency, refresh, log, signal, name: this.#name });
    if (log !== false) this.log.info(`${this.#title} done`);
    return undefined;
  }

  /** What the method says is to be warmed; undefined where it has done that itself. */
  async #items(signal: AbortSignal): Promise<WarmItems | undefined> {
    const method = (this.instance as Record<PropertyKey, (signal?: AbortSignal) => unknown>)[this.record.name]!;
    // Of a cached method it is the answer that matters, and its arguments, of which there are none, are its key.
    if (this.record.operations.length > 0) return [() => method.call(this.instance)];
    const returned = await method.call(this.instance, signal);
    const value: unknown = isObservable(returned)
      ? await lastValueFrom(returned, { defaultValue: undefined })
      : returned;
    return isIterable(value) ? value : undefined;
  }

  #ends(state: WarmupRun['state'], rest: Pick<WarmupRun, 'report' | 'error'>): void {
    this.#state = { name: this.#name, blocking: this.blocking, state, ...rest };
  }
}

function isIterable(value: unknown): value is WarmItems {
  return typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

/** What `work` comes to, unless the signal is given first: then it rejects, and `work` is nobody's. */
async function beforeAbort<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  let stop!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    stop = (): void => reject(signal.reason as Error);
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
