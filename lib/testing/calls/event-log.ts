import type { CacheService } from '../../cache/cache.service.js';
import type { CacheEventSource } from '../../events/cache-events.js';

/** What can happen to an entry, in the order of an entry's life. */
const HAPPENINGS = ['miss', 'load', 'loadFailure', 'set', 'hit', 'stale', 'delete', 'evict', 'expire'] as const;

export type Happening = (typeof HAPPENINGS)[number];

/** Happenings of one entry that are told of in order. */
const TOLD = 20;

/** What happened to one entry. */
export interface EntryLog {
  readonly namespace: string;
  readonly key: string;
  readonly counts: Partial<Record<Happening, number>>;
  /** The latest, in order. */
  readonly latest: readonly Happening[];
}

/** What happens in one cache, from when it is made. */
export class EventLog {
  readonly #entries = new Map<string, EntryLog & { latest: Happening[] }>();
  readonly #tags = new Map<string, number>();
  readonly #clears = new Map<string, number>();

  constructor(events: CacheEventSource) {
    for (const type of HAPPENINGS) {
      events.on(type, ({ namespace, key }) => this.#note(type, namespace, key));
    }
    events.on('invalidate', ({ tags }) => {
      for (const tag of tags) increase(this.#tags, tag);
    });
    events.on('clear', ({ namespace }) => increase(this.#clears, namespace));
  }

  /** Entries to which anything happened. */
  get entries(): IterableIterator<EntryLog> {
    return this.#entries.values();
  }

  /** Tags that were invalidated. */
  get tags(): readonly string[] {
    return [...this.#tags.keys()];
  }

  entry(namespace: string, key: string): EntryLog | undefined {
    return this.#entries.get(idOf(namespace, key));
  }

  invalidations(tag: string): number {
    return this.#tags.get(tag) ?? 0;
  }

  clears(namespace: string): number {
    return this.#clears.get(namespace) ?? 0;
  }

  reset(): void {
    this.#entries.clear();
    this.#tags.clear();
    this.#clears.clear();
  }

  #note(type: Happening, namespace: string, key: string): void {
    const id = idOf(namespace, key);
    const entry = this.#entries.get(id) ?? { namespace, key, counts: {}, latest: [] };
    entry.counts[type] = (entry.counts[type] ?? 0) + 1;
    entry.latest.push(type);
    if (entry.latest.length > TOLD) entry.latest.shift();
    this.#entries.set(id, entry);
  }
}

const LOGS = new WeakMap<CacheEventSource, EventLog>();

/** The log of a cache, which all its namespaces share; it begins the first time that it is asked for. */
export function eventLogOf({ events }: CacheService): EventLog {
  const log = LOGS.get(events) ?? new EventLog(events);
  LOGS.set(events, log);
  return log;
}

function idOf(namespace: string, key: string): string {
  return `${namespace.length}:${namespace}${key}`;
}

function increase(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
