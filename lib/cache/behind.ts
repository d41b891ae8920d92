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

/** What takes writes on and brings them to their source. */
export interface Behind {
  /** Resolves, with the value that now waits to be written, when the journal has it. */
  accept(queue: string, write: BehindWrite): Promise<unknown>;
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

/** The values that this process has accepted and that have not reached their source: reads are answered with them. */
export class PendingValues {
  readonly #spaces = new Map<string, Map<string, Waiting>>();
  /** Asked at every read. */
  size = 0;

  find(namespace: string, located: string): Entry | undefined {
    return this.#spaces.get(namespace)?.get(located)?.entry;
  }

  /** Likewise, with the end that its ttl has set. */
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
