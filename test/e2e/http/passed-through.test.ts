import { randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BadGatewayException,
  Controller,
  Get,
  Header,
  HttpCode,
  Next,
  Redirect,
  Res,
  Sse,
  StreamableFile,
  UseInterceptors,
} from '@nestjs/common';
import { firstValueFrom, from, type Observable } from 'rxjs';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { CacheInterceptor } from '../../../lib/index.js';
import { gate, onResponse, PLATFORMS, serve, type ResponseLike } from './http-rig.js';

const dir = mkdtempSync(join(tmpdir(), 'blossom-http-'));
const file = join(dir, 'big.txt');
const content = randomBytes(150_000).toString('hex');
writeFileSync(file, content);
afterAll(() => rmSync(dir, { recursive: true }));

let runs = 0;
beforeEach(() => {
  runs = 0;
});

/** A method decorator of the kind that puts an unnamed function in the place of the method. */
function Audited(_target: object, _key: string, descriptor: PropertyDescriptor): void {
  const body = descriptor.value as (...args: unknown[]) => unknown;
  descriptor.value = function (this: unknown, ...args: unknown[]) {
    return body.apply(this, args);
  };
}

@Controller()
@UseInterceptors(CacheInterceptor)
class Odd {
  @Get('accepted')
  @HttpCode(202)
  accepted(): object {
    return { run: (runs += 1) };
  }

  @Get('moved')
  @Redirect()
  moved(): object {
    runs += 1;
    return { url: `/to/${runs}`, statusCode: 307 };
  }

  @Get('missing')
  @UseInterceptors(onResponse((response) => response.status(404)))
  missing(): object {
    return { run: (runs += 1) };
  }

  @Get('broken')
  broken(): object {
    runs += 1;
    throw new BadGatewayException(`run ${runs}`);
  }

  @Get('crashed')
  async crashed(): Promise<object> {
    runs += 1;
    throw new TypeError('not for the client');
  }

  @Get('cookie')
  @UseInterceptors(onResponse((response) => response.header('set-cookie', `visit=${runs + 1}`)))
  cookie(): object {
    return { run: (runs += 1) };
  }

  @Get('res')
  @Header('X-Own', 'yes')
  res(@Res() response: ResponseLike): void {
    response.send({ run: (runs += 1) });
  }

  @Get('passthrough')
  passthrough(@Res({ passthrough: true }) response: ResponseLike): object {
    runs += 1;
    response.header('x-run', String(runs));
    return { run: runs };
  }

  @Get('audited')
  @Audited
  audited(@Res() response: ResponseLike): void {
    response.send({ run: (runs += 1) });
  }

  @Get('next')
  next(@Next() _next: () => void, @Res() response: ResponseLike): void {
    response.send({ run: (runs += 1) });
  }

  @Sse('events')
  events(): Observable<{ data: string }> {
    runs += 1;
    return from([{ data: `first ${runs}` }, { data: 'second' }]);
  }

  @Get('file')
  file(): StreamableFile {
    runs += 1;
    return new StreamableFile(createReadStream(file), {
      type: 'text/plain',
      disposition: 'attachment; filename="big.txt"',
    });
  }
}

