import { Controller, Get, Query, UseInterceptors } from '@nestjs/common';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  CacheConfig,
  CacheInterceptor,
  CacheService,
  CacheTags,
  cacheToken,
} from '../../../lib/index.js';
import { PLATFORMS, serve } from './http-rig.js';

let runs = 0;
beforeEach(() => {
  runs = 0;
});

@Controller('configured')
@UseInterceptors(CacheInterceptor)
@CacheConfig({ ttl: '5s', namespace: 'pages', cache: 'http' })
class Configured {
  @Get()
  @CacheTags('pages')
  @CacheTags.fromResult((result: { team: string } | null) => [`team-${result!.team}`])
  async page(@Query('team') team: string): Promise<{ team: string } | null> {
    runs += 1;
    return team === 'none' ? null : { team };
  }
}

@Controller('tagged')
@UseInterceptors(CacheInterceptor)
class Tagged {
  @Get('static')
  @CacheTags('static')
  async static(): Promise<object> {
    return { run: (runs += 1) };
  }
  @Get('arguments')
  @CacheTags((id: string) => `id-${id}`)
  async arguments(@Query('id') id: string): Promise<object> {
    return { run: (runs += 1), id };
  }
}

describe.each(PLATFORMS)('what a controller says of its cache, on %s', (platform) => {
  it('@CacheConfig: ttl, namespace and cache', async () => {
    const http = BlossomCacheModule.forRoot({ name: 'http' });
    const site = await serve(platform, { controllers: [Configured], imports: [http] });
    const named = site.app.get<CacheService>(cacheToken('http'));
    expect(await site.verdicts('/configured?team=a', '/configured?team=a')).toEqual(['MISS', 'HIT']);
    expect((await site.cache.getStats()).size).toBe(0);
    expect((await named.getStats()).size).toBe(1);
    await named.clear();
    expect(await site.verdicts('/configured?team=a')).toEqual(['HIT']);
    await named.namespace('pages').clear();
    expect(await site.verdicts('/configured?team=a')).toEqual(['MISS']);
  });

  it('the ttl of @CacheConfig runs out', async () => {
    @Controller('brief')
    @UseInterceptors(CacheInterceptor)
    @CacheConfig({ ttl: '5s' })
    class Brief {
      @Get()
      brief(): object {
        return {};
      }
    }
    const site = await serve(platform, { controllers: [Brief] });
    await site.verdicts('/brief');
    site.clock.advance(4_999);
    expect(await site.verdicts('/brief')).toEqual(['HIT']);
    site.clock.advance(1);
    expect(await site.verdicts('/brief')).toEqual(['MISS']);
  });

  it('@CacheTags: a text', async () => {
    const site = await serve(platform, { controllers: [Tagged] });
    expect(await site.verdicts('/tagged/static', '/tagged/static')).toEqual(['MISS', 'HIT']);
    await site.cache.invalidateTags(['static']);
    expect(await site.verdicts('/tagged/static', '/tagged/static')).toEqual(['MISS', 'HIT']);
  });

  it('@CacheTags.fromResult: known once the handler has run', async () => {
    const http = BlossomCacheModule.forRoot({ name: 'http' });
    const site = await serve(platform, { controllers: [Configured], imports: [http] });
    const named = site.app.get<CacheService>(cacheToken('http'));
    const both = ['/configured?team=a', '/configured?team=b'];
    await site.verdicts(...both);
    await named.invalidateTags(['team-a']);
    expect(await site.verdicts(...both)).toEqual(['MISS', 'HIT']);
    await named.invalidateTags(['pages']);
    expect(await site.verdicts(...both)).toEqual(['MISS', 'MISS']);
  });

  it('a tag function that fails on an answer without a result stands for no tags, as with @Cacheable', async () => {
    const http = BlossomCacheModule.forRoot({ name: 'http' });
    const site = await serve(platform, { controllers: [Configured], imports: [http] });
    const answers = [await site.ask('/configured?team=none'), await site.ask('/configured?team=none')];
    expect(answers.map(({ status, verdict }) => [status, verdict])).toEqual([
      [200, 'MISS'],
      [200, 'HIT'],
    ]);
    expect(runs).toBe(1);
  });

  it('@CacheTags of the arguments, which the interceptor does not know: nothing is cached, and the log says why', async () => {
    const site = await serve(platform, { controllers: [Tagged] });
    expect(await site.verdicts('/tagged/arguments?id=1', '/tagged/arguments?id=1')).not.toContain('HIT');
    expect((await site.cache.getStats()).size).toBe(0);
    expect(site.warnings[0]).toMatch(
      /Tagged\.arguments ran uncached: under CacheInterceptor tags cannot depend on the handler's arguments/,
    );
  });

  it('a tag function that fails otherwise leaves the answer alone, uncached', async () => {
    @Controller('failing')
    @UseInterceptors(CacheInterceptor)
    class Failing {
      @Get()
      @CacheTags.fromResult((): string[] => {
        throw new Error('a bug in the tag function');
      })
      async read(): Promise<object> {
        return { run: (runs += 1) };
      }
    }
    const site = await serve(platform, { controllers: [Failing] });
    const answers = [await site.ask('/failing'), await site.ask('/failing')];
    expect(answers.map(({ status, verdict }) => [status, verdict])).toEqual([
      [200, 'MISS'],
      [200, 'MISS'],
    ]);
    expect(site.warnings).toEqual([expect.stringContaining('a bug in the tag function')]);
  });

  it('a cache that does not exist stops the boot', async () => {
    await expect(serve(platform, { controllers: [Configured] })).rejects.toThrow("there is no cache named 'http'");
  });
});
