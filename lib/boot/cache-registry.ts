import type { OnApplicationShutdown } from '@nestjs/common';
import { CacheCore, type KeyOf } from '../cache/cache-core.js';
import { CacheService } from '../cache/cache.service.js';
import { CacheBackendError, CacheOptionsError } from '../errors/cache.errors.js';
import { CacheEvents } from '../events/cache-events.js';
import { Tracing } from '../events/tracing.js';
import type { CacheLog } from '../events/cache-log.js';
import { CacheBinding, type CallRunner } from '../operations/binding.js';
import { CacheMonitor } from '../monitor/cache-monitor.js';
import { describeOptions } from '../options/describe-options.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { WriteBehind } from '../write-behind/write-behind.js';
import { openStore } from './open-store.js';
import { openWriteBehind } from './open-write-behind.js';

/** One cache of an application. */
export interface OpenCache {
  readonly options: ResolvedOptions;
  readonly core: CacheCore;
  /** Where it keeps entries, from near to far: `memory`, `redis`, … */
  readonly tiers: readonly string[];
  readonly service: CacheService;
  readonly binding: CacheBinding;
  readonly behind: WriteBehind;
  readonly monitor: CacheMonitor;
  /** Stops what runs in the background, and closes what was opened. */
  close(): Promise<void>;
}

/** The caches of one application: opens them, knows them by name, and closes what it opened. */
export class CacheRegistry implements OnApplicationShutdown {
  private readonly caches = new Map<string | undefined, OpenCache>();
  private readonly names = new Set<string>();
  private readonly visitors = new Set<(cache: OpenCache) => void>();

  constructor(
    private readonly log: CacheLog,
    private readonly runner: CallRunner,
    private readonly keyOf: KeyOf,
  ) {}

  /** @throws {CacheOptionsError} if there is one of that name. */
  open(options: ResolvedOptions): OpenCache {
    this.claim(options.name);
    const { log, keyOf } = this;
    const name = options.name ?? 'default';
    const events = this.newEvents(name);
    const tracing = new Tracing();
    const { store, tiers, names } = openStore(options, { events, tracing, log });
    const { enabled, clock, ttl, ttlJitter, terms, varyBy } = options;
    const about = { name, enabled, clock, ttl, ttlJitter, terms, varyBy };
    const core = new CacheCore({ ...about, store, events, tiers, tracing, log, keyOf });
    const service = new CacheService(core, '');
    const behind = (core.behind = openWriteBehind(options, core, log));
    const monitor = this.newMonitor(core, options);
    const close = async (): Promise<void> => {
      await behind.close();
      core.close();
      await store.close();
    };
    const binding = new CacheBinding(this.runner, service);
    const opened = { options, core, tiers: names, service, behind, monitor, close, binding };
    this.caches.set(options.name, opened);
    log.info(describeOptions(options));
    for (const visit of this.visitors) visit(opened);
    return opened;
  }

  /** The open cache of that name; without a name, the default one. */
  find(name?: string): OpenCache | undefined {
    return this.caches.get(name);
  }

  all(): readonly OpenCache[] {
    return [...this.caches.values()];
  }

  /** Calls `visit` for every open cache, and for each one that is opened later; returns what ends that. */
  each(visit: (cache: OpenCache) => void): () => void {
    for (const cache of this.caches.values()) visit(cache);
    this.visitors.add(visit);
    return () => this.visitors.delete(visit);
  }

  /** @throws {CacheOptionsError} if a cache or another namespace goes by that name already. */
  declareNamespace(name: string): void {
    this.claim(name);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.caches.values()].map((cache) => cache.close()));
  }

  private newMonitor({ parts: { name, clock }, stats, timers }: CacheCore, options: ResolvedOptions): CacheMonitor {
    const after = (ms: number, task: () => void): void => void timers.after(ms, task);
    // Nothing happens in a cache that is off.
    const every = options.enabled ? options.monitor.every : undefined;
    const source = { name, clock, log: this.log, totals: () => stats.totals(), after };
    return new CacheMonitor(source, { ...options.monitor, every });
  }

  /** The channel of a cache, with the log as its first listener. */
  private newEvents(name: string): CacheEvents {
    const { log } = this;
    const events = new CacheEvents((error) => log.failure('an event listener', 'failed', error));
    events.on('error', ({ operation, error }) => {
      // Of a backend that fails, its state is told, not every call.
      if (!(error instanceof CacheBackendError)) log.failure(operation, 'did not store a value', error);
    });
    events.on('outage', ({ reason }) => {
      log.warn(`cache '${name}': the backend fails, and until it is back nothing is read or stored there: ${reason}`);
    });
    events.on('recovery', () => log.info(`cache '${name}': the backend works again`));
    events.on('setAside', ({ reason }) => {
      log.warn(`cache '${name}': the database was set aside, and the cache begins empty: ${reason}`);
    });
    events.on('unreadable', ({ reason, security }) => {
      if (security) log.warnOnce(`unreadable ${name} ${reason}`, `cache '${name}': an entry was refused: ${reason}`);
    });
    return events;
  }

  private claim(name: string | undefined): void {
    const shown = name ?? 'default';
    if (this.names.has(shown)) {
      throw new CacheOptionsError(
        `there is a cache or namespace called '${shown}' already: declare each once, and give others a name of their own`,
      );
    }
    this.names.add(shown);
  }
}
