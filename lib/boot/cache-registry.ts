import type { OnApplicationShutdown } from '@nestjs/common';
import { CacheCore, type KeyOf } from '../cache/cache-core.js';
import { CacheService } from '../cache/cache.service.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import { CacheEvents } from '../events/cache-events.js';
import type { CacheLog } from '../events/cache-log.js';
import { CacheBinding, type CallRunner } from '../operations/binding.js';
import { describeOptions, type ResolvedOptions } from '../options/resolve-options.js';
import { MemoryStore } from '../stores/memory/memory.store.js';
import { NullStore } from '../stores/null/null.store.js';
import type { Store } from '../stores/store.js';

/** One cache of an application. */
export interface OpenCache {
  readonly options: ResolvedOptions;
  readonly service: CacheService;
  readonly binding: CacheBinding;
  readonly store: Store;
}

/** The caches of one application: opens them, knows them by name, and closes what it opened. */
export class CacheRegistry implements OnApplicationShutdown {
  private readonly caches = new Map<string | undefined, OpenCache>();
  private readonly names = new Set<string>();

  constructor(
    private readonly log: CacheLog,
    private readonly runner: CallRunner,
    private readonly keyOf: KeyOf,
  ) {}

  /** @throws {CacheOptionsError} if there is one of that name. */
  open(options: ResolvedOptions): OpenCache {
    this.claim(options.name);
    const { log, keyOf } = this;
    const events = this.newEvents();
    const store = options.enabled ? new MemoryStore(options.memory, events, options.clock) : new NullStore();
    const core = new CacheCore({ ...options, name: options.name ?? 'default', store, events, keyOf });
    const service = new CacheService(core, '');
    const opened = { options, service, store, binding: new CacheBinding(this.runner, service) };
    this.caches.set(options.name, opened);
    log.info(describeOptions(options));
    return opened;
  }

  /** The open cache of that name; without a name, the default one. */
  find(name?: string): OpenCache | undefined {
    return this.caches.get(name);
  }

  /** @throws {CacheOptionsError} if a cache or another namespace goes by that name already. */
  declareNamespace(name: string): void {
    this.claim(name);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.caches.values()].map(({ store }) => store.close()));
  }

  private newEvents(): CacheEvents {
    const { log } = this;
    const events = new CacheEvents((error) => log.failure('an event listener', 'failed', error));
    events.on('error', ({ operation, error }) => log.failure(operation, 'did not store a value', error));
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
