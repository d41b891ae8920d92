import { describe, expect, it } from 'vitest';
import { CacheSerializationError, type LoadContext } from '../../../lib/index.js';
import { hold, openCache, outcomeOf, rejection, settle } from './service-rig.js';

describe('getOrSet', () => {
  it('loads what is missing, once, and stores it', async () => {
    const { cache } = await openCache();
    let loads = 0;
    const load = async (): Promise<number> => (loads += 1);
    expect([await cache.getOrSet('a', load, { ttl: 5, tags: ['t'] }), await cache.getOrSet('a', load)]).toEqual([1, 1]);
    expect([await cache.get('a'), await cache.ttl('a')]).toEqual([1, 5]);
    await cache.invalidateTags(['t']);
    expect(await cache.getOrSet('a', load)).toBe(2);
  });

  it('takes a loader that answers at once, and one that answers a thenable', async () => {
    const { cache } = await openCache();
    expect(await cache.getOrSet('a', () => 1)).toBe(1);
    // oxlint-disable-next-line unicorn/no-thenable -- it is what this is about
    const thenable = { then: (resolve: (value: number) => void) => resolve(2) } as PromiseLike<number>;
    expect(await cache.getOrSet('b', () => thenable)).toBe(2);
    expect(await cache.get('b')).toBe(2);
  });

  it('runs one load for all who ask at the same time', async () => {
    const { cache } = await openCache();
    const held = hold<string>();
    let loads = 0;
    const asked = Array.from({ length: 100 }, () => cache.getOrSet('a', () => ((loads += 1), held.promise)));
    held.resolve('value');
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['value']));
    expect(loads).toBe(1);
    expect(await cache.getStats()).toMatchObject({ misses: 100, hits: 0, loads: 1, sets: 1 });
  });

  it('gives the error of a load to all who wait, as it was thrown, and caches it for nobody', async () => {
    const { cache } = await openCache();
    const held = hold<string>();
    const error = new Error('down');
    const asked = Array.from({ length: 10 }, () => rejection(cache.getOrSet('a', () => held.promise)));
    held.reject(error);
    for (const got of await Promise.all(asked)) expect(got).toBe(error);
    expect(await cache.exists('a')).toBe(false);
    expect(await cache.getOrSet('a', () => 'up')).toBe('up');
  });

  it.each([[new Error('x')], ['text'], [null], [undefined], [0]])(
    'a loader may throw anything, at once or later: %s',
    async (thrown) => {
      const { cache } = await openCache();
      const caught = (promise: Promise<unknown>): Promise<unknown> =>
        promise.then(
          () => 'no error',
          (error: unknown) => ({ error }),
        );
      const sync = cache.getOrSet('a', () => {
        throw thrown;
      });
      expect(await caught(sync)).toEqual({ error: thrown });
      expect(await caught(cache.getOrSet('a', async () => Promise.reject(thrown)))).toEqual({ error: thrown });
    },
  );

  it('with forceFresh loads although there is a fresh entry, and replaces it', async () => {
    const { cache } = await openCache();
    await cache.set('a', 'old', { ttl: 5 });
    expect(await cache.getOrSet('a', () => 'new', { forceFresh: true, ttl: 9 })).toBe('new');
    expect([await cache.get('a'), await cache.ttl('a')]).toEqual(['new', 9]);
    expect(await cache.getOrSet('a', () => 'newer', { forceFresh: false })).toBe('new');
  });

  it('with forceFresh does not join a load that began before, nor does that one overwrite', async () => {
    const { cache } = await openCache();
    const [slow, quick] = [hold<string>(), hold<string>()];
    const first = cache.getOrSet('a', () => slow.promise);
    const second = cache.getOrSet('a', () => quick.promise, { forceFresh: true });
    quick.resolve('fresh');
    expect(await second).toBe('fresh');
    slow.resolve('stale');
    expect(await first).toBe('stale');
    expect(await cache.get('a')).toBe('fresh');
  });

  it('with forceFresh keeps the old entry where the load fails', async () => {
    const { cache } = await openCache();
    await cache.set('a', 'old');
    await rejection(cache.getOrSet('a', () => Promise.reject(new Error()), { forceFresh: true }));
    expect(await cache.get('a')).toBe('old');
  });

  it('tags may be a function, asked once for a load and not for a hit', async () => {
    const { cache } = await openCache();
    let asked = 0;
    const tags = (): string[] => [`t${(asked += 1)}`];
    await Promise.all([cache.getOrSet('a', async () => 1, { tags }), cache.getOrSet('a', async () => 1, { tags })]);
    await cache.getOrSet('a', () => 1, { tags });
    expect(asked).toBe(1);
    await cache.invalidateTags(['t1']);
    expect(await cache.exists('a')).toBe(false);
  });

  it.each([undefined, null, 5, 'loader', {}])('%s is no loader', async (loader) => {
    const { cache } = await openCache();
    expect((await rejection(cache.getOrSet('a', loader as unknown as () => number))).code).toBe('CACHE_OPTIONS');
  });

  it('what cannot be kept is a CacheSerializationError for every caller, and nothing is stored', async () => {
    const { cache } = await openCache();
    const held = hold<() => number>();
    const asked = [1, 2].map(() => rejection(cache.getOrSet('a', () => held.promise)));
    held.resolve(() => 1);
    for (const error of await Promise.all(asked)) expect(error).toBeInstanceOf(CacheSerializationError);
    expect(await cache.exists('a')).toBe(false);
  });

  it('a ttl of 0 gives the value to its callers and stores nothing, and removes what a forced load replaces', async () => {
    const { cache } = await openCache();
    expect(await cache.getOrSet('a', () => 1, { ttl: 0 })).toBe(1);
    expect(await cache.exists('a')).toBe(false);
    await cache.set('a', 'old');
    await cache.getOrSet('a', () => 1, { ttl: 0, forceFresh: true });
    expect(await cache.exists('a')).toBe(false);
  });
});

