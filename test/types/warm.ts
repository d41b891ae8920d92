import {
  Cacheable,
  CacheWarm,
  type CacheService,
  type CacheWarmup,
  type WarmCall,
  type WarmItem,
  type WarmReport,
  type WarmupRun,
} from '../../lib/index.js';

declare const cache: CacheService;
declare const users: Users;
declare const warmup: CacheWarmup;

class Users {
  @Cacheable()
  async find(_id: number): Promise<{ id: number }> {
    return { id: 1 };
  }
}

/** What must compile. */
export async function accepted(): Promise<void> {
  const report: WarmReport = await cache.warm([() => users.find(1), () => users.find(2)]);
  await cache.warm(
    [
      { key: 'a', load: () => 1, ttl: '5m', tags: ['t'], grace: '1h', hardTimeout: '5s' },
      { key: 'b', load: async (ctx) => ctx.setTtl('1m'), tags: () => ['t'] },
      () => users.find(1),
    ],
    { concurrency: 4, refresh: true, signal: AbortSignal.timeout(1), log: false, name: 'users' },
  );
  await cache.warm(lazily(), { onProgress: ({ done, total = 0, failed }) => done + total + failed });
  await cache.warm(new Set([1, 2].map((id) => () => users.find(id))));
  for (const { index, key, error } of report.errors) void [index.toFixed(), key?.length, error];
  const states: WarmupRun['state'][] = warmup.runs.map(({ state }) => state);
  await warmup.ready.then(() => warmup.isReady && states);
}

async function* lazily(): AsyncGenerator<WarmItem> {
  yield { key: 'a', load: () => 1 };
}

export class Accepted {
  @CacheWarm()
  nothing(): void {}

  @CacheWarm({ blocking: true, timeout: '30s', concurrency: 4, cache: 'llm', namespace: 'users', name: 'all' })
  async items(): Promise<WarmItem[]> {
    return [];
  }

  @CacheWarm({ log: false, refresh: true })
  *calls(signal: AbortSignal): Generator<WarmCall> {
    if (!signal.aborted) yield () => users.find(1);
  }

  @CacheWarm()
  @Cacheable()
  async cached(): Promise<number> {
    return 1;
  }
}

/** What must not. */
export async function refused(): Promise<void> {
  // @ts-expect-error no key
  await cache.warm([{ load: () => 1 }]);
  // @ts-expect-error no loader
  await cache.warm([{ key: 'a' }]);
  // @ts-expect-error a ttl without unit
  await cache.warm([{ key: 'a', load: () => 1, ttl: '5' }]);
  // @ts-expect-error it is an option of all
  await cache.warm([{ key: 'a', load: () => 1, forceFresh: true }]);
  // @ts-expect-error no such option
  await cache.warm([], { parallel: 5 });
  // @ts-expect-error a promise has begun already
  await cache.warm([users.find(1)]);
}

export class Refused {
  // @ts-expect-error nobody knows with which arguments to run it
  @CacheWarm()
  async find(_id: number): Promise<void> {}

  // @ts-expect-error it would be given the signal
  @CacheWarm()
  async top(_limit = 10): Promise<void> {}

  // @ts-expect-error a timeout has a unit
  @CacheWarm({ blocking: true, timeout: 30 })
  async timeout(): Promise<void> {}

  // @ts-expect-error no such option
  @CacheWarm({ ttl: '5m' })
  async ttl(): Promise<void> {}

  // @ts-expect-error not a method
  @CacheWarm()
  property = (): void => {};
}
