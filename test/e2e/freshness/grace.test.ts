import { describe, expect, it } from 'vitest';
import { CacheLoadError, CacheTimeoutError } from '../../../lib/index.js';
import { eventually } from '../../support/redis/eventually.js';
import { Faults } from '../../../lib/testing/faults/faults.js';
import { FakeClock } from '../../support/fake-clock.js';
import { openCache, outcomeOf, rejection } from '../service/service-rig.js';
import { BACKENDS, freshnessRig, Source } from './freshness-rig.js';

const open = freshnessRig();
const GRACE = { ttl: 10, grace: 60, graceBackoff: '30s' } as const;

describe.each(BACKENDS)('%s: an entry past its ttl, within its grace', (backend) => {
  it('G1 is served when the load fails, which is not tried again until the back-off is over', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().says('old');
    await cache.getOrSet('k', source.load, GRACE);
    await pass(10_000);
    source.throws();
    expect(await cache.getOrSet('k', source.load, GRACE)).toBe('old');
    await pass(29_000);
    expect(await cache.getOrSet('k', source.load, GRACE)).toBe('old');
    expect(source.asked).toBe(2);
    await pass(1_000);
    expect(await cache.getOrSet('k', source.load, GRACE)).toBe('old');
    expect(source.asked).toBe(3);
    source.says('new');
    await pass(29_999);
    expect(await cache.getOrSet('k', source.load, GRACE)).toBe('old');
    const { hits, misses, staleHits, loadFailures } = await cache.getStats();
    expect({ hits, misses, staleHits, loadFailures }).toEqual({ hits: 0, misses: 5, staleHits: 4, loadFailures: 2 });
  });

  it('is loaded anew where that succeeds, and a success ends the back-off', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().says('old');
    await cache.getOrSet('k', source.load, GRACE);
    await pass(10_000);
    source.throws();
    await cache.getOrSet('k', source.load, GRACE);
    source.says('new');
    expect(await cache.getOrSet('k', source.load, { ...GRACE, forceFresh: true })).toBe('new');
    await pass(10_000);
    source.says('newer');
    expect(await cache.getOrSet('k', source.load, GRACE)).toBe('newer');
  });

  it('is not served from the end of its grace on, nor to a call that allows less, or none', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().says('old');
    const error = new Error('source down');
    await cache.getOrSet('k', source.load, GRACE);
    source.throws(error);
    await pass(10_000);
    expect(await rejection(cache.getOrSet('k', source.load, { ttl: 10 }))).toBe(error);
    await pass(20_000);
    expect(await rejection(cache.getOrSet('k', source.load, { ...GRACE, grace: 20 }))).toBe(error);
    await pass(39_999);
    expect(await cache.getOrSet('k', source.load, { ...GRACE, graceBackoff: '0ms' })).toBe('old');
    await pass(1);
    expect(await rejection(cache.getOrSet('k', source.load, GRACE))).toBe(error);
  });

  it('is no hit for anything else', async () => {
    const { cache, pass } = await open(backend);
    await cache.set('k', 'old', { ttl: 10, grace: 60 });
    await pass(10_000);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.exists('k')).toBe(false);
    expect(await cache.ttl('k')).toBeUndefined();
    expect(await cache.getMany(['k'])).toEqual(new Map());
    expect(await cache.getOrSet('k', new Source().throws().load, GRACE)).toBe('old');
  });

  it('G6 is served when the loader says that it failed, also where it catches what that throws', async () => {
    const { cache, pass } = await open(backend);
    await cache.set('k', 'old', { ttl: 10, grace: 60 });
    expect(await rejection(cache.getOrSet('other', (ctx) => ctx.fail('why'), GRACE))).toMatchObject({
      message: 'why',
      constructor: CacheLoadError,
    });
    const cause = new TypeError('of its own');
    const failed = cache.getOrSet('other', (ctx) => ctx.fail(cause), { ...GRACE, forceFresh: true });
    expect(await rejection(failed)).toMatchObject({ message: 'of its own', constructor: CacheLoadError, cause });
    await pass(10_000);
    const caught = await cache.getOrSet('k', (ctx) => { try { ctx.fail(); } catch { return 'new'; } }, GRACE); // prettier-ignore
    expect(caught).toBe('old');
  });

  it('G7 is not served where the loader leaves its value out', async () => {
    const { cache, pass } = await open(backend);
    await cache.set('k', 'old', { ttl: 10, grace: 60 });
    await pass(10_000);
    expect(await cache.getOrSet('k', (ctx) => (ctx.skip(), 'mine'), GRACE)).toBe('mine');
    expect(await cache.getOrSet('k', new Source().throws().load, GRACE)).toBe('old');
  });

  it('is never served after a delete, an invalidation or a clear', async () => {
    const { cache, pass } = await open(backend);
    const error = new Error('source down');
    const source = new Source().throws(error);
    for (const [at, end] of [
      ['delete', () => cache.delete('k')],
      ['invalidation', () => cache.invalidateTags(['t'])],
      ['clear', () => cache.clear()],
    ] as const) {
      await cache.set('k', 'old', { ttl: 10, grace: 600, tags: ['t'] });
      await pass(10_000);
      expect(await cache.getOrSet('k', source.load, { ...GRACE, grace: 600 }), at).toBe('old');
      await end();
      expect(await rejection(cache.getOrSet('k', source.load, { ...GRACE, grace: 600 })), at).toBe(error);
    }
  });

  it('is not served when it was deleted while the load that fails was running', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().hangs();
    await cache.set('k', 'old', { ttl: 10, grace: 60 });
    await pass(10_000);
    const call = cache.getOrSet('k', source.load, GRACE);
    await eventually('it loads', () => source.asked === 1);
    await cache.delete('k');
    source.calls[0]!.reject(new Error('source down'));
    expect((await rejection(call)).message).toBe('source down');
  });

  it('I7 was invalidated with allowStale: it is served to nobody for longer beyond its ttl than he allows', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().says('old');
    await cache.getOrSet('k', source.load, { ...GRACE, tags: ['t'] });
    await cache.invalidateTags(['t'], { allowStale: true });
    source.throws();
    const ask = (): Promise<unknown> =>
      cache.getOrSet('k', source.load, { ttl: 10, grace: 5, graceBackoff: '1ms' }).catch(() => 'failed');
    expect(await ask()).toBe('old');
    await pass(14_999);
    expect(await ask()).toBe('old');
    await pass(1);
    expect(await ask()).toBe('failed');
  });

  it('I7 was invalidated with allowStale: it is loaded anew, and served only where that fails', async () => {
    const { cache } = await open(backend);
    const source = new Source().throws();
    await cache.set('k', 'old', { ttl: 10, grace: 60, tags: ['t'] });
    await cache.invalidateTags(['t'], { allowStale: true });
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.getOrSet('k', source.load, GRACE)).toBe('old');
    expect(source.asked).toBe(1);
    expect(await cache.getOrSet('k', new Source().says('new').load, { ...GRACE, forceFresh: true })).toBe('new');
    expect(await cache.get('k')).toBe('new');
  });

  it('F3 where there is none, all who wait for a load that fails get its error, and the next call loads again', async () => {
    const { cache } = await open(backend);
    const source = new Source().hangs();
    const calls = Array.from({ length: 10 }, () => rejection(cache.getOrSet('k', source.load, GRACE)));
    await eventually('it loads', () => source.asked === 1);
    const error = new Error('source down');
    source.calls[0]!.reject(error);
    expect(new Set(await Promise.all(calls))).toEqual(new Set([error]));
    expect(source.asked).toBe(1);
    expect(await cache.getOrSet('k', source.says('new').load, GRACE)).toBe('new');
  });

  it('is served to all who wait for a load that fails', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().hangs();
    await cache.set('k', 'old', { ttl: 10, grace: 60 });
    await pass(10_000);
    const calls = Array.from({ length: 10 }, () => cache.getOrSet('k', source.load, GRACE));
    await eventually('it loads', () => source.asked === 1);
    source.calls[0]!.reject(new Error('source down'));
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['old']));
    expect(source.asked).toBe(1);
  });

  it('G25 forceFresh falls back to what is there, with grace, and throws without', async () => {
    const { cache } = await open(backend);
    const source = new Source().throws();
    await cache.set('k', 'valid', { ttl: 10, grace: 60 });
    expect(await cache.getOrSet('k', source.load, { ...GRACE, forceFresh: true })).toBe('valid');
    expect((await rejection(cache.getOrSet('k', source.load, { ttl: 10, forceFresh: true }))).message).toBe(
      'source down',
    );
    expect(await cache.get('k')).toBe('valid');
  });
});