describe('a change during a load', () => {
  const changes: [string, (cache: Awaited<ReturnType<typeof openCache>>['cache']) => Promise<unknown>, unknown][] = [
    ['delete', (cache) => cache.delete('a'), undefined],
    ['deleteMany', (cache) => cache.deleteMany(['a']), undefined],
    ['take', (cache) => cache.take('a'), undefined],
    ['clear', (cache) => cache.clear(), undefined],
    ['invalidateTags', (cache) => cache.invalidateTags(['t']), undefined],
    ['invalidateTags of a tag known only from the result', (cache) => cache.invalidateTags(['late']), undefined],
    ['set', (cache) => cache.set('a', 'set'), 'set'],
    ['setMany', (cache) => cache.setMany({ a: 'set' }), 'set'],
    ['add', (cache) => cache.add('a', 'set'), 'set'],
    ['getSet', (cache) => cache.getSet('a', 'set'), 'set'],
    ['increment', (cache) => cache.increment('a', 7), 7],
  ];

  it.each(changes)('%s: the value goes to its caller and is never served afterwards', async (_what, change, after) => {
    const { cache } = await openCache();
    const held = hold<string>();
    const load = async (context: LoadContext): Promise<string> => {
      const value = await held.promise;
      context.setTags(['late']);
      return value;
    };
    const before = cache.getOrSet('a', load, { tags: ['t'] });
    await change(cache);
    const later = cache.getOrSet('a', () => 'fresh');
    held.resolve('overtaken');
    expect(await before).toBe('overtaken');
    expect(await later).toBe(after ?? 'fresh');
    expect(await cache.get('a')).toBe(after ?? 'fresh');
  });

  it('of another key, tag or namespace changes nothing', async () => {
    const { cache } = await openCache();
    const held = hold<string>();
    const load = cache.getOrSet('a', () => held.promise, { tags: ['t'] });
    await Promise.all([
      cache.delete('b'),
      cache.set('c', 1),
      cache.invalidateTags(['u']),
      cache.namespace('n').clear(),
    ]);
    await cache.namespace('n').delete('a');
    held.resolve('value');
    await load;
    expect(await cache.get('a')).toBe('value');
  });
});

