import { Controller, Get, Injectable, UseGuards, UseInterceptors, Version, VersioningType } from '@nestjs/common';
import type { CallHandler, CanActivate, ExecutionContext, INestApplication, NestInterceptor } from '@nestjs/common';
import { RouterExecutionContext } from '@nestjs/core/router/router-execution-context.js';
import { retry, type Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cacheable, CacheInterceptor, CacheTags, withCacheOptions } from '../../../lib/index.js';
import { PLATFORMS, serve } from './http-rig.js';

let runs = 0;
beforeEach(() => {
  runs = 0;
});

const ANNA = { headers: { authorization: 'anna' } };

@Injectable()
class Allow implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

/** Runs the handler once more where it fails. */
class Retrying implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(retry(1));
  }
}

class WithOptions implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return withCacheOptions({ ttl: '1m' }, () => next.handle());
  }
}

class Base {
  @Get('overridden')
  @Cacheable()
  async overridden(): Promise<string> {
    return `secret ${(runs += 1)}`;
  }
  @Get('plain')
  @Cacheable()
  async plain(): Promise<string> {
    return `secret ${(runs += 1)}`;
  }
}

@Controller('own')
class Own extends Base {
  constructor() {
    super();
    this.bound = this.bound.bind(this);
  }
  @Get('bound')
  @Cacheable()
  async bound(): Promise<string> {
    return `secret ${(runs += 1)}`;
  }
  @Get('flaky')
  @UseInterceptors(Retrying)
  @Cacheable()
  async flaky(): Promise<string> {
    runs += 1;
    if (runs % 2 === 1) throw new Error('flaky');
    return `secret ${runs}`;
  }
  @Get('options')
  @UseInterceptors(WithOptions)
  @Cacheable()
  async options(): Promise<string> {
    return `secret ${(runs += 1)}`;
  }
  @Get('overridden')
  @Cacheable()
  override async overridden(): Promise<string> {
    return `more than ${await super.overridden()}`;
  }
  @Get('plain')
  override async plain(): Promise<string> {
    return `more than ${await super.plain()}`;
  }
  @Get('other')
  async other(): Promise<string> {
    return `more than ${await this.options()}`;
  }
  @Get('guarded')
  @UseGuards(Allow)
  @Cacheable()
  async guarded(): Promise<string> {
    return `secret ${(runs += 1)}`;
  }
}

describe.each(PLATFORMS)('%s: whoever stands around a handler, the answer to one who says who he is', (platform) => {
  it.each(['bound', 'flaky', 'options', 'overridden', 'plain', 'other', 'guarded'])(
    'is his alone: %s',
    async (path) => {
      const site = await serve(platform, { controllers: [Own] });
      const own = await site.ask(`/own/${path}`, ANNA);
      expect(own.body).toContain('secret');
      const other = await site.ask(`/own/${path}`);
      expect(other.body).toContain('secret');
      expect(other.body).not.toBe(own.body);
      expect(other.verdict).not.toBe('HIT');
    },
  );

  it.each(['bound', 'flaky', 'options'])('is shared where nobody says so: %s', async (path) => {
    const site = await serve(platform, { controllers: [Own] });
    const first = await site.ask(`/own/${path}`);
    const second = await site.ask(`/own/${path}`);
    expect([first.verdict, second.verdict, second.body]).toEqual(['MISS', 'HIT', first.body]);
  });
});

/** What instrumentation does: the router is given a function of its own in the place of each handler, with its name and metadata. */
function instrumented(callback: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    return callback.apply(this, args);
  };
  Object.defineProperty(wrapped, 'name', { value: callback.name });
  for (const key of Reflect.getMetadataKeys(callback)) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, callback), wrapped);
  }
  return wrapped;
}

describe('where instrumentation has put functions of its own in the place of handlers', () => {
  type Create = (instance: object, callback: (...args: unknown[]) => unknown, ...more: unknown[]) => unknown;
  const router = RouterExecutionContext.prototype as unknown as { create: Create };
  const { create } = router;
  beforeEach(() => {
    router.create = function (instance, callback, ...more) {
      return create.call(this, instance, instrumented(callback), ...more);
    };
  });
  afterEach(() => {
    router.create = create;
  });

  @Controller('under')
  @UseInterceptors(CacheInterceptor)
  class Under {
    @Get('tagged')
    @CacheTags('t')
    tagged(): string {
      return `run ${(runs += 1)}`;
    }
    @Get('versioned')
    @Version('1')
    one(): string {
      return 'one';
    }
    @Get('versioned')
    @Version('2')
    two(): string {
      return 'two';
    }
  }

  it.each(['options', 'guarded', 'other'])('the identity rule holds: %s', async (path) => {
    const site = await serve('express', { controllers: [Own] });
    const own = await site.ask(`/own/${path}`, ANNA);
    const other = await site.ask(`/own/${path}`);
    expect(other.body).not.toBe(own.body);
  });

  it('tags hold under the interceptor, and versions are told apart', async () => {
    const versioned = (app: INestApplication): unknown =>
      app.enableVersioning({ type: VersioningType.HEADER, header: 'v' });
    const site = await serve('express', { controllers: [Under], setUp: versioned });
    const ask = (path: string, v?: string): Promise<{ body: string }> =>
      site.ask(`/under/${path}`, { headers: v === undefined ? {} : { v } });
    expect([(await ask('versioned', '1')).body, (await ask('versioned', '2')).body]).toEqual(['one', 'two']);
    expect((await ask('tagged')).body).toBe((await ask('tagged')).body);
    await site.cache.invalidateTags(['t']);
    expect((await ask('tagged')).body).toBe('run 2');
  });
});