describe.each(BACKENDS)('%s: softTimeout and hardTimeout', (backend) => {
  const SOFT = { ...GRACE, softTimeout: '100ms' } as const;

  it('serve the old value after softTimeout, and store what comes late', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().hangs();
    await cache.set('k', 'old', { ttl: 10, grace: 60 });
    await pass(10_000);
    const call = cache.getOrSet('k', source.load, SOFT);
    await eventually('it loads', () => source.asked === 1);
    await pass(99);
    expect(await outcomeOf(call)).toBe('pending');
    await pass(1);
    expect(await call).toBe('old');
    source.calls[0]!.resolve('new');
    await eventually('it is stored', async () => (await cache.get('k')) === 'new');
    expect(await cache.getOrSet('k', source.load, SOFT)).toBe('new');
    expect(source.asked).toBe(1);
  });

  it.each([
    ['delete', (cache: { delete(key: string): unknown }) => cache.delete('k')],
    ['invalidation', (cache: { invalidateTags(tags: string[]): unknown }) => cache.invalidateTags(['t'])],
    [
      'invalidation of a tag that is learned late',
      (cache: { invalidateTags(tags: string[]): unknown }) => cache.invalidateTags(['late']),
    ],
    [
      'invalidation with allowStale',
      (cache: { invalidateTags(tags: string[], o: object): unknown }) =>
        cache.invalidateTags(['t'], { allowStale: true }),
    ],
    ['clear', (cache: { clear(): unknown }) => cache.clear()],
  ] as const)('F9 what comes late is not stored after a %s', async (_, end) => {
    const { cache, pass } = await open(backend);
    const source = new Source().hangs();
    await cache.set('k', 'old', { ttl: 10, grace: 60, tags: ['t'] });
    await pass(10_000);
    const options = { ...SOFT, tags: ['t'] };
    const call = cache.getOrSet('k', async (ctx) => { const value = await source.load(); ctx.setTags(['late']); return value; }, options); // prettier-ignore
    await eventually('it loads', () => source.asked === 1);
    await pass(100);
    expect(await call).toBe('old');
    await end(cache as never);
    source.calls[0]!.resolve('late');
    await pass(0);
    source.says('new');
    await eventually('the load is over', async () => (await cache.getStats()).loads === 1);
    expect(await cache.getOrSet('k', source.load, options)).toBe('new');
  });

  it('G9 wait where there is nothing to serve', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().hangs();
    const call = cache.getOrSet('k', source.load, SOFT);
    await eventually('it loads', () => source.asked === 1);
    await pass(10_000);
    expect(await outcomeOf(call)).toBe('pending');
    source.calls[0]!.resolve('new');
    expect(await call).toBe('new');
  });

  it('G10 end a load with CacheTimeoutError after hardTimeout, and store what comes late', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().hangs();
    const call = cache.getOrSet('k', source.load, { ttl: 10, hardTimeout: '200ms' });
    await eventually('it loads', () => source.asked === 1);
    const failure = rejection(call);
    await pass(200);
    expect(await failure).toBeInstanceOf(CacheTimeoutError);
    source.calls[0]!.resolve('late');
    await eventually('it is stored', async () => (await cache.get('k')) === 'late');
  });

  it('begin another load after hardTimeout: only what that comes to is stored', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().hangs();
    const first = rejection(cache.getOrSet('k', source.load, { ttl: 10, hardTimeout: '200ms' }));
    await eventually('it loads', () => source.asked === 1);
    await pass(200);
    await first;
    const second = cache.getOrSet('k', source.load, { ttl: 10, hardTimeout: '200ms' });
    await eventually('it loads again', () => source.asked === 2);
    source.calls[0]!.resolve('first');
    await pass(0);
    source.calls[1]!.resolve('second');
    expect(await second).toBe('second');
    expect(await cache.get('k')).toBe('second');
  });

  it('serve the old value after hardTimeout, and back off', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().hangs();
    await cache.set('k', 'old', { ttl: 10, grace: 60 });
    await pass(10_000);
    const call = cache.getOrSet('k', source.load, { ...GRACE, hardTimeout: '200ms' });
    await eventually('it loads', () => source.asked === 1);
    await pass(200);
    expect(await call).toBe('old');
    expect(await cache.getOrSet('k', source.load, { ...GRACE, hardTimeout: '200ms' })).toBe('old');
    expect(source.asked).toBe(1);
  });
});

