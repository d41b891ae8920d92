import { CacheTimeoutError } from '../../errors/cache.errors.js';
import type { Explanation, Outcome } from '../../events/explanation.js';
import type { Absence } from '../../stores/store.js';
import type { Landing } from './flight.js';

/** Finds out, for somebody who wants to know, what one read comes to and why. */
export class Inquiry {
  #why = 'asked to load';

  constructor(
    private readonly about: Pick<Explanation, 'cache' | 'namespace' | 'key' | 'operation'>,
    private readonly tell: (explanation: Explanation) => void,
  ) {}

  /** What the store knows of why there is no fresh entry. */
  missing(absence: Absence): void {
    this.#why = WHY[absence.reason](absence);
  }

  hit(): void {
    this.#say('hit', 'fresh', {});
  }

  /** There was nothing, and nothing was to be loaded. */
  miss(): void {
    this.#say('miss', this.#why, {});
  }

  landed({ stale, failure, notStored, found, joined = false }: Landing): void {
    if (stale !== undefined) this.#say('stale', stale, {});
    else if (failure !== undefined) this.failed(failure.error, joined);
    else if (found === true) this.#say('miss', this.#why, { joined: true, stored: true });
    else this.#say('miss', this.#why, { joined, stored: notStored === undefined, notStored });
  }

  failed(error: unknown, joined = false): void {
    const notStored = error instanceof CacheTimeoutError ? 'loader too slow' : 'load failed';
    this.#say('miss', this.#why, { joined, stored: false, notStored });
  }

  /** The cache was left out. */
  leftOut(outcome: 'bypass' | 'refused', reason: string): void {
    this.#say(outcome, reason, {});
  }

  #say(
    outcome: Outcome,
    reason: string,
    rest: { readonly joined?: boolean; readonly stored?: boolean; readonly notStored?: string | undefined },
  ): void {
    const { joined = false, stored, notStored } = rest;
    const { cache, namespace, operation, key } = this.about;
    const shown = outcome === 'hit' ? 'hit' : `${outcome}: ${reason}`;
    const load = joined ? '; joined a load under way' : '';
    const kept = stored === undefined ? '' : stored ? '; stored' : `; not stored: ${notStored ?? 'unknown'}`;
    const text = shown + load + kept;
    this.tell({ cache, namespace, key, operation, outcome, reason, joined, stored, notStored, text });
  }
}

const WHY: Readonly<Record<Absence['reason'], (absence: Absence) => string>> = {
  absent: () => 'absent',
  expired: () => 'expired',
  evicted: () => 'evicted',
  removed: () => 'removed',
  cleared: () => 'cleared',
  unreachable: () => 'backend unreachable',
  invalidated: (absence) => ('tag' in absence ? `tag \`${absence.tag}\` invalidated` : 'invalidated'),
};
