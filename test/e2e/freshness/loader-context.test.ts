import { describe, expect, it } from 'vitest';
import { CacheOptionsError, type LoadContext } from '../../../lib/index.js';
import { eventually } from '../../support/redis/eventually.js';
import { rejection } from '../service/service-rig.js';
import { BACKENDS, freshnessRig, Source } from './freshness-rig.js';

const open = freshnessRig();
const GRACE = { ttl: 10, grace: 60 } as const;

describe.each(BACKENDS)('%s: what a loader is told and may say', (backend) => {
  it('ctx.stale is the value from before, if there is one', async () => {
    const { cache, pass } = await open(backend);
    const seen: unknown[] = [];
    const load = (ctx: LoadContext): unknown => (seen.push([ctx.hasStale, ctx.stale]), { n: seen.length });
    await cache.getOrSet('k', load, GRACE);
    await pass(10_000);
    await cache.getOrSet('k', load, GRACE);
    await cache.getOrSet('k', load, { ...GRACE, forceFresh: true });
    await cache.delete('k');
    await cache.getOrSet('k', load, GRACE);
    await pass(70_000);
    await cache.getOrSet('k', load, GRACE);
    expect(seen).toEqual([
      [false, undefined],
      [true, { n: 1 }],
      [true, { n: 2 }],
      [false, undefined],
      [false, undefined],
    ]);
  });

  it('ctx.stale tells a stored undefined from nothing', async () => {
    const { cache, pass } = await open(backend);
    await cache.set('k', undefined, GRACE);
    await pass(10_000);
    let told: unknown;
    await cache.getOrSet('k', (ctx) => void (told = [ctx.hasStale, ctx.stale]), GRACE);
    expect(told).toEqual([true, undefined]);
  });

  it('ctx.notModified renews the ttl, and keeps value and tags', async () => {
    const { cache, pass } = await open(backend);
    await cache.set('k', { etag: 'e' }, { ...GRACE, tags: ['t'] });
    await pass(10_000);
    expect(await cache.getOrSet('k', (ctx) => ctx.notModified<object>(), GRACE)).toEqual({ etag: 'e' });
    await pass(9_999);
    expect(await cache.get('k')).toEqual({ etag: 'e' });
    expect(await cache.ttl('k')).toBeCloseTo(0.001, 2);
    await cache.invalidateTags(['t']);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('ctx.notModified works with ctx.setTtl, ctx.setTags and another return value', async () => {
    const { cache, pass } = await open(backend);
    await cache.set('k', 'old', { ...GRACE, tags: ['t'] });
    await pass(10_000);
    const load = (ctx: LoadContext): string => {
      ctx.setTtl(100);
      ctx.setTags(['more']);
      ctx.notModified();
      return 'ignored';
    };
    expect(await cache.getOrSet('k', load, GRACE)).toBe('old');
    await pass(50_000);
    expect(await cache.get('k')).toBe('old');
    await cache.invalidateTags(['more']);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('ctx.notModified without a value from before is an error that says so', async () => {
    const { cache } = await open(backend);
    const error = await rejection(cache.getOrSet('k', (ctx) => ctx.notModified(), GRACE));
    expect(error).toBeInstanceOf(CacheOptionsError);
    expect(error.message).toMatch(/notModified/);
  });

  it.each([
    ['a delete', (cache: { delete(key: string): Promise<unknown> }) => cache.delete('k')],
    ['an invalidation', (cache: { invalidateTags(tags: string[]): Promise<unknown> }) => cache.invalidateTags(['t'])],
  ])('ctx.notModified after %s revives nothing', async (_, end) => {
    const { cache, pass } = await open(backend);
    const source = new Source().hangs();
    await cache.set('k', 'old', { ...GRACE, tags: ['t'] });
    await pass(10_000);
    const call = cache.getOrSet('k', async (ctx) => (await source.load(), ctx.notModified()), GRACE);
    await eventually('it loads', () => source.asked === 1);
    await end(cache as never);
    source.calls[0]!.resolve('go on');
    await call;
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.getOrSet('k', () => 'new', GRACE)).toBe('new');
  });

  it('G24 ctx.setTtl holds for what is stored in the background, too', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().hangs();
    await cache.set('k', 'old', GRACE);
    await pass(10_000);
    const load = async (ctx: LoadContext): Promise<unknown> => (ctx.setTtl(100), source.load());
    expect(await cache.getOrSet('k', load, { ...GRACE, softTimeout: '0ms' })).toBe('old');
    await eventually('it loads', () => source.asked === 1);
    source.calls[0]!.resolve('new');
    await eventually('it is stored', async () => (await cache.get('k')) === 'new');
    await pass(99_000);
    expect(await cache.get('k')).toBe('new');
  });

  it('many keys: each missing one has its own old value, and those without make it fail', async () => {
    const { cache, pass } = await open(backend);
    const error = new Error('source down');
    const fails = (): never => { throw error; }; // prettier-ignore
    await cache.setMany({ a: 1, b: 2 }, GRACE);
    await pass(10_000);
    await cache.set('c', 3, GRACE);
    expect(await cache.getOrSetMany(['a', 'b', 'c'], fails, GRACE)).toEqual(new Map([['a', 1], ['b', 2], ['c', 3]])); // prettier-ignore
    expect(await rejection(cache.getOrSetMany(['a', 'd'], fails, GRACE))).toBe(error);
    expect((await cache.getStats()).staleHits).toBe(3);
  });

  it('D9 overlapping calls for many keys load each key once', async () => {
    const { cache } = await open(backend);
    const asked: string[] = [];
    const load = async (keys: readonly string[]): Promise<Map<string, string>> => {
      asked.push(...keys);
      await new Promise((resolve) => setImmediate(resolve));
      return new Map(keys.map((key) => [key, key]));
    };
    const [one, two] = await Promise.all([
      cache.getOrSetMany(['a', 'b'], load, GRACE),
      cache.getOrSetMany(['b', 'c'], load, GRACE),
    ]);
    expect([[...one.keys()], [...two.keys()]]).toEqual([
      ['a', 'b'],
      ['b', 'c'],
    ]);
    expect(asked.toSorted()).toEqual(['a', 'b', 'c']);
  });
});
