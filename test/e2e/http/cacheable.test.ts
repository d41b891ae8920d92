import { createReadStream, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  Body,
  Controller,
  Get,
  Inject,
  Injectable,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Query,
  Req,
  Res,
  Sse,
  StreamableFile,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { from, of, switchMap, type Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cacheable, CacheEvict, CacheInterceptor, CacheTags } from '../../../lib/index.js';
import { gate, PLATFORMS, serve, type Asked, type ResponseLike } from './http-rig.js';

const self = fileURLToPath(import.meta.url);
const source = readFileSync(self, 'utf8');
const NAMED: Asked = { headers: { authorization: 'Bearer a' } };

let runs = 0;
beforeEach(() => {
  runs = 0;
});

@Controller('users')
class Users {
  @Get('stream')
  @Cacheable()
  stream(): Observable<object> {
    runs += 1;
    return of({ run: runs });
  }

  @Get('file')
  @Cacheable()
  async file(): Promise<StreamableFile> {
    runs += 1;
    return new StreamableFile(createReadStream(self));
  }

  @Get('request')
  @Cacheable()
  async request(@Req() request: { method: string }): Promise<object> {
    runs += 1;
    return { run: runs, method: request.method };
  }

  @Get('response')
  @Cacheable()
  async response(@Res() response: ResponseLike): Promise<void> {
    runs += 1;
    response.send({ run: runs });
  }

  @Sse('events')
  @Cacheable()
  events(): Observable<{ data: string }> {
    runs += 1;
    return from([{ data: `first ${runs}` }, { data: 'second' }]);
  }

  @Get('missing')
  @Cacheable()
  async missing(): Promise<never> {
    runs += 1;
    throw new NotFoundException();
  }

  @Post('search')
  @Cacheable()
  async search(@Body() filter: object): Promise<object> {
    runs += 1;
    return { run: runs, filter };
  }

  @Get(':id')
  @Cacheable({ key: (id: number) => `user:${id}` })
  @CacheTags('users', (id: number) => `user-${id}`)
  @CacheTags.fromResult((user: { team: string }) => `team-${user.team}`)
  async one(
    @Param('id', ParseIntPipe) id: number,
    @Query('_') _noise?: string,
  ): Promise<{ run: number; id: number; team: string }> {
    runs += 1;
    return { run: runs, id, team: 'red' };
  }

  @Post(':id')
  @CacheEvict({ key: (id: number) => `user:${id}` })
  async change(@Param('id', ParseIntPipe) id: number): Promise<object> {
    return { id };
  }
}

describe.each(PLATFORMS)('@Cacheable on a controller method, on %s', (platform) => {
  it('caches by the arguments, not by the URL', async () => {
    const site = await serve(platform, { controllers: [Users] });
    expect(await site.verdicts('/users/7', '/users/7?_=1', '/users/07', '/users/8')).toEqual([
      'MISS',
      'HIT',
      'HIT',
      'MISS',
    ]);
    expect(runs).toBe(2);
    expect(await site.cache.get('user:7')).toEqual({ run: 1, id: 7, team: 'red' });
  });

  it('does so for a POST too, which it was asked for', async () => {
    const site = await serve(platform, { controllers: [Users] });
    const asked = (body: string): [string, Asked] => [
      '/users/search',
      { method: 'POST', body, headers: { 'content-type': 'application/json' } },
    ];
    expect(await site.verdicts(asked('{"a":1,"b":2}'), asked('{"b":2,"a":1}'), asked('{"a":2}'))).toEqual([
      'MISS',
      'HIT',
      'MISS',
    ]);
  });

  it('tags by what the decorators say, and evicts', async () => {
    const site = await serve(platform, { controllers: [Users] });
    for (const tag of ['users', 'user-7', 'team-red']) {
      expect(await site.verdicts('/users/7', '/users/7')).toEqual(['MISS', 'HIT']);
      await site.cache.invalidateTags([tag]);
    }
    await site.verdicts('/users/7');
    await site.cache.invalidateTags(['user-8']);
    expect(await site.verdicts('/users/7')).toEqual(['HIT']);
    await site.ask('/users/7', { method: 'POST' });
    expect(await site.verdicts('/users/7')).toEqual(['MISS']);
  });

  it('runs once for 50 concurrent requests', async () => {
    const hold = gate();
    @Controller('slow')
    class Slow {
      @Get()
      @Cacheable()
      async slow(): Promise<object> {
        runs += 1;
        await hold.opened;
        return { run: runs };
      }
    }
    const site = await serve(platform, { controllers: [Slow] });
    const asked = site.seen('miss', 50);
    const answers = Array.from({ length: 50 }, () => site.ask('/slow'));
    await asked;
    hold.open();
    expect(new Set((await Promise.all(answers)).map(({ body }) => body))).toEqual(new Set(['{"run":1}']));
  });

  it('an Observable', async () => {
    const site = await serve(platform, { controllers: [Users] });
    const answers = [await site.ask('/users/stream'), await site.ask('/users/stream')];
    expect(answers.map(({ verdict, body }) => [verdict, body])).toEqual([
      ['MISS', '{"run":1}'],
      ['HIT', '{"run":1}'],
    ]);
  });

  it('an exception is answered as it was thrown, and not cached', async () => {
    const site = await serve(platform, { controllers: [Users] });
    expect([(await site.ask('/users/missing')).status, (await site.ask('/users/missing')).status]).toEqual([404, 404]);
    expect(runs).toBe(2);
  });

  it('a StreamableFile is whole for each request', async () => {
    const site = await serve(platform, { controllers: [Users] });
    const answers = await Promise.all(Array.from({ length: 10 }, () => site.ask('/users/file')));
    for (const { status, body } of answers) expect([status, body === source]).toEqual([200, true]);
    expect(await site.verdicts('/users/file')).not.toContain('HIT');
  });

  it('a handler that takes the request runs uncached, and one warning says so', async () => {
    const site = await serve(platform, { controllers: [Users] });
    const answers = [await site.ask('/users/request'), await site.ask('/users/request')];
    expect(answers.map(({ verdict, body }) => [verdict, JSON.parse(body).run])).toEqual([
      ['BYPASS', 1],
      ['BYPASS', 2],
    ]);
    expect(site.warnings).toEqual([expect.stringContaining('Users.request')]);
  });

  it('a handler that answers by itself runs uncached and answers once', async () => {
    const site = await serve(platform, { controllers: [Users] });
    const answers = [await site.ask('/users/response'), await site.ask('/users/response')];
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, '{"run":1}'],
      [200, '{"run":2}'],
    ]);
    expect(site.warnings).toEqual([expect.stringContaining('Users.response')]);
  });

  it('an event stream reaches the client', async () => {
    const site = await serve(platform, { controllers: [Users] });
    for (let i = 0; i < 2; i += 1) {
      const { status, body } = await site.ask('/users/events');
      expect(status).toBe(200);
      expect(body.match(/data: .*/g)).toEqual([expect.stringContaining('data: first'), 'data: second']);
    }
  });

  it('under CacheInterceptor as well it is cached once, by its arguments', async () => {
    const providers = [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }];
    const site = await serve(platform, { controllers: [Users], providers });
    expect(await site.verdicts('/users/7', '/users/7?_=1')).toEqual(['MISS', 'HIT']);
    expect((await site.cache.getStats()).size).toBe(1);
  });

  it('an interceptor that calls a decorated service first does not use up the bypass of the handler', async () => {
    @Injectable()
    class Flags {
      @Cacheable()
      async read(name: string): Promise<string> {
        runs += 1;
        return name;
      }
    }
    @Injectable()
    class FlagsFirst implements NestInterceptor {
      constructor(@Inject(Flags) private readonly flags: Flags) {}
      intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
        return from(this.flags.read('x')).pipe(switchMap(() => next.handle()));
      }
    }
    @Controller('me')
    @UseInterceptors(FlagsFirst)
    class Me {
      me = 0;
      @Get()
      @Cacheable()
      async read(): Promise<object> {
        this.me += 1;
        return { me: this.me };
      }
    }
    const providers = [Flags, { provide: APP_INTERCEPTOR, useClass: FlagsFirst }];
    const site = await serve(platform, { controllers: [Me], providers });
    for (const me of [1, 2]) {
      const { verdict, body } = await site.ask('/me', NAMED);
      expect([verdict, body]).toEqual(['BYPASS', `{"me":${me}}`]);
    }
    expect(runs).toBe(1);
    expect(await site.verdicts('/me', '/me')).toEqual(['MISS', 'HIT']);
  });

  it('the bypass of a handler is not passed on to the services that it calls', async () => {
    @Injectable()
    class Rates {
      @Cacheable()
      async read(): Promise<number> {
        return (runs += 1);
      }
    }
    @Controller('me')
    class Me {
      constructor(@Inject(Rates) private readonly rates: Rates) {}
      @Get()
      @Cacheable()
      async read(): Promise<object> {
        return { rate: await this.rates.read() };
      }
    }
    const site = await serve(platform, { controllers: [Me], providers: [Rates] });
    await site.verdicts(['/me', NAMED], ['/me', NAMED]);
    expect(runs).toBe(1);
  });
});
