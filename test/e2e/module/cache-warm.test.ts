import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Scope,
  ServiceUnavailableException,
  type DynamicModule,
  type INestApplication,
  type LoggerService,
  type OnModuleInit,
  type Provider,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AddressInfo } from 'node:net';
import { from, type Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  Cacheable,
  CacheConfig,
  CacheOptionsError,
  CacheService,
  cacheToken,
  CacheWarm,
  CacheWarmup,
  InjectCache,
  type BlossomCacheOptions,
  type CacheWarmOptions,
  type WarmCall,
  type WarmItem,
} from '../../../lib/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { hold, settle, type Held } from '../service/service-rig.js';
import { freshPrefix, redisOptions, useRedis } from '../stores/redis-rig.js';

const open: INestApplication[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

interface App {
  readonly app: INestApplication;
  readonly cache: CacheService;
  readonly warmup: CacheWarmup;
  /** What the cache says, warnings with `WARN` in front. */
  readonly log: string[];
}

/** An application that has not been initialised yet. */
async function create(
  providers: Provider[],
  options: BlossomCacheOptions = {},
  more: Partial<DynamicModule> = {},
): Promise<App> {
  // prettier-ignore
  class Root {}
  const imports = [BlossomCacheModule.forRoot(options), ...(more.imports ?? [])];
  Module({ ...more, imports, providers })(Root);
  const log: string[] = [];
  const app = await NestFactory.create(Root, { logger: loggerInto(log), abortOnError: false });
  open.push(app);
  const cache = app.get<CacheService>(cacheToken(options.name));
  return { app, cache, warmup: app.get(CacheWarmup), log };
}

async function boot(...args: Parameters<typeof create>): Promise<App> {
  const created = await create(...args);
  await created.app.init();
  return created;
}

function loggerInto(log: string[]): LoggerService {
  const add =
    (mark: string) =>
    (line: unknown, context?: unknown): void => {
      if (context === 'BlossomCache' && !String(line).startsWith('cache opened')) log.push(`${mark}${String(line)}`);
    };
  return { log: add(''), warn: add('WARN '), error: add('ERROR ') };
}

/** Lines about warming. */
function warmingIn(log: readonly string[]): string[] {
  return log.filter((line) => line.includes('warm'));
}

async function refusal(booting: Promise<unknown>): Promise<Error> {
  return booting.then(
    () => {
      throw new Error('it booted');
    },
    (error: Error) => error,
  );
}

/** A provider of which the method with `@CacheWarm` does this. */
function warming(body: (signal: AbortSignal) => unknown, options?: CacheWarmOptions): Type {
  @Injectable()
  class Prices {
    @CacheWarm(options)
    warm(signal: AbortSignal): unknown {
      return body(signal);
    }
  }
  return Prices;
}

const items = (count: number): WarmItem[] => Array.from({ length: count }, (_, i) => ({ key: `k${i}`, load: () => i }));

describe('@CacheWarm', () => {
  it('warms what the method returns, when everything else has been initialised', async () => {
    const order: string[] = [];
    @Injectable()
    class Late implements OnModuleInit {
      async onModuleInit(): Promise<void> {
        await settle();
        order.push('initialised');
      }
    }
    const body = (): WarmItem[] => (order.push('warming'), items(3));
    const { cache, warmup, log } = await boot([warming(body), Late]);
    await warmup.ready;
    expect(order).toEqual(['initialised', 'warming']);
    expect(await cache.getMany(['k0', 'k2'])).toEqual(new Map([['k0', 0], ['k2', 2]])); // prettier-ignore
    expect(warmup.runs).toEqual([
      { name: 'Prices.warm', blocking: false, state: 'done', report: expect.objectContaining({ total: 3, loaded: 3 }) },
    ]);
    expect(warmingIn(log)).toEqual([
      "cache 'default': Prices.warm: warming 3 entries, 10 at a time",
      expect.stringMatching(
        /^cache 'default': Prices\.warm: warmed 3 entries in \d\.\d s: 3 loaded, 0 fresh, 0 failed$/,
      ),
    ]);
  });

  it.each<[string, () => unknown]>([
    ['a promise of an array', async () => items(3)],
    ['a generator', () => items(3).values()],
    ['an async generator', async function* () { yield* items(3); }], // prettier-ignore
    ['a set', () => new Set(items(3))],
    ['an Observable of an array', () => from([items(3)])],
  ])('takes %s', async (_, body) => {
    const { cache, warmup } = await boot([warming(body)]);
    await warmup.ready;
    expect((await cache.getMany(['k0', 'k1', 'k2'])).size).toBe(3);
  });

  it('warms by decorated calls of its own instance and of others', async () => {
    const bodies: unknown[] = [];
    @Injectable()
    class Reports {
      @Cacheable()
      async year(year: number): Promise<number> {
        bodies.push(year);
        return year;
      }

      @CacheWarm({ concurrency: 2 })
      warm(): WarmCall[] {
        return [2024, 2025].map((year) => () => this.year(year));
      }
    }
    @Injectable()
    class Warmer {
      constructor(@Inject(Reports) private readonly reports: Reports) {}

      @CacheWarm()
      async all(): Promise<WarmCall[]> {
        return [() => this.reports.year(2024), () => this.reports.year(2026)];
      }
    }
    const { app, warmup } = await boot([Reports, Warmer]);
    await warmup.ready;
    expect(bodies.toSorted()).toEqual([2024, 2025, 2026]);
    await app.get(Reports).year(2026);
    expect(bodies).toHaveLength(3);
  });

  it('calls a method that is cached itself: what it answers is its entry', async () => {
    let bodies = 0;
    @Injectable()
    class Reports {
      @CacheWarm()
      @Cacheable()
      async top(): Promise<number[]> {
        bodies += 1;
        return [1, 2, 3];
      }

      @Cacheable()
      @CacheWarm()
      months(): Observable<number> {
        bodies += 1;
        return from([1, 2]);
      }
    }
    const { app, warmup, log } = await boot([Reports]);
    await warmup.ready;
    expect(warmup.runs.map(({ state, report }) => [state, report?.loaded])).toEqual([['done', 1], ['done', 1]]); // prettier-ignore
    expect(await app.get(Reports).top()).toEqual([1, 2, 3]);
    expect(bodies).toBe(2);
    expect(log.some((line) => line.includes('WARN'))).toBe(false);
  });

  it.each([[undefined], [null], ['text'], [5], [{}]])(
    'leaves a method that returns %s to its own work',
    async (value) => {
      let signal: unknown;
      const { warmup, log } = await boot([warming((given) => ((signal = given), value))]);
      await warmup.ready;
      expect(warmup.runs).toEqual([{ name: 'Prices.warm', blocking: false, state: 'done', report: undefined }]);
      expect(warmingIn(log)).toEqual(["cache 'default': Prices.warm: warming done"]);
      expect(signal).toBeInstanceOf(AbortSignal);
    },
  );

  it('warms the cache and namespace that it, its method or its class names', async () => {
    const one = (key: string): WarmItem[] => [{ key, load: () => 1 }];
    @Injectable()
    @CacheConfig({ cache: 'llm', namespace: 'users' })
    class Users {
      @CacheWarm()
      byClass(): WarmItem[] {
        return one('class');
      }

      @CacheWarm({ cache: 'other', namespace: 'own' })
      byOption(): WarmItem[] {
        return one('option');
      }
    }
    const { app, warmup } = await boot([Users], {}, {
      imports: [BlossomCacheModule.forRoot({ name: 'llm' }), BlossomCacheModule.forRoot({ name: 'other' })],
    }); // prettier-ignore
    await warmup.ready;
    const cache = (name: string, namespace: string): CacheService =>
      app.get<CacheService>(cacheToken(name)).namespace(namespace);
    expect([await cache('llm', 'users').exists('class'), await cache('other', 'own').exists('option')]).toEqual([true, true]); // prettier-ignore
  });

  it('takes a name, refresh and log: false', async () => {
    const loads: string[] = [];
    @Injectable()
    class Prices {
      constructor(@InjectCache() private readonly cache: CacheService) {}

      async onModuleInit(): Promise<void> {
        await this.cache.set('a', 'before');
      }

      @CacheWarm({ name: 'price list', refresh: true, log: false })
      warm(): WarmItem[] {
        return [{ key: 'a', load: () => (loads.push('a'), 'after') }];
      }
    }
    const { cache, warmup, log } = await boot([Prices]);
    await warmup.ready;
    expect([await cache.get('a'), warmup.runs[0]!.name, warmingIn(log)]).toEqual(['after', 'price list', []]);
  });

  it('is inherited, and what overrides it without it is not run', async () => {
    const ran: string[] = [];
    class Base {
      @CacheWarm()
      warm(): void {
        ran.push(this.constructor.name);
      }
    }
    @Injectable()
    class Inherits extends Base {}
    @Injectable()
    class Overrides extends Base {
      override warm(): void {
        ran.push('never');
      }
    }
    const { warmup } = await boot([Inherits, Overrides]);
    await warmup.ready;
    expect(ran).toEqual(['Inherits']);
  });

  it('works on controllers, on what a factory made, and once for two tokens of one instance', async () => {
    const ran: string[] = [];
    class Made {
      @CacheWarm()
      warm(): void {
        ran.push('made');
      }
    }
    @Controller()
    class Api {
      @CacheWarm()
      warm(): void {
        ran.push('controller');
      }
    }
    const providers = [
      { provide: Made, useFactory: async () => new Made() },
      { provide: 'alias', useExisting: Made },
    ];
    const { warmup } = await boot(providers, {}, { controllers: [Api] });
    await warmup.ready;
    expect(ran.toSorted()).toEqual(['controller', 'made']);
  });

  it('runs for each application of a process', async () => {
    const Prices = warming(() => items(1));
    const [one, two] = [await boot([Prices]), await boot([Prices])];
    await Promise.all([one.warmup.ready, two.warmup.ready]);
    expect([one, two].map(({ warmup }) => warmup.runs[0]!.report!.loaded)).toEqual([1, 1]);
  });

  it('runs nothing where the cache is switched off', async () => {
    let ran = false;
    const { warmup } = await boot([warming(() => (ran = true), { blocking: true })], { enabled: false });
    await warmup.ready;
    expect([ran, warmup.isReady, warmup.runs]).toEqual([false, true, []]);
  });
});

describe('a boot', () => {
  it('waits for a blocking one, and not for others', async () => {
    const slow = hold<WarmItem[]>();
    const quick = hold<WarmItem[]>();
    @Injectable()
    class Prices {
      @CacheWarm()
      beside(): Promise<WarmItem[]> {
        return slow.promise;
      }

      @CacheWarm({ blocking: true })
      before(): Promise<WarmItem[]> {
        return quick.promise;
      }
    }
    const { app, cache, warmup } = await create([Prices]);
    const booting = app.listen(0);
    await settle();
    expect([app.getHttpServer().listening, warmup.isReady]).toEqual([false, false]);
    const load = hold<number>();
    quick.resolve([{ key: 'a', load: () => load.promise }]);
    await settle();
    expect(app.getHttpServer().listening).toBe(false);
    load.resolve(1);
    await booting;
    expect([app.getHttpServer().listening, await cache.get('a'), warmup.isReady]).toEqual([true, 1, false]);
    expect(warmup.runs.map(({ state }) => state).toSorted()).toEqual(['done', 'running']);
    slow.resolve([]);
    await warmup.ready;
    expect(warmup.isReady).toBe(true);
  });

  it.each<[CacheWarmOptions, number]>([
    [{ blocking: true, timeout: '5s' }, 5_000],
    [{ blocking: true }, 30_000],
  ])('waits no longer than its timeout, and it goes on: %s', async (options, ms) => {
    const clock = new FakeClock();
    const load = hold<number>();
    const { app, cache, warmup, log } = await create(
      [warming(() => [{ key: 'a', load: () => load.promise }], options)],
      {
        clock,
      },
    );
    let booted = false;
    const booting = app.init().then(() => (booted = true));
    await settle();
    await clock.pass(ms - 1);
    expect(booted).toBe(false);
    await clock.pass(1);
    await booting;
    expect(log).toContain(
      `WARN cache 'default': Prices.warm: warming takes longer than ${ms / 1_000}s: the application starts, and it goes on`,
    );
    load.resolve(1);
    await warmup.ready;
    expect([await cache.get('a'), warmup.runs[0]!.state]).toEqual([1, 'done']);
  });

  it('leaves no timer behind of one that was in time', async () => {
    const clock = new FakeClock();
    await boot([warming(() => [], { blocking: true, timeout: '1h' })], { clock });
    expect(clock.pending).toBe(0);
  });

  it.each([[true], [false]])('is not failed by loads that fail, blocking: %s', async (blocking) => {
    const bad = { key: 'secret', load: () => Promise.reject(new TypeError('secret')) };
    const { warmup, log } = await boot([warming(() => [bad, bad, ...items(1)], { blocking })]);
    await warmup.ready;
    const warnings = log.filter((line) => line.startsWith('WARN'));
    expect(warnings).toEqual([
      expect.stringMatching(/: Prices\.warm: warmed 3 entries in \S+ s: 1 loaded, 0 fresh, 2 failed \(TypeError\)$/),
    ]);
    expect(warmup.runs[0]).toMatchObject({ state: 'done', report: { failed: 2, errors: [{ key: 'secret' }, {}] } });
  });

  it.each<[boolean, string, () => unknown, string]>([
    [true, 'throws', () => { throw new Error('no database'); }, 'no database'], // prettier-ignore
    [false, 'rejects', () => Promise.reject(new Error('no database')), 'no database'],
    [false, 'returns what is no items', () => [1], 'warm: item 0 must be { key, load, … } or a function that makes a call; got a number'], // prettier-ignore
  ])('is not failed by a method (blocking: %s) that %s', async (blocking, _, body, message) => {
    const { warmup, log } = await boot([warming(body, { blocking })]);
    await warmup.ready;
    expect(log.filter((line) => line.startsWith('WARN'))).toEqual([
      `WARN cache 'default': Prices.warm: warming failed: ${message}`,
    ]);
    expect(warmup.runs).toMatchObject([{ state: 'failed', error: { message } }]);
    expect(warmup.isReady).toBe(true);
  });
});

describe('readiness', () => {
  it('can be asked for by a controller', async () => {
    @Controller()
    class Health {
      constructor(@Inject(CacheWarmup) private readonly warmup: CacheWarmup) {}

      @Get('ready')
      ready(): string {
        if (!this.warmup.isReady) throw new ServiceUnavailableException();
        return 'ready';
      }
    }
    const load = hold<number>();
    const { app, warmup } = await create([warming(() => [{ key: 'a', load: () => load.promise }])], {}, {
      controllers: [Health],
    }); // prettier-ignore
    await app.listen(0);
    const { port } = app.getHttpServer().address() as AddressInfo;
    const status = async (): Promise<number> => (await fetch(`http://127.0.0.1:${port}/ready`)).status;
    expect(await status()).toBe(503);
    load.resolve(1);
    await warmup.ready;
    expect(await status()).toBe(200);
  });

  it('comes with the boot where nothing is warmed', async () => {
    const { app, warmup } = await create([]);
    expect(warmup.isReady).toBe(false);
    await app.init();
    await warmup.ready;
    expect(warmup.isReady).toBe(true);
  });
});

describe('app.close()', () => {
  it('stops what is under way, without a word of failure', async () => {
    const rejections: unknown[] = [];
    const note = (reason: unknown): void => void rejections.push(reason);
    process.on('unhandledRejection', note);
    const begun: AbortSignal[] = [];
    const method = hold<WarmItem[]>();
    let told: AbortSignal | undefined;
    @Injectable()
    class Prices {
      @CacheWarm()
      warm(): WarmItem[] {
        const load = (ctx: { signal: AbortSignal }): Promise<unknown> => {
          begun.push(ctx.signal);
          return new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));
        };
        return items(1_000).map(({ key }) => ({ key, load }));
      }

      @CacheWarm()
      own(signal: AbortSignal): Promise<WarmItem[]> {
        told = signal;
        return method.promise;
      }
    }
    const { app, warmup, log } = await boot([Prices]);
    await settle();
    expect([begun.length, told!.aborted]).toEqual([10, false]);
    await app.close();
    expect([begun.length, begun.every(({ aborted }) => aborted), told!.aborted]).toEqual([10, true, true]);
    method.reject(new Error('too late'));
    await settle();
    process.off('unhandledRejection', note);
    expect(rejections).toEqual([]);
    expect(warmup.runs.map(({ state, report }) => [state, report?.loaded])).toEqual([['stopped', 0], ['stopped', undefined]]); // prettier-ignore
    expect(log.filter((line) => line.startsWith('WARN'))).toEqual([]);
    expect(warmup.isReady).toBe(true);
  });

  it('ends a boot that waits', async () => {
    const { app } = await create([warming(() => new Promise(() => {}), { blocking: true })]);
    const booting = app.init();
    await settle();
    await app.close();
    await booting;
  });
});

