import { Inject, Injectable, Optional } from '@nestjs/common';
import type { HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { CacheRegistry } from '../boot/cache-registry.js';
import { assertOptions } from '../cache/arguments.js';
import type { CacheHealth } from '../cache/cache-health.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import { loadTerminus } from './load-terminus.js';

const terminus = loadTerminus();

/** What is checked, and when it counts as down. */
export interface CacheHealthOptions {
  /** Name of the cache. Default: the default cache. */
  readonly cache?: string | undefined;
  /**
   * From what on the indicator is down, and the whole check with it: `'never'`, as the application goes on without its
   * cache; `'down'`, when nothing is cached; `'degraded'`, when memory alone works. Default: `'never'`.
   */
  readonly downWhen?: 'never' | 'down' | 'degraded' | undefined;
}

const DOWN: Readonly<Record<string, readonly CacheHealth['status'][]>> = {
  never: [],
  down: ['down'],
  degraded: ['down', 'degraded'],
};
const WORDS = { degraded: 'memory alone works', down: 'nothing is cached' } as const;

/**
 * Whether a cache works, for `@nestjs/terminus`: asks its backend, and answers within its `commandTimeout`. Provide it where
 * `TerminusModule` is imported.
 */
@Injectable()
export class BlossomCacheHealthIndicator {
  constructor(
    @Inject(terminus.HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Optional() @Inject(CacheRegistry) private readonly caches: CacheRegistry | null,
  ) {}

  /**
   * Reports `up` with nothing else when all is well. Otherwise there is `degraded: true`, `reason` and
   * `pendingEvictions`, and the status is `up` all the same unless `downWhen` says something else.
   * @throws {CacheOptionsError} for a cache that there is not.
   */
  async isHealthy<const Key extends string>(
    key: Key,
    options: CacheHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    assertOptions(options, ['cache', 'downWhen'], 'BlossomCacheHealthIndicator');
    const { cache, downWhen = 'never' } = options;
    const down = Object.hasOwn(DOWN, downWhen) ? DOWN[downWhen]! : undefined;
    if (down === undefined) {
      throw new CacheOptionsError(
        `BlossomCacheHealthIndicator: downWhen must be one of ${Object.keys(DOWN).join(', ')}; got '${downWhen}'`,
      );
    }
    const { status, reason, pendingEvictions } = await this.#find(cache).health();
    const indicator = this.indicators.check(key);
    if (status === 'up') return indicator.up();
    const data = { degraded: true, reason: `${WORDS[status]}: ${reason}`, pendingEvictions };
    return down.includes(status) ? indicator.down(data) : indicator.up(data);
  }

  #find(name: string | undefined): { health(): Promise<CacheHealth> } {
    const found = this.caches?.find(name);
    if (found !== undefined) return found.service;
    const options = name === undefined ? '' : `{ name: '${name}' }`;
    throw new CacheOptionsError(
      `BlossomCacheHealthIndicator: there is no such cache: import BlossomCacheModule.forRoot(${options})`,
    );
  }
}
