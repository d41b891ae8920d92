import { CacheBackendError } from '../../errors/cache.errors.js';
import type { CacheEvents } from '../../events/cache-events.js';
import { softened, type Entry, type Store } from '../../stores/store.js';
import type { Awaitable } from '../../support/awaitable.js';
import type { Clock } from '../../support/clock.js';
import { PendingSpace, type PendingRoom } from './pending-space.js';

/** What changes of a cache are made to: the store itself, or the changes that a transaction around has pending. */
export interface Changeable extends Pick<Store, 'shared' | 'space' | 'invalidateTags' | 'accepts'> {
  /** Has something done once the changes are made that wait, and not at all if they are forgotten. Absent: none wait. */
  later?(work: Work): Awaitable<unknown>;
}

export type Work = () => Promise<unknown>;

/** What a transaction knows of its cache. */
export interface PendingEnvironment {
  readonly clock: Clock;
  readonly events: CacheEvents;
  /** How many changes this process has made. */
  readonly changes: { count: number };
}

/** When a tag was invalidated: for good, and to be served stale. 0: not. */
interface Invalidated {
  hard: number;
  soft: number;
}

/**
 * A store with changes that wait: who reads through it sees them, everybody else sees what is below. They are made below,
 * all together, or forgotten. From then on it is what is below.
 */
export class PendingStore implements Changeable, PendingRoom {
  readonly shared: boolean;
  readonly clock: Clock;
  readonly changes: { readonly count: number };
  readonly #spaces = new Map<string, PendingSpace>();
  readonly #tags = new Map<string, Invalidated>();
  readonly #works: Work[] = [];
  #open = true;
  #last = 0;

  constructor(
    private readonly below: Changeable,
    private readonly env: PendingEnvironment,
  ) {
    this.shared = below.shared;
    this.clock = env.clock;
    this.changes = env.changes;
  }

  get open(): boolean {
    return this.#open;
  }

  get last(): number {
    return this.#last;
  }

  next(): number {
    this.#last += 1;
    return this.#last;
  }

  space(namespace: string): PendingSpace {
    const known = this.#spaces.get(namespace);
    if (known !== undefined) return known;
    const made = new PendingSpace(this, this.below.space(namespace));
    this.#spaces.set(namespace, made);
    return made;
  }

  invalidateTags(tags: readonly string[], allowStale = false): Awaitable<void> {
    if (!this.#open) return this.below.invalidateTags(tags, allowStale);
    const at = this.next();
    for (const tag of tags) {
      const invalidated = this.#tags.get(tag) ?? { hard: 0, soft: 0 };
      invalidated[allowStale ? 'soft' : 'hard'] = at;
      this.#tags.set(tag, invalidated);
    }
  }

  accepts(value: unknown): void {
    this.below.accepts?.(value);
  }

  later(work: Work): Awaitable<unknown> {
    if (this.#open) return void this.#works.push(work);
    return this.below.later === undefined ? work() : this.below.later(work);
  }

  touchedSince(tags: readonly string[], since: number): boolean {
    if (this.#tags.size === 0) return false;
    return tags.some((tag) => {
      const { hard = 0, soft = 0 } = this.#tags.get(tag) ?? {};
      return Math.max(hard, soft) > since;
    });
  }

  seen(entry: Entry): Entry | undefined {
    if (this.#tags.size === 0) return entry;
    const named = entry.tags.filter((tag) => this.#tags.has(tag));
    if (named.length === 0) return entry;
    if (named.some((tag) => this.#tags.get(tag)!.hard > 0)) return undefined;
    return softened(entry, named[0]);
  }

  invalidatedTag(entry: Entry): string | undefined {
    return entry.tags.find((tag) => this.#tags.has(tag));
  }

  /** Nothing waits any longer: what is asked for from now on is done below, at once. */
  close(): void {
    this.#open = false;
  }

  /**
   * Makes the changes below: first what voids many entries, then what is known by key, then what waits for that. All of
   * them are tried.
   * @param stores whether values are stored too, and what waits is done; else what they were to replace is removed
   * @param tells whether those who listen to the cache are told
   * @throws {CacheBackendError} where the backend failed and errors are thrown. That a value could not be stored after all is an event.
   */
  async apply(stores: boolean, tells: boolean): Promise<void> {
    const { events, changes } = this.env;
    changes.count += 1;
    const errors: unknown[] = [];
    const all = async (steps: Iterable<Awaitable<unknown>>): Promise<void> => {
      for (const step of await Promise.allSettled(steps)) {
        if (step.status === 'fulfilled') continue;
        if (step.reason instanceof CacheBackendError) errors.push(step.reason);
        else events.emit('error', { operation: 'afterCommit', error: step.reason });
      }
    };
    const spaces = [...this.#spaces];
    await all(
      spaces.map(async ([namespace, space]) => {
        if ((await space.applyClear()) && tells) events.emit('clear', { namespace });
      }),
    );
    await all([this.#applyTags(false, tells), this.#applyTags(true, tells)]);
    await all(
      spaces.map(async ([namespace, space]) => {
        const tell = (key: string): void => void (tells && events.emit('delete', { namespace, key }));
        await space.applyKeys(stores, tell);
      }),
    );
    if (stores) for (const work of this.#works) await all([this.later(work)]);
    this.#forget();
    changes.count += 1;
    if (errors.length > 0) throw errors[0];
  }

  /** Forgets the changes, and what fenced them below. */
  async discard(): Promise<void> {
    await Promise.allSettled([...this.#spaces.values()].map((space) => space.releaseFences()));
    this.#forget();
  }

  async #applyTags(allowStale: boolean, tells: boolean): Promise<void> {
    const tags = [...this.#tags].flatMap(([tag, { hard }]) => ((hard === 0) === allowStale ? [tag] : []));
    if (tags.length === 0) return;
    await this.below.invalidateTags(tags, allowStale);
    if (tells) this.env.events.emit('invalidate', { tags });
  }

  #forget(): void {
    this.#spaces.clear();
    this.#tags.clear();
    this.#works.length = 0;
  }
}