describe('a misplaced @CacheWarm', () => {
  it('on a static, an accessor or a property is refused by name', () => {
    const message = (define: () => unknown): string => {
      try {
        define();
      } catch (error) {
        expect(error).toBeInstanceOf(CacheOptionsError);
        return (error as Error).message;
      }
      throw new Error('it was accepted');
    };
    const decorate = CacheWarm() as (target: object, key: string, descriptor?: PropertyDescriptor) => void;
    class Users {}
    expect(message(() => decorate(Users, 'a', { value: () => {} }))).toBe(
      '@CacheWarm on Users.a: static methods cannot be run at boot',
    );
    expect(message(() => decorate(Users.prototype, 'b', { get: () => 1 }))).toContain(
      'accessors cannot be run at boot',
    );
    expect(message(() => decorate(Users.prototype, 'c'))).toContain('@CacheWarm on Users.c: this is a property');
    decorate(Users.prototype, 'd', { value: () => {} });
    expect(message(() => decorate(Users.prototype, 'd', { value: () => {} }))).toBe(
      '@CacheWarm is on Users.d twice: leave one',
    );
  });

  it.each<[object, string]>([
    [{ blocking: 'yes' }, '@CacheWarm: blocking must be true or false'],
    [{ timeout: '5s' }, '@CacheWarm: timeout goes with blocking: true'],
    [{ blocking: true, timeout: 30 }, '@CacheWarm: timeout must be a text with its unit'],
    [{ blocking: true, timeout: '0s' }, '@CacheWarm: timeout must be a text with its unit'],
    [{ blocking: true, timeout: '2d' }, "@CacheWarm: timeout must be at most '1d'; got '2d'"],
    [{ concurrency: 0 }, '@CacheWarm: concurrency must be a whole number from 1 to 10000; got 0'],
    [{ name: '' }, '@CacheWarm: name must be'],
    [{ cache: 5 }, '@CacheWarm: cache must be'],
    [{ ttl: 5 }, "@CacheWarm: unknown option 'ttl'"],
  ])('option is refused: %s', (options, message) => {
    expect(() => CacheWarm(options)).toThrow(CacheOptionsError);
    expect(() => CacheWarm(options)).toThrow(message);
  });

  it.each([[Scope.REQUEST], [Scope.TRANSIENT]])('on a provider of scope %s stops the boot', async (scope) => {
    const Prices = warming(() => []);
    Injectable({ scope })(Prices);
    const error = await refusal(boot([Prices]));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toBe(
      '@CacheWarm on Prices.warm: Prices is made for each request or place of use: move the method to a provider that there is one of',
    );
    const made = { provide: Prices, scope, useFactory: () => new Prices() };
    expect((await refusal(boot([made]))).message).toBe(error.message);
  });

  it('for a cache that does not exist stops the boot', async () => {
    const Prices = warming(() => [], { cache: 'llm' });
    expect((await refusal(boot([Prices]))).message).toContain("BlossomCacheModule.forRoot({ name: 'llm' })");
    const made = { provide: Prices, useFactory: () => new Prices() };
    expect((await refusal(boot([made]))).message).toBe(
      "@CacheWarm on Prices.warm: there is no cache named 'llm': register it with forRoot",
    );
  });

  it('without the module stops the boot, and says what to import', async () => {
    class Root {}
    Module({ providers: [warming(() => [])] })(Root);
    const booting = NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
    expect((await refusal(booting)).message).toContain('BlossomCacheModule.forRoot(), which must be in the imports');
  });
});

