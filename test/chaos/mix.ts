import type { GetOrSetOptions } from '../../lib/cache/call-options.js';
import type { LoadContext } from '../../lib/cache/loading/load-context.js';
import type { Random } from '../../lib/testing/random.js';
import type { RecordedCache } from '../../lib/testing/history/recorded-cache.js';
import type { Scheduler } from '../../lib/testing/time/scheduler.js';
import type { DurationText } from '../../lib/support/duration.js';

/** What nodes do, and how often compared with each other. */
const OPERATIONS = {
  getOrSet: 46,
  get: 14,
  set: 5,
  delete: 7,
  take: 3,
  touch: 3,
  invalidate: 8,
  invalidateStale: 5,
  clear: 2,
  increment: 6,
} as const;
export type Operation = keyof typeof OPERATIONS;

/** How values are loaded: what a call may say besides its ttl and tags. */
const FRESHNESS: readonly GetOrSetOptions[] = [
  { grace: 0 },
  { grace: 0 },
  { grace: 0, forceFresh: true },
  { grace: '200ms', graceBackoff: '30ms' },
  { grace: '5s', graceBackoff: '20ms', softTimeout: '10ms' },
  { grace: '5s', graceBackoff: '20ms', softTimeout: '5ms', hardTimeout: '30ms' },
  { grace: 0, hardTimeout: '25ms' },
  { grace: 0, refreshAhead: 0.3 },
  { grace: '1s', graceBackoff: '20ms', refreshAhead: 0.2 },
];
const TTLS: readonly DurationText[] = ['40ms', '150ms', '600ms', '20s', '20s'];
const TAGS = ['x', 'y', 'z'] as const;
const KEYS = ['a', 'b', 'c'] as const;
/** One namespace is as good as none, another one must not be touched by it. */
const NAMESPACES = ['', 'n'] as const;
/** Milliseconds of a load at most. */
const LOAD = 40;

/** A loader that did not come to anything. */
export class LoadFailed extends Error {}

/** Every place where there may be something. */
export const PLACES = NAMESPACES.flatMap((namespace) => KEYS.map((key) => ({ namespace, key })));
/** A counter has a key and a namespace of its own, so that nothing resets it that need not. */
export const COUNTER = { namespace: 'counters', key: 'count' };

/** Does one thing, by chance, on one node. */
export class Player {
  readonly #random: Random;

  constructor(private readonly scheduler: Scheduler) {
    this.#random = scheduler.random;
  }

  async play(cache: RecordedCache): Promise<void> {
    const random = this.#random;
    const operation = random.weighted(OPERATIONS);
    const { namespace, key } = operation === 'increment' ? COUNTER : random.pick(PLACES);
    await this.#do[operation](namespace === '' ? cache : cache.namespace(namespace), key);
  }

  readonly #do: Readonly<Record<Operation, (cache: RecordedCache, key: string) => Promise<unknown>>> = {
    getOrSet: (cache, key) => this.#getOrSet(cache, key),
    get: (cache, key) => cache.get(key),
    set: (cache, key) => cache.set(key, 'set', { ttl: this.#random.pick(TTLS), grace: 0, tags: this.#tags() }),
    delete: (cache, key) => cache.delete(key),
    take: (cache, key) => cache.take(key),
    touch: (cache, key) => cache.touch(key, this.#random.pick(TTLS)),
    invalidate: (cache) => cache.invalidateTags([this.#random.pick(TAGS)]),
    invalidateStale: (cache) => cache.invalidateTags([this.#random.pick(TAGS)], { allowStale: true }),
    clear: (cache) => cache.clear(),
    increment: (cache, key) => cache.increment(key, this.#random.integer(1, 3), { ttl: Infinity }),
  };

  async #getOrSet(cache: RecordedCache, key: string): Promise<unknown> {
    const random = this.#random;
    const options = { ...random.pick(FRESHNESS), ttl: random.pick(TTLS), tags: this.#tags() };
    const late = this.#tags();
    const loader = (context: LoadContext): Promise<string> => this.#load(context, late);
    return cache.getOrSet(key, loader, options);
  }

  async #load(context: LoadContext, late: readonly string[]): Promise<string> {
    const random = this.#random;
    await this.scheduler.delay(random.integer(0, LOAD));
    if (random.chance(0.15)) throw new LoadFailed('the source failed');
    if (context.hasStale && random.chance(0.1)) return context.notModified();
    if (random.chance(0.05)) context.skip();
    context.setTags(late);
    return 'loaded';
  }

  #tags(): readonly string[] {
    return TAGS.filter(() => this.#random.chance(0.25));
  }
}
