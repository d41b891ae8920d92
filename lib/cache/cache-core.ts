import type { CacheEvents } from '../events/cache-events.js';
import { StatsCollector, type TierChannels } from '../events/cache-stats.js';
import { CacheKeyError } from '../errors/cache.errors.js';
import type { Store } from '../stores/store.js';
import type { Clock } from '../support/clock.js';
import { WeakRegistry } from '../support/weak-registry.js';
import { DraftPolicy } from './call-options.js';
import { nameOf } from './arguments.js';
import { SingleFlight } from './single-flight.js';

/** How the key of a decorated call is found from its arguments. */
export type KeyOf = (service: object, method: PropertyKey, args: readonly unknown[]) => string;

/** What a cache is made of; the providers put it together. */
export interface CacheParts {
  readonly name: string;
  readonly enabled: boolean;
  readonly store: Store;
  readonly events: CacheEvents;
  /** Where the store has two tiers, what happens in each. */
  readonly tiers?: TierChannels | undefined;
  readonly clock: Clock;
  readonly keyOf: KeyOf;
  /** Milliseconds. */
  readonly ttl: number;
  /** Milliseconds. */
  readonly ttlJitter: number;
  readonly varyBy: (() => string) | undefined;
}

/** One cache: what all the `CacheService` views of its namespaces share. */
export class CacheCore {
  readonly stats: StatsCollector;
  /** Counts the changes made through this process, so that a load can tell who joined it after one. */
  readonly changes = { count: 0 };
  readonly #drafts = new Map<string, DraftPolicy>();
  readonly #loads = new WeakRegistry((namespace) => {
    const { parts: { store, clock, events }, changes } = this; // prettier-ignore
    return new SingleFlight(store.space(namespace), namespace, { clock, events, changes, shared: store.shared });
  });

  constructor(readonly parts: CacheParts) {
    this.stats = new StatsCollector(parts.events, parts.tiers);
    this.setDefaultTtl('', parts.ttl);
  }

  /** The loads of a namespace, shared by all who use it. */
  loads(namespace: string): SingleFlight {
    return this.#loads.get(namespace);
  }

  /** The defaults of a namespace: its own if it was declared with some, else those of the one around it. */
  drafts(namespace: string): DraftPolicy {
    const own = this.#drafts.get(namespace);
    return own ?? this.drafts(namespace.slice(0, Math.max(namespace.lastIndexOf(':'), 0)));
  }

  /** @param ttl milliseconds. */
  setDefaultTtl(namespace: string, ttl: number): void {
    this.#drafts.set(namespace, new DraftPolicy(ttl, this.parts.ttlJitter));
  }
}

/** A key that belongs to one tenant, user or language. The length in front keeps two such keys apart. */
export function varied(key: string, by: unknown): string {
  if (typeof by === 'string' && by.isWellFormed()) return `~${by.length}:${by}:${key}`;
  throw new CacheKeyError(`varyBy must return a well-formed string; got ${nameOf(by)}`);
}