describe('a fleet over one Redis', () => {
  const redis = useRedis();

  it.each<['redis' | 'hybrid']>([['redis'], ['hybrid']])(
    'that boots at once loads each entry once: %s',
    async (backend) => {
      const prefix = freshPrefix();
      const loads = new Map<string, number>();
      const load = (key: string) => async (): Promise<string> => {
        loads.set(key, (loads.get(key) ?? 0) + 1);
        await settle();
        return key;
      };
      const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
      const Prices = warming(() => keys.map((key) => ({ key, load: load(key) })), { blocking: true });
      const apps = await Promise.all(
        [1, 2, 3].map(() => boot([Prices], redisOptions(backend, redis().url, { prefix }))),
      );
      expect(loads.size).toBe(200);
      expect([...loads.values()].filter((count) => count !== 1)).toEqual([]);
      for (const { cache, warmup } of apps) {
        expect(warmup.runs[0]).toMatchObject({ state: 'done', report: { total: 200, failed: 0, unstored: 0 } });
        expect(await cache.getMany(keys)).toEqual(new Map(keys.map((key) => [key, key])));
      }
    },
  );

  it('does not wait for one that stops while it loads', async () => {
    const prefix = freshPrefix();
    const never: Held<unknown>[] = [];
    const stuck = warming(() => [{ key: 'a', load: () => (never.push(hold()), never.at(-1)!.promise) }]);
    const { app } = await boot([stuck], redisOptions('redis', redis().url, { prefix }));
    while (never.length === 0) await settle();
    const other = warming(() => [{ key: 'a', load: () => 'loaded' }]);
    const { cache, warmup } = await boot([other], redisOptions('redis', redis().url, { prefix }));
    await app.close();
    await warmup.ready;
    expect(await cache.get('a')).toBe('loaded');
  });
});
