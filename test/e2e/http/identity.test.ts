import { AsyncLocalStorage } from 'node:async_hooks';
import { Controller, Get, Injectable, Scope, UseGuards, UseInterceptors, type CanActivate } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cacheable, CacheConfig, CacheInterceptor } from '../../../lib/index.js';
import { PLATFORMS, serve, type Asked, type Middleware } from './http-rig.js';

@Injectable()
class Allow implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@Injectable()
class RateLimit extends Allow {}

@Injectable({ scope: Scope.REQUEST })
class PerRequest extends Allow {}

let runs = 0;
beforeEach(() => {
  runs = 0;
});

const user = new AsyncLocalStorage<string>();
const whoAsks: Middleware = ({ headers }, _response, next) => user.run(headers.authorization ?? 'nobody', next);

/** The same handlers twice: under the interceptor, and with `@Cacheable` alone. */
@Controller('under')
@UseInterceptors(CacheInterceptor)
class Under {
  @Get('open')
  open(): object {
    return { run: (runs += 1), user: user.getStore() };
  }
  @Get('guarded')
  @UseGuards(Allow)
  guarded(): object {
    return { run: (runs += 1) };
  }
  @Get('limited')
  @UseGuards(RateLimit)
  limited(): object {
    return { run: (runs += 1) };
  }
}

@Controller('own')
class Own {
  @Get('open')
  @Cacheable()
  async open(): Promise<object> {
    return { run: (runs += 1), user: user.getStore() };
  }
  @Get('guarded')
  @UseGuards(Allow)
  @Cacheable()
  async guarded(): Promise<object> {
    return { run: (runs += 1) };
  }
  @Get('limited')
  @UseGuards(RateLimit)
  @Cacheable()
  async limited(): Promise<object> {
    return { run: (runs += 1) };
  }
}

@Controller('under')
@UseInterceptors(CacheInterceptor)
@UseGuards(Allow)
class GuardedUnder {
  @Get('open')
  open(): object {
    return { run: (runs += 1) };
  }
}

@Controller('own')
@UseGuards(Allow)
class GuardedOwn {
  @Get('open')
  @Cacheable()
  async open(): Promise<object> {
    return { run: (runs += 1) };
  }
}

const NAMED: readonly (readonly [string, Asked])[] = [
  ['Authorization', { headers: { authorization: 'Bearer a' } }],
  ['a cookie', { headers: { cookie: 'session=1' } }],
];

const cases = PLATFORMS.flatMap((platform) => (['under', 'own'] as const).map((kind) => ({ platform, kind })));

describe.each(cases)('the identity rule, on $platform, for a handler $kind the cache', ({ platform, kind }) => {
  it.each(NAMED)('a request with %s neither stores nor reads', async (what, asked) => {
    const site = await serve(platform, { controllers: [Under, Own] });
    const path = `/${kind}/open`;
    expect(await site.verdicts([path, asked], [path, asked])).toEqual(['BYPASS', 'BYPASS']);
    expect(await site.verdicts(path, path, [path, asked])).toEqual(['MISS', 'HIT', 'BYPASS']);
    expect(runs).toBe(4);
    const handler = kind === 'under' ? 'Under.open' : 'Own.open';
    expect(site.warnings).toEqual([expect.stringContaining(`${handler} is not cached: the request carries ${what}`)]);
  });

  it('a guard on the handler', async () => {
    const site = await serve(platform, { controllers: [Under, Own] });
    const path = `/${kind}/guarded`;
    expect(await site.verdicts(path, path)).toEqual(['BYPASS', 'BYPASS']);
    expect(site.warnings).toEqual([expect.stringMatching(/\.guarded is not cached: the handler is behind Allow/)]);
  });

  it('a guard on the class', async () => {
    const site = await serve(platform, { controllers: [kind === 'under' ? GuardedUnder : GuardedOwn] });
    const path = `/${kind}/open`;
    expect(await site.verdicts(path, path)).toEqual(['BYPASS', 'BYPASS']);
  });

  it.each([
    ['APP_GUARD with useClass', { provide: APP_GUARD, useClass: Allow }],
    ['APP_GUARD with useValue', { provide: APP_GUARD, useValue: new Allow() }],
    ['APP_GUARD with useFactory', { provide: APP_GUARD, useFactory: () => new Allow() }],
    ['APP_GUARD that is request-scoped', { provide: APP_GUARD, useClass: PerRequest }],
    ['APP_GUARD made request-scoped', { provide: APP_GUARD, useClass: Allow, scope: Scope.REQUEST }],
  ])('%s', async (_what, provider) => {
    const site = await serve(platform, { controllers: [Under, Own], providers: [provider] });
    const path = `/${kind}/open`;
    expect(await site.verdicts(path, path)).toEqual(['BYPASS', 'BYPASS']);
  });

  it('a guard by useGlobalGuards', async () => {
    const site = await serve(platform, { controllers: [Under, Own], setUp: (app) => app.useGlobalGuards(new Allow()) });
    const path = `/${kind}/open`;
    expect(await site.verdicts(path, path)).toEqual(['BYPASS', 'BYPASS']);
  });

  it('anonymousGuards are no objection; the guards beside them are', async () => {
    const cache = { anonymousGuards: [RateLimit] };
    const providers = [{ provide: APP_GUARD, useClass: RateLimit }];
    const site = await serve(platform, { controllers: [Under, Own], cache, providers });
    expect(await site.verdicts(`/${kind}/limited`, `/${kind}/limited`)).toEqual(['MISS', 'HIT']);
    expect(await site.verdicts(`/${kind}/guarded`, `/${kind}/guarded`)).toEqual(['BYPASS', 'BYPASS']);
  });

  it('an anonymous guard still lets nobody who names himself share an answer', async () => {
    const site = await serve(platform, { controllers: [Under, Own], cache: { anonymousGuards: [RateLimit] } });
    const path = `/${kind}/limited`;
    expect(await site.verdicts(path, [path, NAMED[0]![1]])).toEqual(['MISS', 'BYPASS']);
  });

  it('an exempt class does not exempt its subclasses', async () => {
    const site = await serve(platform, { controllers: [Under, Own], cache: { anonymousGuards: [Allow] } });
    expect(await site.verdicts(`/${kind}/guarded`, `/${kind}/limited`)).toEqual(['MISS', 'BYPASS']);
  });

  it('warns once for each handler, however many requests there are', async () => {
    const site = await serve(platform, { controllers: [Under, Own] });
    for (let i = 0; i < 5; i += 1)
      await site.verdicts(`/${kind}/guarded`, `/${kind}/limited`, [`/${kind}/open`, NAMED[0]![1]]);
    expect(site.warnings.map((line) => line.split(' ')[0]!.split('.')[1]).toSorted()).toEqual([
      'guarded',
      'limited',
      'open',
    ]);
  });

  it('varyBy of the cache, from AsyncLocalStorage, gives each user an answer of his own', async () => {
    const varyBy = (): string => user.getStore() ?? '';
    const site = await serve(platform, { controllers: [Under, Own], cache: { varyBy }, middleware: whoAsks });
    await expectSeparate(site.ask.bind(site), `/${kind}/open`);
    expect(site.warnings).toEqual([]);
  });

  it('a guard is no objection where varyBy says whose the answer is', async () => {
    const site = await serve(platform, {
      controllers: [Under, Own],
      cache: { varyBy: () => user.getStore()! },
      middleware: whoAsks,
    });
    expect(await site.verdicts(`/${kind}/guarded`, `/${kind}/guarded`)).toEqual(['MISS', 'HIT']);
  });
});