describe.each([
  ['hangs', (source: Source) => source.hangs()],
  ['fails', (source: Source) => source.throws()],
] as const)('a loader that %s for an hour', (_, spoil) => {
  it('leaves every call answered within its softTimeout, and is asked once in a back-off', async () => {
    const { cache, pass, clock } = await open('memory');
    const source = spoil(new Source());
    const options = { ttl: 1, grace: '2h', softTimeout: '100ms', hardTimeout: '1s', graceBackoff: '1m' } as const;
    await cache.set('k', 'old', { ttl: 1, grace: '2h' });
    await pass(1_000);
    const end = clock.now() + 3_600_000;
    let calls = 0;
    while (clock.now() < end) {
      calls += 1;
      const call = cache.getOrSet('k', source.load, options);
      await pass(0);
      if ((await outcomeOf(call)) === 'pending') await pass(100);
      expect(await call).toBe('old');
      await pass(14_900);
    }
    expect(calls).toBeGreaterThan(200);
    expect(source.asked).toBeLessThanOrEqual(62);
    expect(source.asked).toBeGreaterThan(30);
  });
});

it('a load whose time is over before it could begin is not run, and its caller is told', async () => {
  /** Timers for the same instant fire one after the other. */
  class FineClock extends FakeClock {
    #timers = 0;

    override after(ms: number, task: () => void): () => void {
      this.#timers += 1;
      return super.after(ms + this.#timers, task);
    }
  }
  const clock = new FineClock();
  const faults = new Faults({ clock });
  const { cache } = await openCache({ clock, faults });
  faults.add({ on: 'lease', fault: { kind: 'delay', ms: 100 } });
  const source = new Source().says('new');
  const call = rejection(cache.getOrSet('k', source.load, { hardTimeout: '100ms' }));
  await clock.pass(200);
  expect(await call).toBeInstanceOf(CacheTimeoutError);
  expect(source.asked).toBe(0);
  faults.heal();
  expect(await cache.getOrSet('k', source.load)).toBe('new');
});
