import v8 from 'node:v8';
import vm from 'node:vm';
import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../lib/support/clock.js';
import { memoryStore, openCache } from '../../support/open-cache.js';
import { remoteStore } from '../../support/remote-store.js';

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc') as () => void;

async function turns(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('a load that everybody gave up while its lease was asked for', () => {
  it('does not run, and leaves the lease to others', async () => {
    const hops: (() => void)[] = [];
    const store = remoteStore(memoryStore(), () => new Promise((resolve) => void hops.push(resolve)));
    const travel = async (): Promise<void> => {
      for (const arrive of hops.splice(0)) arrive();
      await turns();
    };
    const cache = openCache({ store });
    const controller = new AbortController();
    const loader = vi.fn(() => 'unwanted');
    const asked = cache.getOrSet('a', loader, { signal: controller.signal });
    for (let i = 0; i < 3; i += 1) await travel();
    controller.abort(new Error('gave up'));
    await expect(asked).rejects.toThrow('gave up');
    const next = cache.getOrSet('a', () => 'wanted');
    for (let i = 0; i < 20; i += 1) await travel();
    expect(await next).toBe('wanted');
    expect(loader).not.toHaveBeenCalled();
  });
});

describe('a batch', () => {
  it('that is refused leaves nothing under way', async () => {
    const cache = openCache();
    const outer = cache.getOrSet('b', () => cache.getOrSetMany(['a', 'b'], () => ({ a: 1, b: 2 })));
    await expect(outer).rejects.toMatchObject({ code: 'CACHE_RECURSION' });
    expect(await cache.getOrSet('a', () => 'free')).toBeDefined();
  });

  it('whose keys cannot all be told leaves nothing under way', async () => {
    let told = 0;
    const cache = openCache({
      varyBy: () => {
        told += 1;
        if (told === 4) throw new Error('nobody');
        return 'tenant';
      },
    });
    await expect(cache.getOrSetMany(['a', 'b'], () => ({ a: 1, b: 2 }))).rejects.toThrow('nobody');
    expect(await cache.getOrSet('a', () => 'free')).toBe('free');
  });

  it('leaves its keys to what its loader left behind', async () => {
    const cache = openCache();
    let leftBehind: Promise<unknown> | undefined;
    await cache.getOrSetMany(['a'], () => {
      leftBehind = turns().then(async () => {
        await cache.delete('a');
        return cache.getOrSet('a', () => 2);
      });
      return { a: 1 };
    });
    expect(await leftBehind).toBe(2);
  });
});

it('a loader that schedules its own successor does not keep what it loaded', async () => {
  const cache = openCache({ ttl: 0 });
  const size = 50_000;
  const rounds = 500;
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  /** What is kept while the last loader runs. The collector frees buffers in its own time; what is held, never. */
  const kept = async (): Promise<number> => {
    const now = (): number => process.memoryUsage().arrayBuffers - before;
    for (let i = 0; i < 30 && now() > (size * rounds) / 5; i += 1) {
      await turns();
      collectGarbage();
    }
    return now();
  };
  const measured = new Promise<number>((resolve) => {
    const poll = (left: number): unknown =>
      cache.getOrSet('poll', async () => {
        if (left === 0) resolve(await kept());
        else setImmediate(() => poll(left - 1));
        return Buffer.alloc(size, left % 256);
      });
    void poll(rounds);
  });
  expect(await measured).toBeLessThan((size * rounds) / 5);
});

it('those who wait for what is for one reader load side by side, not one after the other', async () => {
  const cache = openCache();
  const finish: (() => void)[] = [];
  const load = (): Promise<Readable> => new Promise((resolve) => finish.push(() => resolve(Readable.from(['x']))));
  const caller = { operation: 'Files.open', strict: false };
  const opened = Array.from({ length: 5 }, () => cache.call('file', load, {}, caller));
  expect(finish).toHaveLength(1);
  finish[0]!();
  await turns();
  expect(finish).toHaveLength(5);
  for (const end of finish) end();
  expect(new Set(await Promise.all(opened)).size).toBe(5);
});

it('a caller that gives up while the loader is starting does not wait for it', async () => {
  const cache = openCache();
  const controller = new AbortController();
  const loading = cache.getOrSet(
    'k',
    () => {
      controller.abort(new Error('gave up'));
      return new Promise(() => {});
    },
    { signal: controller.signal },
  );
  await expect(loading).rejects.toThrow('gave up');
});

it('the coarse time of the system follows when timers are put back', () => {
  vi.useFakeTimers();
  try {
    systemClock.coarse!();
    vi.advanceTimersByTime(2 * 3_600_000);
    systemClock.coarse!();
  } finally {
    vi.useRealTimers();
  }
  expect(systemClock.coarse!()).toBeLessThanOrEqual(systemClock.now());
});
