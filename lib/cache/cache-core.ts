import type { CacheEvents } from '../events/cache-events.js';
import { StatsCollector, type TierChannels } from '../events/cache-stats.js';
import { Tracing } from '../events/tracing.js';
import { CacheBackendError, CacheKeyError } from '../errors/cache.errors.js';
import type { Store } from '../stores/store.js';
import type { Clock } from '../support/clock.js';
import { WeakRegistry } from '../support/weak-registry.js';
import { PendingValues, type Behind } from './behind.js';
import { CallPolicy, NO_TERMS, type LoadTerms, type NamespaceDefaults } from './call-policy.js';
import { nameOf } from './arguments.js';
import { CommitScopes } from './commit/commit-scope.js';
import { SingleFlight, type LoadEnvironment } from './loading/single-flight.js';
import { Timers } from './loading/timers.js';
import type { WarmLogger } from './warming/warm-log.js';

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
  /** What loads, and calls of the backend, run by way of. Default: a place of its own. */
  readonly tracing?: Tracing | undefined;
  readonly clock: Clock;
  readonly keyOf: KeyOf;
  /** Milliseconds. */
  readonly ttl: number;
  /** Milliseconds. */
  readonly ttlJitter: number;
  /** What holds for loads that say nothing themselves. Default: nothing is served stale, nothing ends a load. */
  readonly terms?: LoadTerms | undefined;
  readonly varyBy: (() => string) | undefined;
  /** Where a warming says how far it is. Default: nowhere. */
  readonly log?: WarmLogger | undefined;
}

/** One cache: what all the `CacheService` views of its namespaces share. */
export class CacheCore {
  readonly stats: StatsCollector;
  /** Counts the changes made through this process, so that a load can tell who joined it after one. */
  readonly changes = { count: 0 };
  readonly timers: Timers;
  /** Accepted by `writeBehind`, and not yet written. */
  readonly pending = new PendingValues();
  /** What `writeBehind` goes to. */
  behind: Behind | undefined;
  readonly tracing: Tracing;
  /** Its transactions under way. */
  readonly commits: CommitScopes;
  /** Whether somewhere entries are renewed ahead by default. */
  renews = false;
  /** Whether the application has been shut down. */
  closed = false;
  readonly #policies = new Map<string, CallPolicy>();
  readonly #loads: WeakRegistry<SingleFlight>;

  constructor(readonly parts: CacheParts) {
    const { events, store, tiers, clock, ttl, terms = NO_TERMS } = parts;
    this.stats = new StatsCollector(events, store.reclaims, tiers);
    this.timers = new Timers(clock);
    this.tracing = parts.tracing ?? new Tracing();
    const { changes, timers, tracing } = this;
    const environment: LoadEnvironment = { clock, events, timers, tracing, changes, shared: store.shared };
    this.#loads = new WeakRegistry((namespace) => new SingleFlight(store.space(namespace), namespace, environment));
    this.commits = new CommitScopes(store, (namespace) => this.loads(namespace), environment);
    this.#set('', new CallPolicy({ ttl, ...terms }, parts.ttlJitter));
  }

  /** The loads of a namespace, shared by all who use it. */
  loads(namespace: string): SingleFlight {
    return this.#loads.get(namespace);
  }

  /** The defaults of a namespace: its own if it was declared with some, else those of the one around it. */
  policy(namespace: string): CallPolicy {
    return this.#policies.get(namespace) ?? this.policy(outerOf(namespace));
  }

  /** Declares defaults of a namespace; those that are not given are those of the one around it. */
  setDefaults(namespace: string, defaults: NamespaceDefaults, where: string): void {
    this.#set(namespace, this.policy(outerOf(namespace)).with(defaults, where));
  }

  #set(namespace: string, policy: CallPolicy): void {
    this.#policies.set(namespace, policy);
    this.renews ||= policy.defaults.refreshAhead !== undefined;
  }

  /** @throws {CacheBackendError} once it is closed. */
  assertOpen(operation: string): void {
    if (!this.closed) return;
    throw new CacheBackendError('the cache is closed: the application has been shut down', { operation });
  }

  /** Stops all timers; loads under way go on. */
  close(): void {
    this.closed = true;
    this.timers.close();
  }
}

function outerOf(namespace: string): string {
  return namespace.slice(0, Math.max(namespace.lastIndexOf(':'), 0));
}

/** A key that belongs to one tenant, user or language. The length in front keeps two such keys apart. */
export function varied(key: string, by: unknown): string {
  if (typeof by === 'string' && by.isWellFormed()) return `~${by.length}:${by}:${key}`;
  throw new CacheKeyError(`varyBy must return a well-formed string; got ${nameOf(by)}`);
}