describe.each(PLATFORMS)('what CacheInterceptor does not cache, on %s', (platform) => {
  it.each([
    ['another status of the route', '/accepted', 202],
    ['another status, set while it is handled', '/missing', 404],
    ['a redirection', '/moved', 307],
    ['an exception', '/broken', 502],
    ['an unexpected error', '/crashed', 500],
    ['an answer that sets a cookie', '/cookie', 200],
  ])('%s', async (_what, path, status) => {
    const site = await serve(platform, { controllers: [Odd] });
    const answers = [await site.ask(path), await site.ask(path), await site.ask(path)];
    expect(answers.map((answer) => answer.status)).toEqual([status, status, status]);
    expect(answers.map(({ verdict }) => verdict)).toEqual(['MISS', 'MISS', 'MISS']);
    expect(runs).toBe(3);
    expect((await site.cache.getStats()).size).toBe(0);
  });

  it('leaves what it does not cache as it is without it', async () => {
    const site = await serve(platform, { controllers: [Odd] });
    expect(JSON.parse((await site.ask('/missing')).body)).toEqual({ run: 1 });
    expect((await site.ask('/broken')).body).toContain('run 2');
    expect((await site.ask('/crashed')).body).not.toContain('not for the client');
    expect((await site.ask('/cookie')).headers['set-cookie']).toEqual(['visit=4']);
  });

  it.each([
    ['@Res()', '/res'],
    ['@Res({ passthrough: true })', '/passthrough'],
    ['@Next()', '/next'],
    ['@Res() under a decorator that replaces the method', '/audited'],
  ])('%s', async (_what, path) => {
    const site = await serve(platform, { controllers: [Odd] });
    const answers = [await site.ask(path), await soon(site.ask(path))];
    expect(answers.map(({ status, body, verdict }) => [status, body, verdict])).toEqual([
      [200, '{"run":1}', 'BYPASS'],
      [200, '{"run":2}', 'BYPASS'],
    ]);
    expect((await site.cache.getStats()).size).toBe(0);
  });

  it('keeps the headers that a handler sets by itself', async () => {
    const site = await serve(platform, { controllers: [Odd] });
    await site.ask('/passthrough');
    expect((await site.ask('/passthrough')).headers['x-run']).toBe('2');
  });

  it('@Sse()', async () => {
    const site = await serve(platform, { controllers: [Odd] });
    for (const run of [1, 2]) {
      const { status, headers, body, verdict } = await site.ask('/events');
      expect([status, headers['content-type'], verdict]).toEqual([200, 'text/event-stream', 'BYPASS']);
      expect(body.match(/data: .*/g)).toEqual([`data: first ${run}`, 'data: second']);
    }
    expect((await site.cache.getStats()).size).toBe(0);
  });

  it('a StreamableFile, which each request gets whole', async () => {
    const site = await serve(platform, { controllers: [Odd] });
    for (const run of [1, 2]) {
      const { status, headers, body } = await site.ask('/file');
      expect([status, headers['content-type'], headers['content-disposition']]).toEqual([
        200,
        'text/plain',
        'attachment; filename="big.txt"',
      ]);
      expect(body === content).toBe(true);
      expect(runs).toBe(run);
    }
    expect((await site.cache.getStats()).size).toBe(0);
  });

  it('a StreamableFile for which 50 ask at the same time: each gets it whole', async () => {
    const hold = gate();
    @Controller()
    @UseInterceptors(CacheInterceptor)
    class Held {
      @Get('file')
      async file(): Promise<StreamableFile> {
        runs += 1;
        await hold.opened;
        return new StreamableFile(createReadStream(file));
      }
    }
    const site = await serve(platform, { controllers: [Held] });
    const asked = site.seen('miss', 50);
    const answers = Array.from({ length: 50 }, () => site.ask('/file'));
    await asked;
    expect(runs).toBe(1);
    hold.open();
    for (const { status, body } of await Promise.all(answers)) expect([status, body === content]).toEqual([200, true]);
    expect(runs).toBe(50);
  });

  it.each([
    ['status', onResponse((response) => response.status(404)), 404, undefined],
    ['cookie', onResponse((response) => response.header('set-cookie', 'a=1')), 200, ['a=1']],
  ])('the %s of a handler for which several ask at the same time', async (_what, touch, status, cookie) => {
    const hold = gate();
    @Controller()
    @UseInterceptors(CacheInterceptor, touch)
    class Held {
      @Get('held')
      async held(): Promise<object> {
        await hold.opened;
        return {};
      }
    }
    const site = await serve(platform, { controllers: [Held] });
    const asked = site.seen('miss', 3);
    const answers = Array.from({ length: 3 }, () => site.ask('/held'));
    await asked;
    hold.open();
    for (const answer of await Promise.all(answers)) {
      expect([answer.status, answer.headers['set-cookie']]).toEqual([status, cookie]);
    }
  });

  it('gives an exception to all who wait for it', async () => {
    const hold = gate();
    @Controller()
    @UseInterceptors(CacheInterceptor)
    class Held {
      @Get('held')
      async held(): Promise<object> {
        runs += 1;
        await hold.opened;
        throw new BadGatewayException();
      }
    }
    const site = await serve(platform, { controllers: [Held] });
    const asked = site.seen('miss', 3);
    const answers = Array.from({ length: 3 }, () => site.ask('/held'));
    await asked;
    hold.open();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([502, 502, 502]);
    expect(runs).toBe(1);
  });

  it('an answer that is null, undefined or empty is cached like any other', async () => {
    @Controller()
    @UseInterceptors(CacheInterceptor)
    class Nothing {
      @Get('null')
      null(): null {
        runs += 1;
        return null;
      }
      @Get('text')
      text(): string {
        runs += 1;
        return '';
      }
      @Get('none')
      none(): void {
        runs += 1;
      }
      @Get('later')
      later(): Promise<number> {
        runs += 1;
        return firstValueFrom(from([0]));
      }
    }
    const site = await serve(platform, { controllers: [Nothing] });
    for (const path of ['/null', '/text', '/none', '/later']) {
      const [miss, hit] = [await site.ask(path), await site.ask(path)];
      expect([miss.verdict, hit.verdict]).toEqual(['MISS', 'HIT']);
      expect([hit.status, hit.body]).toEqual([miss.status, miss.body]);
    }
    expect(runs).toBe(4);
  });
});

/** A request that must not hang: the answer, or an error well before the test would time out. */
function soon<T>(answer: Promise<T>): Promise<T> {
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Error('no answer')), 1_000).unref();
  });
  return Promise.race([answer, late]);
}
