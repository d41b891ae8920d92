import {
  Controller,
  Delete,
  Get,
  Head,
  Header,
  Param,
  Post,
  Query,
  UseInterceptors,
  VersioningType,
  Version,
} from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { CacheInterceptor } from '../../../lib/index.js';
import { gate, PLATFORMS, serve } from './http-rig.js';

let runs = 0;

@Controller('cities')
@UseInterceptors(CacheInterceptor)
class Cities {
  @Get()
  list(@Query() query: Record<string, string>): object {
    runs += 1;
    return { run: runs, query };
  }

  @Get(':id')
  @Header('X-City', 'yes')
  one(@Param('id') id: string): object {
    runs += 1;
    return { run: runs, id };
  }

  @Post()
  create(): object {
    runs += 1;
    return { run: runs };
  }

  @Delete(':id')
  remove(): void {
    runs += 1;
  }
}

describe.each(PLATFORMS)('what tells answers apart under CacheInterceptor, on %s', (platform) => {
  it('answers a second request with the first answer, byte for byte', async () => {
    runs = 0;
    const site = await serve(platform, { controllers: [Cities] });
    const miss = await site.ask('/cities/7');
    const hit = await site.ask('/cities/7');
    expect([miss.verdict, hit.verdict]).toEqual(['MISS', 'HIT']);
    expect(hit.body).toBe(miss.body);
    expect(hit.headers['content-type']).toBe(miss.headers['content-type']);
    expect(hit.headers['x-city']).toBe('yes');
    expect(runs).toBe(1);
  });

  it('misses again after a clear and after the ttl', async () => {
    const site = await serve(platform, { controllers: [Cities], cache: { ttl: '10s' } });
    const before = await site.ask('/cities/7');
    await site.cache.clear();
    const after = await site.ask('/cities/7');
    expect(after.verdict).toBe('MISS');
    expect(after.body).not.toBe(before.body);
    expect(await site.verdicts('/cities/7')).toEqual(['HIT']);
    site.clock.advance(9_999);
    expect(await site.verdicts('/cities/7')).toEqual(['HIT']);
    site.clock.advance(1);
    expect(await site.verdicts('/cities/7')).toEqual(['MISS']);
  });

  it('tells URLs apart by path and by the whole query string', async () => {
    const site = await serve(platform, { controllers: [Cities] });
    const asked = [
      '/cities',
      '/cities?a=1',
      '/cities?a=2',
      '/cities?a=1&b=2',
      '/cities?b=2&a=1',
      '/cities/1',
      '/cities/1?a=1',
    ];
    expect(new Set(await site.verdicts(...asked))).toEqual(new Set(['MISS']));
    expect(new Set(await site.verdicts(...asked))).toEqual(new Set(['HIT']));
    expect(JSON.parse((await site.ask('/cities?a=2')).body).query).toEqual({ a: '2' });
  });

  it('tells hosts apart, ports included', async () => {
    const site = await serve(platform, { controllers: [Cities] });
    const hosts = ['a.example', 'b.example', 'b.example:8080'];
    const all = hosts.map((host): [string, object] => ['/cities/7', { headers: { host } }]);
    expect(await site.verdicts(...all)).toEqual(['MISS', 'MISS', 'MISS']);
    expect(await site.verdicts(...all)).toEqual(['HIT', 'HIT', 'HIT']);
  });

  it('answers HEAD like GET, without a body, and keeps the two apart', async () => {
    runs = 0;
    const site = await serve(platform, { controllers: [Cities] });
    expect(await site.verdicts('/cities/7')).toEqual(['MISS']);
    const head = await site.ask('/cities/7', { method: 'HEAD' });
    expect([head.status, head.verdict, head.body]).toEqual([200, 'MISS', '']);
    const again = await site.ask('/cities/7', { method: 'HEAD' });
    expect([again.status, again.verdict, again.body]).toEqual([200, 'HIT', '']);
    expect(JSON.parse((await site.ask('/cities/7')).body)).toMatchObject({ run: 1 });
  });

  it('leaves other methods alone: no lookup, no header', async () => {
    runs = 0;
    const site = await serve(platform, { controllers: [Cities] });
    for (const [path, method] of [
      ['/cities', 'POST'],
      ['/cities/7', 'DELETE'],
    ] as const) {
      const answers = [await site.ask(path, { method }), await site.ask(path, { method })];
      expect(answers.map(({ verdict }) => verdict)).toEqual([undefined, undefined]);
    }
    expect(runs).toBe(4);
    expect(await site.cache.getStats()).toMatchObject({ hits: 0, misses: 0, size: 0 });
  });

  it('runs a handler once for 50 concurrent misses', async () => {
    const hold = gate();
    let ran = 0;
    @Controller('slow')
    @UseInterceptors(CacheInterceptor)
    class Slow {
      @Get()
      async slow(): Promise<object> {
        ran += 1;
        await hold.opened;
        return { ran };
      }
    }
    const site = await serve(platform, { controllers: [Slow] });
    const asked = site.seen('miss', 50);
    const answers = Array.from({ length: 50 }, () => site.ask('/slow'));
    await asked;
    hold.open();
    for (const { status, body, verdict } of await Promise.all(answers)) {
      expect([status, body, verdict]).toEqual([200, '{"ran":1}', 'MISS']);
    }
    expect(await site.verdicts('/slow')).toEqual(['HIT']);
    expect(ran).toBe(1);
  });

  it('keeps the versions of a route apart that share its URL', async () => {
    @Controller('things')
    @UseInterceptors(CacheInterceptor)
    class Things {
      @Version('1')
      @Get()
      first(): object {
        return { version: 1 };
      }
      @Version('2')
      @Get()
      second(): object {
        return { version: 2 };
      }
    }
    const site = await serve(platform, {
      controllers: [Things],
      setUp: (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' }),
    });
    const bodies = [];
    for (const version of ['1', '2', '1', '2']) {
      bodies.push((await site.ask('/things', { headers: { 'x-version': version } })).body);
    }
    expect(bodies).toEqual(['{"version":1}', '{"version":2}', '{"version":1}', '{"version":2}']);
  });

  it('caches a handler for HEAD alone', async () => {
    @Controller('probe')
    @UseInterceptors(CacheInterceptor)
    class Probe {
      @Head()
      probe(): void {}
    }
    const site = await serve(platform, { controllers: [Probe] });
    expect(await site.verdicts(['/probe', { method: 'HEAD' }], ['/probe', { method: 'HEAD' }])).toEqual([
      'MISS',
      'HIT',
    ]);
  });
});