describe('the context of a load', () => {
  it('setTtl wins over the ttl asked for; the last one counts', async () => {
    const { cache } = await openCache();
    await cache.getOrSet('a', (context) => (context.setTtl('1m'), context.setTtl(30), 1), { ttl: 5 });
    expect(await cache.ttl('a')).toBe(30);
    await cache.getOrSet('b', (context) => (context.setTtl(0), 1));
    expect(await cache.exists('b')).toBe(false);
  });

  it('setTtl of what is no duration throws there', async () => {
    const { cache } = await openCache();
    const error = await rejection(cache.getOrSet('a', (context) => context.setTtl('soon' as '1s')));
    expect([error.code, error.message]).toEqual(['CACHE_OPTIONS', expect.stringContaining('ctx.setTtl')]);
  });

  it('setTags adds tags', async () => {
    const { cache } = await openCache();
    const load = (context: LoadContext): number => (context.setTags(['x']), context.setTags(['y']), 1);
    for (const tag of ['x', 'y', 't']) {
      await cache.getOrSet('a', load, { tags: ['t'] });
      expect(await cache.exists('a')).toBe(true);
      await cache.invalidateTags([tag]);
      expect(await cache.exists('a')).toBe(false);
    }
  });

  it('skip: the value goes to those who wait, and is not stored', async () => {
    const { cache } = await openCache();
    const held = hold<string>();
    const load = async (context: LoadContext): Promise<string> => (context.skip(), held.promise);
    const asked = [cache.getOrSet('a', load), cache.getOrSet('a', load)];
    held.resolve('value');
    expect(await Promise.all(asked)).toEqual(['value', 'value']);
    expect(await cache.exists('a')).toBe(false);
  });

  it('said too late it has no effect and does no harm', async () => {
    const { cache } = await openCache();
    let late!: LoadContext;
    await cache.getOrSet('a', (context) => ((late = context), 1), { ttl: 5 });
    late.setTtl(50);
    late.setTags(['t']);
    late.skip();
    await cache.invalidateTags(['t']);
    expect([await cache.get('a'), await cache.ttl('a')]).toEqual([1, 5]);
  });
});

describe('signal', () => {
  it('aborted already: rejects with its reason, and nothing runs', async () => {
    const { cache } = await openCache();
    const reason = new Error('gone');
    let loads = 0;
    expect(await rejection(cache.getOrSet('a', () => (loads += 1), { signal: AbortSignal.abort(reason) }))).toBe(
      reason,
    );
    expect(loads).toBe(0);
  });

  it('ends the wait of its caller alone', async () => {
    const { cache } = await openCache();
    const held = hold<string>();
    const [one, two] = [new AbortController(), new AbortController()];
    let context!: LoadContext;
    const load = (given: LoadContext): Promise<string> => ((context = given), held.promise);
    const first = cache.getOrSet('a', load, { signal: one.signal });
    const second = cache.getOrSet('a', load, { signal: two.signal });
    const third = cache.getOrSet('a', load);
    one.abort(new Error('one'));
    expect((await rejection(first)).message).toBe('one');
    two.abort(new Error('two'));
    expect((await rejection(second)).message).toBe('two');
    expect(context.signal.aborted).toBe(false);
    held.resolve('value');
    expect(await third).toBe('value');
    expect(await cache.get('a')).toBe('value');
  });

  it('of all callers aborts ctx.signal with the last reason, and nothing is stored', async () => {
    const { cache } = await openCache();
    const held = hold<string>();
    const controllers = [new AbortController(), new AbortController()];
    let context!: LoadContext;
    const asked = controllers.map(({ signal }) =>
      rejection(cache.getOrSet('a', (given) => ((context = given), held.promise), { signal })),
    );
    controllers[0]!.abort(new Error('first'));
    expect(context.signal.aborted).toBe(false);
    controllers[1]!.abort(new Error('last'));
    expect([context.signal.aborted, (context.signal.reason as Error).message]).toEqual([true, 'last']);
    expect((await Promise.all(asked)).map(({ message }) => message)).toEqual(['first', 'last']);
    held.resolve('nobody waits');
    await settle();
    expect(await cache.exists('a')).toBe(false);
  });

  it('a load that nobody waits for any more is not joined by who comes next', async () => {
    const { cache } = await openCache();
    const [abandoned, fresh] = [hold<string>(), hold<string>()];
    const controller = new AbortController();
    const first = rejection(cache.getOrSet('a', () => abandoned.promise, { signal: controller.signal }));
    controller.abort();
    await first;
    const next = cache.getOrSet('a', () => fresh.promise);
    abandoned.resolve('abandoned');
    expect(await outcomeOf(next)).toBe('pending');
    fresh.resolve('fresh');
    expect([await next, await cache.get('a')]).toEqual(['fresh', 'fresh']);
  });

  it('a loader that fails because it was aborted troubles nobody', async () => {
    const { cache } = await openCache();
    const controller = new AbortController();
    const load = ({ signal }: LoadContext): Promise<never> =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const asked = rejection(cache.getOrSet('a', load, { signal: controller.signal }));
    controller.abort(new Error('gone'));
    expect((await asked).message).toBe('gone');
    await settle();
    expect(await cache.getOrSet('a', () => 'next')).toBe('next');
  });

  it('is let go of when the load is through', async () => {
    const { cache } = await openCache();
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>) => ((listeners += 1), add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => ((listeners -= 1), remove(...args));
    await cache.getOrSet('a', async () => 1, { signal });
    await settle();
    expect(listeners).toBe(0);
  });
});
