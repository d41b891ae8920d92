import {
  Controller,
  Get,
  Inject,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { from, map, switchMap, type Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cacheable, CacheInterceptor } from '../../../lib/index.js';
import { PLATFORMS, serve } from './http-rig.js';

let runs = 0;
beforeEach(() => {
  runs = 0;
});

@Controller('plain')
class Plain {
  @Get()
  plain(): object {
    return { run: (runs += 1) };
  }
}

@Controller('class')
@UseInterceptors(CacheInterceptor)
class OnClass {
  @Get()
  plain(): object {
    return { run: (runs += 1) };
  }
}

@Controller('handler')
class OnHandler {
  @Get()
  @UseInterceptors(CacheInterceptor)
  plain(): object {
    return { run: (runs += 1) };
  }
  @Get('other')
  other(): object {
    return { run: (runs += 1) };
  }
}

/** Instances become what the client may see, as ClassSerializerInterceptor does with @Exclude. */
class Account {
  constructor(
    readonly name: string,
    readonly password: string,
  ) {}
}

@Injectable()
class Serializer implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      map((value: unknown) => {
        if (!(value instanceof Account)) throw new Error('not an instance any more');
        return { name: value.name };
      }),
    );
  }
}

describe.each(PLATFORMS)('where CacheInterceptor is bound, on %s', (platform) => {
  it('on a class and on a handler, and nowhere else', async () => {
    const site = await serve(platform, { controllers: [Plain, OnClass, OnHandler] });
    expect(await site.verdicts('/class', '/class', '/handler', '/handler')).toEqual(['MISS', 'HIT', 'MISS', 'HIT']);
    expect(await site.verdicts('/plain', '/plain', '/handler/other')).toEqual([undefined, undefined, undefined]);
  });

  it('by APP_INTERCEPTOR', async () => {
    const providers = [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }];
    const site = await serve(platform, { controllers: [Plain], providers });
    expect(await site.verdicts('/plain', '/plain')).toEqual(['MISS', 'HIT']);
  });

  it('by useGlobalInterceptors', async () => {
    const site = await serve(platform, {
      controllers: [Plain],
      providers: [CacheInterceptor],
      setUp: (app) => app.useGlobalInterceptors(app.get(CacheInterceptor)),
    });
    expect(await site.verdicts('/plain', '/plain')).toEqual(['MISS', 'HIT']);
  });

  it('globally and on the class too, which is once too often and does no harm', async () => {
    const providers = [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }];
    const site = await serve(platform, { controllers: [OnClass], providers });
    const answers = [await site.ask('/class'), await site.ask('/class')];
    expect(answers.map(({ status, verdict, body }) => [status, verdict, body])).toEqual([
      [200, 'MISS', '{"run":1}'],
      [200, 'HIT', '{"run":1}'],
    ]);
  });

  it.each([
    ['above', [Serializer, CacheInterceptor]],
    ['below', [CacheInterceptor, Serializer]],
  ])('a serializer %s it does the same to a hit as to a miss', async (where, interceptors) => {
    @Controller('me')
    @UseInterceptors(...interceptors)
    class Me {
      @Get()
      me(): Account {
        runs += 1;
        return new Account('ann', 'secret');
      }
    }
    const site = await serve(platform, { controllers: [Me] });
    const answers = [await site.ask('/me'), await site.ask('/me')];
    expect(answers.map(({ verdict, body }) => [verdict, body])).toEqual([
      ['MISS', '{"name":"ann"}'],
      ['HIT', '{"name":"ann"}'],
    ]);
    expect([where, runs]).toEqual([where, 1]);
  });

  it('an interceptor that calls a decorated service first changes nothing', async () => {
    @Injectable()
    class Flags {
      @Cacheable()
      async read(): Promise<number> {
        return (runs += 1);
      }
    }
    @Injectable()
    class FlagsFirst implements NestInterceptor {
      constructor(@Inject(Flags) private readonly flags: Flags) {}
      intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
        return from(this.flags.read()).pipe(switchMap(() => next.handle()));
      }
    }
    const providers = [Flags, { provide: APP_INTERCEPTOR, useClass: FlagsFirst }];
    const site = await serve(platform, { controllers: [OnClass], providers });
    const headers = { authorization: 'a' };
    expect(await site.verdicts('/class', '/class', ['/class', { headers }])).toEqual(['MISS', 'HIT', 'BYPASS']);
  });

  it('a handler may use cached services of its own', async () => {
    @Injectable()
    class Rates {
      @Cacheable()
      async read(): Promise<number> {
        return (runs += 1);
      }
    }
    @Controller('rates')
    @UseInterceptors(CacheInterceptor)
    class RatesController {
      constructor(@Inject(Rates) private readonly rates: Rates) {}
      @Get()
      read(): Promise<number> {
        return this.rates.read();
      }
    }
    const site = await serve(platform, { controllers: [RatesController], providers: [Rates] });
    expect(await site.verdicts('/rates', '/rates?again')).toEqual(['MISS', 'MISS']);
    expect(runs).toBe(1);
  });

  it.each([{ enabled: false } as const, { backend: 'off' } as const])(
    'with %j every answer is a BYPASS',
    async (cache) => {
      @Controller('own')
      class Own {
        @Get()
        @Cacheable()
        async own(): Promise<object> {
          return { run: (runs += 1) };
        }
      }
      const site = await serve(platform, { controllers: [OnClass, Own], cache });
      const headers = { authorization: 'a' };
      expect(
        await site.verdicts('/class', '/class', '/own', '/own', ['/own', { headers }], ['/class', { headers }]),
      ).toEqual(Array(6).fill('BYPASS'));
      expect(runs).toBe(6);
      expect(site.warnings).toEqual([]);
    },
  );
});
