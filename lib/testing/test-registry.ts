import type { OnModuleInit } from '@nestjs/common';
import { CacheRegistry, type OpenCache } from '../boot/cache-registry.js';
import type { KeyOf } from '../cache/cache-core.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { CacheLog } from '../events/cache-log.js';
import type { CallRunner } from '../operations/binding.js';
import type { ResolvedOptions, Tiers } from '../options/resolve-options.js';
import { eventLogOf } from './calls/event-log.js';
import type { TestCaches } from './test-caches.js';

/** No cache is to lose in a test what it would keep. */
const UNLIMITED = { maxSize: Infinity, maxBytes: Infinity, evictionPolicy: 'lru', sizeOf: undefined } as const;

/** Opens every cache of an application in memory, wherever its options say that it is. */
export class TestRegistry extends CacheRegistry implements OnModuleInit {
  /** @param expected names of caches that there have to be */
  constructor(
    log: CacheLog,
    runner: CallRunner,
    keyOf: KeyOf,
    private readonly inTest: TestCaches,
    private readonly expected: readonly (string | undefined)[],
  ) {
    super(log, runner, keyOf);
  }

  override open(options: ResolvedOptions): OpenCache {
    const { time: clock } = this.inTest;
    const writeBehind = { ...options.writeBehind, place: { journal: 'memory' } } as const;
    const tiers = inMemoryTiers(options.tiers);
    const opened = super.open({ ...options, clock, faults: this.inTest, tiers, writeBehind });
    eventLogOf(opened.service);
    return opened;
  }

  onModuleInit(): void {
    const missing = this.expected.find((name) => this.find(name) === undefined);
    if (missing === undefined && (!this.expected.includes(undefined) || this.find() !== undefined)) return;
    throw new CacheOptionsError(
      `inMemory: caches names '${missing ?? 'default'}', and the application has no such cache: remove it, or correct the name`,
    );
  }
}

function inMemoryTiers({ memory, file, redis, foreign }: Tiers): Tiers {
  const stored = file ?? redis ?? foreign;
  if (stored === undefined) return memory === undefined ? {} : { memory };
  const { codec, onError } = stored;
  const kind = file !== undefined ? 'file' : redis !== undefined ? 'redis' : foreign!.store.backend;
  return { standIn: { codec, onError, store: UNLIMITED, for: memory === undefined ? kind : `memory over ${kind}` } };
}
