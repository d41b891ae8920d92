import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/redis/eventually.js';
import { settle } from '../service/service-rig.js';
import { BACKENDS, freshnessRig, Source } from './freshness-rig.js';

const open = freshnessRig();
const AHEAD = { ttl: 10, refreshAhead: 0.8, graceBackoff: '5s' } as const;

describe.each(BACKENDS)('%s: refreshAhead', (backend) => {
  it('G12 renews an entry in the background when it is read after that part of its ttl, once', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().says('old');
    await cache.getOrSet('k', source.load, AHEAD);
    await pass(7_900);
    expect(await cache.getOrSet('k', source.hangs().load, AHEAD)).toBe('old');
    await settle();
    expect(source.asked).toBe(1);
    await pass(200);
    const answers = await Promise.all(Array.from({ length: 100 }, () => cache.getOrSet('k', source.load, AHEAD)));
    expect(new Set(answers)).toEqual(new Set(['old']));
    await eventually('it loads', () => source.asked === 2);
    source.calls[1]!.resolve('new');
    await eventually('it is renewed', async () => (await cache.get('k')) === 'new');
    expect(source.asked).toBe(2);
    await pass(7_000);
    expect(await cache.getOrSet('k', source.load, AHEAD)).toBe('new');
    expect(source.asked).toBe(2);
  });

  it('takes a time before the end, too', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().says('old');
    for (const [key, refreshAhead] of [
      ['number', 3],
      ['text', '3s'],
    ] as const) {
      await cache.getOrSet(key, source.load, { ttl: 10, refreshAhead });
    }
    await pass(6_999);
    await cache.getOrSet('number', source.load, { ttl: 10, refreshAhead: 3 });
    await settle();
    expect(source.asked).toBe(2);
    await pass(1);
    for (const [key, refreshAhead] of [
      ['number', 3],
      ['text', '3s'],
    ] as const) {
      await cache.getOrSet(key, source.load, { ttl: 10, refreshAhead });
    }
    await eventually('both are renewed', () => source.asked === 4);
  });

  it('G13 is switched off by 0 and 1, and leaves alone what never ends', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().says('old');
    for (const [key, options] of [
      ['zero', { ttl: 10, refreshAhead: 0 }],
      ['one', { ttl: 10, refreshAhead: 1 }],
      ['below', { ttl: 10, refreshAhead: -1 }],
      ['ever', { ttl: Infinity, refreshAhead: 0.1 }],
      ['window of ever', { ttl: Infinity, refreshAhead: '1h' }],
      ['longer than its ttl', { ttl: 10, refreshAhead: '1h' }],
    ] as const) {
      await cache.getOrSet(key, source.load, options);
      await pass(9_900);
      await cache.getOrSet(key, source.load, options);
    }
    await settle();
    expect(source.asked).toBe(6);
  });

  it('G15 is what a reader waits for that comes when the entry has ended meanwhile', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().says('old');
    await cache.getOrSet('k', source.load, AHEAD);
    await pass(9_000);
    await cache.getOrSet('k', source.hangs().load, AHEAD);
    await eventually('it loads', () => source.asked === 2);
    await pass(1_000);
    const late = cache.getOrSet('k', source.load, AHEAD);
    await settle();
    source.calls[1]!.resolve('new');
    expect(await late).toBe('new');
    expect(source.asked).toBe(2);
  });

  it('G16 is not ended by the signal of the caller that happened to begin it', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().says('old');
    const controller = new AbortController();
    await cache.getOrSet('k', source.load, AHEAD);
    await pass(9_000);
    await cache.getOrSet('k', source.hangs().load, { ...AHEAD, signal: controller.signal });
    await eventually('it loads', () => source.asked === 2);
    controller.abort(new Error('gone'));
    source.calls[1]!.resolve('new');
    await eventually('it is renewed', async () => (await cache.get('k')) === 'new');
  });

  it('that fails is tried again after the back-off, and not at every read', async () => {
    const { cache, pass } = await open(backend);
    const source = new Source().says('old');
    await cache.getOrSet('k', source.load, { ...AHEAD, ttl: 100 });
    await pass(81_000);
    source.throws();
    await cache.getOrSet('k', source.load, { ...AHEAD, ttl: 100 });
    await eventually('it failed', async () => (await cache.getStats()).loadFailures === 1);
    for (let i = 0; i < 10; i += 1) await cache.getOrSet('k', source.load, { ...AHEAD, ttl: 100 });
    await settle();
    expect(source.asked).toBe(2);
    await pass(5_000);
    source.says('new');
    await eventually('it is renewed', async () => {
      return (await cache.getOrSet('k', source.load, { ...AHEAD, ttl: 100 })) === 'new';
    });
  });

  it.each([
    ['delete', (cache: { delete(key: string): Promise<unknown> }) => cache.delete('k')],
    ['invalidation', (cache: { invalidateTags(tags: string[]): Promise<unknown> }) => cache.invalidateTags(['t'])],
    ['clear', (cache: { clear(): Promise<unknown> }) => cache.clear()],
  ])('stores nothing after a %s', async (_, end) => {
    const { cache, pass } = await open(backend);
    const source = new Source().says('old');
    const options = { ...AHEAD, tags: ['t'] };
    await cache.getOrSet('k', source.load, options);
    await pass(9_000);
    await cache.getOrSet('k', source.hangs().load, options);
    await eventually('it loads', () => source.asked === 2);
    await end(cache as never);
    source.calls[1]!.resolve('late');
    await eventually('the load is over', async () => (await cache.getStats()).loads === 2);
    await settle();
    expect(await cache.get('k')).toBeUndefined();
  });

  it('works for many keys: those close to their end are renewed together', async () => {
    const { cache, pass } = await open(backend);
    const asked: (readonly string[])[] = [];
    const load = (keys: readonly string[]): Map<string, string> => {
      asked.push([...keys]);
      return new Map(keys.map((key) => [key, `${key}${asked.length}`]));
    };
    const before = await cache.getOrSetMany(['a', 'b'], load, AHEAD);
    await pass(9_000);
    const found = await cache.getOrSetMany(['a', 'b', 'c'], load, AHEAD);
    expect([found.get('a'), found.get('b')]).toEqual([before.get('a'), before.get('b')]);
    await eventually('they are renewed', async () => {
      const now = await cache.getMany(['a', 'b']);
      return now.get('a') !== before.get('a') && now.get('b') !== before.get('b');
    });
    expect(asked.flat().toSorted()).toEqual(['a', 'a', 'b', 'b', 'c']);
  });
});
