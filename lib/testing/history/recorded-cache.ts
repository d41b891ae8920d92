import type { CacheService } from '../../cache/cache.service.js';
import type { GetOrSetOptions, SetOptions } from '../../cache/call-options.js';
import type { LoadContext } from '../../cache/loading/load-context.js';
import type { Loader } from '../../cache/loading/load-request.js';
import { milliseconds, type Duration } from '../../support/duration.js';
import type { ChangeRecord, CountRecord, LoadRecord, TouchRecord } from './history.js';
import type { RecordedNode } from './recorded-node.js';

/** What is stored in the place of a value, so that it can be told where it is from. `context.stale` is one. */
export interface Versioned<T = unknown> {
  readonly version: string;
  readonly value: T;
}

/**
 * The cache of one node, each of whose answers is written down. It is used in the place of the `CacheService`, and stores
 * {@link Versioned} values: whoever reads past it sees those. Ttl and grace count as far as calls name them.
 */
export class RecordedCache {
  /** @internal */
  constructor(
    private readonly node: RecordedNode,
    /** The cache itself. */
    readonly cache: CacheService,
  ) {}

  /** The same for a namespace of the cache. */
  namespace(name: string): RecordedCache {
    return new RecordedCache(this.node, this.cache.namespace(name));
  }

  async getOrSet<T>(key: string, loader: Loader<T>, options: GetOrSetOptions = {}): Promise<T> {
    const { node } = this;
    const begin = node.now();
    let tags: readonly string[] = [];
    let own: Mutable<LoadRecord> | undefined;
    const found = await this.cache.getOrSet(
      key,
      (context) => {
        own = this.#load(key, begin, options, tags);
        return this.#run(own, loader, context);
      },
      // Asked for once per load, before it runs.
      { ...options, tags: () => (tags = typeof options.tags === 'function' ? options.tags() : (options.tags ?? [])) },
    );
    const end = node.now();
    // Whoever began a load waits until it has been stored.
    if (own?.version === found.version) own.stored = end;
    this.#read(key, begin, end, found.version, spanOf(options.grace), false);
    return found.value;
  }

  async get<T>(key: string): Promise<T | undefined> {
    const begin = this.node.now();
    const found = await this.cache.get<Versioned<T>>(key);
    this.#read(key, begin, this.node.now(), found?.version ?? null, 0, false);
    return found?.value;
  }

  async set(key: string, value: unknown, options: SetOptions = {}): Promise<void> {
    const version = this.node.nextVersion();
    const { tags = [] } = options;
    const record = {
      do: 'write',
      ...this.#of(key),
      version,
      ttl: spanOf(options.ttl),
      grace: spanOf(options.grace),
      tags,
    } as const;
    await this.#change(record, () => this.cache.set(key, { version, value }, options));
  }

  delete(key: string): Promise<boolean> {
    return this.#change({ do: 'remove', ...this.#of(key) }, () => this.cache.delete(key));
  }

  async take<T>(key: string): Promise<T | undefined> {
    const begin = this.node.now();
    const found = await this.#change({ do: 'remove', ...this.#of(key) }, () => this.cache.take<Versioned<T>>(key));
    this.#read(key, begin, this.node.now(), found?.version ?? null, 0, true);
    return found?.value;
  }

  async touch(key: string, ttl: Duration): Promise<boolean> {
    const { node } = this;
    const record: Mutable<TouchRecord> = {
      do: 'touch',
      ...this.#of(key),
      begin: node.now(),
      end: null,
      ttl: spanOf(ttl),
    };
    node.add(record);
    try {
      return await this.cache.touch(key, ttl);
    } finally {
      record.end = node.now();
    }
  }

  async invalidateTags(tags: readonly string[], { allowStale = false } = {}): Promise<void> {
    await this.#change({ do: 'invalidate', node: this.node.name, tags, allowStale }, () =>
      this.cache.invalidateTags(tags, { allowStale }),
    );
  }

  async clear(): Promise<void> {
    const namespace = this.cache.namespaceName;
    await this.#change({ do: 'clear', node: this.node.name, namespace }, () => this.cache.clear());
  }

  /** Numbers are stored as they are: a key of theirs is for nothing else. */
  async increment(key: string, by = 1, options: SetOptions = {}): Promise<number> {
    const { node } = this;
    const record: Mutable<CountRecord> = {
      do: 'count',
      ...this.#of(key),
      begin: node.now(),
      end: null,
      by,
      ttl: spanOf(options.ttl),
      result: null,
      acknowledged: null,
    };
    node.add(record);
    try {
      return (record.result = await this.cache.increment(key, by, options));
    } finally {
      record.end = node.now();
      node.deliver(record);
    }
  }

  #of(key: string): Place {
    return { node: this.node.name, namespace: this.cache.namespaceName, key };
  }

  #read(key: string, begin: number, end: number, version: string | null, grace: number | null, taken: boolean): void {
    this.node.add({ do: 'read', ...this.#of(key), begin, end, version, grace, taken });
  }

  #load(key: string, asked: number, options: GetOrSetOptions, tags: readonly string[]): Mutable<LoadRecord> {
    const { ttl, grace, forceFresh, hardTimeout, signal } = options;
    const record: Mutable<LoadRecord> = {
      do: 'load',
      asked,
      ...this.#of(key),
      begin: this.node.now(),
      end: null,
      version: null,
      stored: null,
      ttl: spanOf(ttl),
      grace: spanOf(grace),
      tags,
      watched: tags,
      joinable: forceFresh !== true && hardTimeout === undefined && signal === undefined,
    };
    this.node.add(record);
    return record;
  }

  async #run<T>(record: Mutable<LoadRecord>, loader: Loader<T>, context: LoadContext): Promise<Versioned<T>> {
    try {
      const value = await loader(context);
      const { said, before } = context;
      const renewed = said.notModified ? (before!.value as Versioned<T>) : undefined;
      record.version = renewed?.version ?? this.node.nextVersion();
      record.tags = [...(renewed === undefined ? record.tags : before!.tags), ...said.tags];
      if (said.ttl !== undefined) record.ttl = spanOf(said.ttl);
      return renewed ?? { version: record.version, value };
    } finally {
      record.watched = [...record.watched, ...context.said.tags];
      record.end = this.node.now();
      this.node.hasValue();
    }
  }

  async #change<T>(about: ChangeOf<ChangeRecord>, make: () => Promise<T>): Promise<T> {
    const { node } = this;
    const record: Mutable<ChangeRecord> = { ...about, begin: node.now(), end: null, acknowledged: null, failed: true };
    node.add(record);
    try {
      const answer = await make();
      record.failed = false;
      return answer;
    } finally {
      record.end = node.now();
      node.deliver(record);
    }
  }
}

interface Place {
  readonly node: string;
  readonly namespace: string;
  readonly key: string;
}
type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** What is known of a change before it is made. */
type ChangeOf<R> = R extends unknown ? Omit<R, 'begin' | 'end' | 'acknowledged' | 'failed'> : never;

/** Milliseconds; `null` for ever, and where nobody said. */
function spanOf(duration: Duration | undefined): number | null {
  if (duration === undefined) return null;
  const span = milliseconds(duration, 'a recorded duration');
  return span === Infinity ? null : span;
}