async function expectSeparate(
  ask: (path: string, how: Asked) => Promise<{ body: string; verdict: string | undefined }>,
  path: string,
) {
  for (const verdict of ['MISS', 'HIT']) {
    for (const who of ['ann', 'bob']) {
      const answer = await ask(path, { headers: { authorization: who } });
      expect(answer.verdict).toBe(verdict);
      expect(JSON.parse(answer.body).user).toBe(who);
    }
  }
}

describe.each(PLATFORMS)('whose the answer is, on %s', (platform) => {
  it('varyBy of the class and of the method', async () => {
    @Controller('class')
    @UseInterceptors(CacheInterceptor)
    @CacheConfig({ varyBy: () => user.getStore()! })
    class ByClass {
      @Get()
      who(): object {
        return { run: (runs += 1), user: user.getStore() };
      }
    }
    @Controller('method')
    class ByMethod {
      @Get()
      @Cacheable({ varyBy: () => user.getStore()! })
      async who(): Promise<object> {
        return { run: (runs += 1), user: user.getStore() };
      }
    }
    const site = await serve(platform, { controllers: [ByClass, ByMethod], middleware: whoAsks });
    await expectSeparate(site.ask.bind(site), '/class');
    await expectSeparate(site.ask.bind(site), '/method');
  });

  it("'public' on the class or the method says that the answer is everybody's", async () => {
    @Controller('class')
    @UseGuards(Allow)
    @UseInterceptors(CacheInterceptor)
    @CacheConfig({ varyBy: 'public' })
    class Public {
      @Get()
      who(): object {
        return { run: (runs += 1) };
      }
    }
    @Controller('method')
    @UseGuards(Allow)
    class PublicMethod {
      @Get()
      @Cacheable({ varyBy: 'public' })
      async who(): Promise<object> {
        return { run: (runs += 1) };
      }
    }
    const site = await serve(platform, { controllers: [Public, PublicMethod] });
    for (const path of ['/class', '/method']) {
      const named: [string, Asked] = [path, NAMED[0]![1]];
      expect(await site.verdicts(named, path, [path, NAMED[1]![1]])).toEqual(['MISS', 'HIT', 'HIT']);
    }
    expect(site.warnings).toEqual([]);
  });

  it.each(['/under/open', '/own/open'])('where varyBy cannot tell, %s runs uncached', async (path) => {
    const varyBy = (): string => user.getStore()!;
    const site = await serve(platform, { controllers: [Under, Own], cache: { varyBy } });
    const answers = [await site.ask(path), await site.ask(path)];
    expect(answers.map(({ verdict }) => verdict)).not.toContain('HIT');
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });
});
