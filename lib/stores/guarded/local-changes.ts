/** Invalidated tags that are remembered at most. */
const REMEMBERED = 10_000;

/** Which tags this process has invalidated since a load began that is still under way. */
export class TagLog {
  readonly #last = new Map<string, number>();
  #invalidations = 0;
  #forgotten = 0;
  #open = 0;

  /** The present, to be asked about until {@link close}. */
  open(): number {
    this.#open += 1;
    return this.#invalidations;
  }

  close(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#last.clear();
  }

  invalidated(tags: readonly string[]): void {
    if (this.#open === 0) return;
    this.#invalidations += 1;
    for (const tag of tags) this.#last.set(tag, this.#invalidations);
    if (this.#last.size <= REMEMBERED) return;
    this.#last.clear();
    this.#forgotten = this.#invalidations;
  }

  /** Whether one of the tags was invalidated since `then`, or may have been. */
  anySince(tags: readonly string[], then: number): boolean {
    return tags.some((tag) => then < this.#forgotten || (this.#last.get(tag) ?? 0) > then);
  }
}

/** What this process did to one key, and to the tags of what is being loaded for it, since the load began. */
export class Watch {
  #untouched = true;
  #ended = false;

  constructor(
    private readonly tags: readonly string[],
    private readonly log: TagLog,
    private readonly since: number,
    private readonly leave: (watch: Watch) => void,
  ) {}

  /** Whether nothing was done, nor to these tags. Not after its end. */
  holds(lateTags: readonly string[]): boolean {
    if (!this.#untouched || this.#ended) return false;
    return !this.log.anySince(this.tags, this.since) && !this.log.anySince(lateTags, this.since);
  }

  touch(): void {
    this.#untouched = false;
  }

  /** Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.log.close();
    this.leave(this);
  }
}

/** The changes this process makes in one namespace, for those who load there. */
export class LocalChanges {
  readonly #watches = new Map<string, Set<Watch>>();

  constructor(private readonly log: TagLog) {}

  watch(key: string, tags: readonly string[]): Watch {
    const watch = new Watch(tags, this.log, this.log.open(), (ended) => this.#forget(key, ended));
    const watches = this.#watches.get(key);
    if (watches === undefined) this.#watches.set(key, new Set([watch]));
    else watches.add(watch);
    return watch;
  }

  changed(key: string): void {
    if (this.#watches.size === 0) return;
    for (const watch of this.#watches.get(key) ?? []) watch.touch();
  }

  cleared(): void {
    for (const watches of this.#watches.values()) for (const watch of watches) watch.touch();
  }

  #forget(key: string, watch: Watch): void {
    const watches = this.#watches.get(key);
    if (watches?.delete(watch) === true && watches.size === 0) this.#watches.delete(key);
  }
}
