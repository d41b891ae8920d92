import { CacheTimeoutError } from '../../errors/cache.errors.js';
import type { Entry, StoreSpace } from '../../stores/store.js';
import type { Awaitable } from '../../support/awaitable.js';
import type { Clock } from '../../support/clock.js';
import type { Flight, Landing, StaleReason } from './flight.js';
import { freshness, isServable, UNCOUNTED } from '../freshness.js';
import type { LoadRequest } from './load-request.js';
import type { Timers } from './timers.js';

/** What those who wait for loads of one namespace have in common. */
export interface Surroundings {
  readonly store: StoreSpace;
  readonly clock: Clock;
  readonly timers: Timers;
}

/**
 * Waits for a load on behalf of one caller, for as long as its terms say, and finds what it gets instead: an entry from
 * before, asked of the store at that moment, so that nothing is served that was deleted or invalidated meanwhile.
 * The terms are those of FusionCache's fail-safe, soft and hard timeouts.
 */
export function waitFor(flight: Flight, request: LoadRequest, around: Surroundings): Promise<Landing> {
  const landing = flight.attend(request.options.signal);
  const { terms } = request;
  if (!hopes(request) && terms.hardTimeout === undefined) return landing;
  return new Patience(flight, request, around).during(landing);
}

/** Whether there may be something to serve instead of what is loaded. */
function hopes({ terms, looks }: LoadRequest): boolean {
  return looks && terms.grace > 0;
}

class Patience {
  readonly #timers: (() => void)[] = [];
  #done = false;

  constructor(
    private readonly flight: Flight,
    private readonly request: LoadRequest,
    private readonly around: Surroundings,
  ) {}

  during(landing: Promise<Landing>): Promise<Landing> {
    const { terms, options } = this.request;
    const answer = new Promise<Landing>((resolve, reject) => {
      const settle = (landed: Awaitable<Landing>): void => {
        this.#done = true;
        resolve(landed);
      };
      landing.then((landed) => this.#landed(landed).then(settle, reject), reject);
      if (terms.softTimeout !== undefined && hopes(this.request) && options.forceFresh !== true) {
        this.#after(terms.softTimeout, () => this.#slow(settle));
      }
      if (terms.hardTimeout !== undefined) this.#after(terms.hardTimeout, () => this.#late(settle));
    });
    return answer.finally(() => this.#timers.forEach((stop) => stop()));
  }

  #after(ms: number, task: () => Promise<void>): void {
    if (ms === 0) void task();
    else this.#timers.push(this.around.timers.after(ms, () => void task()));
  }

  async #landed(landing: Landing): Promise<Landing> {
    if (landing.failure === undefined || this.#done) return landing;
    const served = await instead(this.request, this.around, 'load failed');
    return served === undefined ? landing : { ...served, cause: landing.failure };
  }

  async #slow(settle: (landing: Landing) => void): Promise<void> {
    const landing = await instead(this.request, this.around, 'loader slow');
    if (landing === undefined || this.#done) return;
    this.flight.goOn();
    settle(landing);
  }

  async #late(settle: (landing: Landing) => void): Promise<void> {
    const landing = await tooLate(this.request, this.around);
    if (this.#done) return;
    this.flight.goOn();
    settle(landing);
  }
}

/** What a caller gets that does not wait any longer. */
export async function tooLate(request: LoadRequest, around: Surroundings): Promise<Landing> {
  const { operation } = request;
  const timeout = new CacheTimeoutError('the load took longer than its hardTimeout', { operation });
  const served = await instead(request, around, 'loader slow');
  return served === undefined ? failed(timeout) : { ...served, cause: { error: timeout } };
}

/** What there is to serve. */
async function instead(
  request: LoadRequest,
  { store, clock }: Surroundings,
  reason: StaleReason,
): Promise<Landing | undefined> {
  if (!hopes(request)) return undefined;
  const { key, terms } = request;
  const now = clock.now();
  const entry = await unlessItFails(() => store.read(key, now, UNCOUNTED));
  if (entry === undefined) return undefined;
  if (freshness(entry, now) === 'fresh') return { value: entry.value, fenced: false, notStored: reason };
  return isServable(entry, now, terms.grace) ? { value: entry.value, fenced: false, stale: reason } : undefined;
}

/** A load that failed. */
export function failed(error: unknown): Landing {
  return { value: undefined, fenced: true, failure: { error } };
}

async function unlessItFails(read: () => Awaitable<Entry | undefined>): Promise<Entry | undefined> {
  try {
    return await read();
  } catch {
    return undefined;
  }
}
