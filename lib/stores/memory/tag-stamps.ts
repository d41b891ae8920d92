/** What carries tags. */
export interface Tagged<E> {
  readonly tags: readonly string[];
  stamps: readonly TagStamp<E>[] | undefined;
  /** Invalidations there had been when it was tied to its tags. */
  taggedAt: number;
}

/**
 * One validity period of a tag. Entries and leases point to the stamp that was current when they began;
 * invalidating the tag kills the stamp, and whoever uses the tag afterwards gets a new one.
 */
export class TagStamp<E> {
  dead = false;
  /** Its last invalidation with `allowStale`, by their count: what was tied to it before is no longer fresh. */
  softenedAt = 0;
  readonly entries = new Set<E>();
  /** Leases that watch it. */
  watchers = 0;

  constructor(readonly tag: string) {}
}

/** Invalidations that are remembered for leases that may learn their tags late; beyond, all such are fenced. */
const REMEMBERED = 10_000;

/**
 * The current stamp of every tag in use. Its size follows the tags that entries and leases carry, never the
 * tags there once were.
 */
export class TagStamps<E extends Tagged<E>> {
  readonly #current = new Map<string, TagStamp<E>>();
  /** Leases under way, oldest first, by the invalidation count at their beginning. */
  readonly #open = new Set<{ readonly since: number }>();
  /** Tag → count at its last invalidation, oldest first, as far back as the oldest open lease needs it. */
  readonly #recent = new Map<string, number>();
  #invalidations = 0;
  #forgotten = 0;

  /** Ties a new entry to its tags; undefined where it has none. */
  attach(entry: E): void {
    entry.stamps = entry.tags.length === 0 ? undefined : this.#of(entry.tags);
    entry.taggedAt = this.#invalidations;
    for (const stamp of entry.stamps ?? []) stamp.entries.add(entry);
  }

  detach(entry: E): void {
    for (const stamp of entry.stamps ?? []) {
      stamp.entries.delete(entry);
      this.#release(stamp);
    }
    entry.stamps = undefined;
  }

  /** Watches `tags` and, by time, all others until {@link TagWatch.end}. */
  watch(tags: readonly string[]): TagWatch {
    const stamps = this.#of(tags);
    for (const stamp of stamps) stamp.watchers += 1;
    const period = { since: this.#invalidations };
    this.#open.add(period);
    return {
      untouched: (lateTags) =>
        stamps.every((stamp) => !stamp.dead && stamp.softenedAt <= period.since) &&
        lateTags.every((tag) => tags.includes(tag) || !this.#invalidatedSince(tag, period.since)),
      end: () => {
        if (!this.#open.delete(period)) return;
        for (const stamp of stamps) {
          stamp.watchers -= 1;
          this.#release(stamp);
        }
        this.#forget();
      },
    };
  }

  /** Kills the tag's stamp and returns it where entries hang on it, so that they can be swept. */
  invalidate(tag: string): TagStamp<E> | undefined {
    this.#count(tag);
    const stamp = this.#current.get(tag);
    if (stamp === undefined) return undefined;
    stamp.dead = true;
    this.#current.delete(tag);
    return stamp.entries.size === 0 ? undefined : stamp;
  }

  /** Makes what carries the tag stale. */
  soften(tag: string): void {
    this.#count(tag);
    const stamp = this.#current.get(tag);
    if (stamp !== undefined) stamp.softenedAt = this.#invalidations;
  }

  #count(tag: string): void {
    this.#invalidations += 1;
    if (this.#open.size !== 0) this.#remember(tag);
  }

  #of(tags: readonly string[]): TagStamp<E>[] {
    return tags.map((tag) => {
      let stamp = this.#current.get(tag);
      if (stamp === undefined) this.#current.set(tag, (stamp = new TagStamp<E>(tag)));
      return stamp;
    });
  }

  #release(stamp: TagStamp<E>): void {
    if (stamp.dead || stamp.watchers !== 0 || stamp.entries.size !== 0) return;
    this.#current.delete(stamp.tag);
  }

  #invalidatedSince(tag: string, since: number): boolean {
    return since < this.#forgotten || (this.#recent.get(tag) ?? 0) > since;
  }

  #remember(tag: string): void {
    this.#recent.delete(tag);
    this.#recent.set(tag, this.#invalidations);
    if (this.#recent.size <= REMEMBERED) return;
    this.#recent.clear();
    this.#forgotten = this.#invalidations;
  }

  #forget(): void {
    const oldest = this.#open.values().next().value?.since ?? Infinity;
    for (const [tag, at] of this.#recent) {
      if (at > oldest) break;
      this.#recent.delete(tag);
    }
  }
}

/** What a lease knows of the tags of the value that is being loaded. */
export interface TagWatch {
  /** Whether none of the watched tags, and none of `lateTags`, was invalidated since the watch began. */
  untouched(lateTags: readonly string[]): boolean;
  /** Ends the watch. Idempotent. */
  end(): void;
}
