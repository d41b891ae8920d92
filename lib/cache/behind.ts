import type { WriteBehindStats } from '../events/cache-stats.js';
import type { Entry } from '../stores/store.js';

/** A write that is to reach its source later. */
export interface BehindWrite {
  readonly key: string;
  readonly namespace: string;
  /** The key as it is stored. */
  readonly located: string;
  readonly value: unknown;
  readonly tags: readonly string[];
  /** Milliseconds. */
  readonly ttl: number;
  /** Milliseconds. */
  readonly grace: number;
}

/** A write that only its journal can still refuse. */
export interface ReadyWrite {
  /** As it is written, whatever its owner does to it later. */
  readonly value: unknown;
  /** Resolves, with the value that now waits to be written, when the journal has it. */
  accept(): Promise<unknown>;
}

/** What takes writes on and brings them to their source. */
export interface Behind {
  /** @throws {CacheOptionsError} where nobody handles the queue, {@link CacheSerializationError} for what cannot be kept. */
  ready(queue: string, write: BehindWrite): ReadyWrite;
  /** By queue; undefined where there is none. */
  measure(): Promise<Readonly<Record<string, WriteBehindStats>> | undefined>;
  resetCounts(): void;
}

interface Waiting {
  readonly id: string;
  readonly entry: Entry;
  /** When the cache would forget it, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Values that have not reached their source: reads are answered with them. */
export interface WaitingValues {
  /** Asked at every read. */
  readonly size: number;
  find(namespace: string, located: string): Entry | undefined;
  /** Likewise, with the end that its ttl has set. */
  peek(namespace: string, located: string): Entry | undefined;
}

/** Those of which nothing newer is known where it is read. */
export class UnlessNewer implements WaitingValues {
  constructor(
    private readonly values: WaitingValues,
    private readonly isNewer: (located: string) => boolean,
  ) {}

  get size(): number {
    return this.values.size;
  }

  find(namespace: string, located: string): Entry | undefined {
    return this.isNewer(located) ? undefined : this.values.find(namespace, located);
  }

  peek(namespace: string, located: string): Entry | undefined {
    return this.isNewer(located) ? undefined : this.values.peek(namespace, located);
  }
}

/** The values that this process has accepted and that have not reached their source. */
export class PendingValues implements WaitingValues {
  readonly #spaces = new Map<string, Map<string, Waiting>>();
  size = 0;

  find(namespace: string, located: string): Entry | undefined {
    return this.#spaces.get(namespace)?.get(located)?.entry;
  }

  peek(namespace: string, located: string): Entry | undefined {
    const waiting = this.#spaces.get(namespace)?.get(located);
    return waiting && { ...waiting.entry, expiresAt: waiting.expiresAt };
  }

  put(
    { id, namespace, located, value, tags, acceptedAt, expiresAt }: Pick<BehindWrite, 'namespace' | 'located' | 'value' | 'tags'> & {
      readonly id: string;
      readonly acceptedAt: number;
      readonly expiresAt: number;
    }, // prettier-ignore
  ): void {
    const space = this.#spaces.get(namespace) ?? new Map<string, Waiting>();
    this.#spaces.set(namespace, space);
    if (!space.has(located)) this.size += 1;
    // Until the source has it there is no other answer, and nothing to renew it from.
    const entry = { value, tags, createdAt: acceptedAt, expiresAt: Infinity, staleUntil: Infinity };
    space.set(located, { id, entry, expiresAt });
  }

  /** Nothing is left of that write, unless a later one has taken its place. */
  drop({
    id,
    namespace,
    located,
  }: {
    readonly id: string;
    readonly namespace: string;
    readonly located: string;
  }): void {
    const space = this.#spaces.get(namespace);
    if (space?.get(located)?.id !== id) return;
    space.delete(located);
    this.size -= 1;
    if (space.size === 0) this.#spaces.delete(namespace);
  }
}
