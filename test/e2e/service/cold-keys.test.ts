import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CacheCore } from '../../../lib/cache/cache-core.js';
import { CacheService } from '../../../lib/cache/cache.service.js';
import { CacheEvents } from '../../../lib/events/cache-events.js';
import { MemoryStore } from '../../../lib/stores/memory/memory.store.js';
import { FakeClock } from '../../support/fake-clock.js';
import { hold, settle } from './service-rig.js';

const COUNT = 20_000;
const keys = Array.from({ length: COUNT }, (_, i) => `key ${i}`);

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(() => {
  process.off('unhandledRejection', note);
});

/** The parts that the module puts together, so that the loads under way can be counted. */
function openParts() {
  const clock = new FakeClock();
  const events = new CacheEvents(() => {});
  const limits = { maxSize: Infinity, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'reference' } as const;
  const store = new MemoryStore(limits, events, clock);
  const options = { name: 'default', enabled: true, ttl: 60_000, ttlJitter: 0, varyBy: undefined };
  const core = new CacheCore({ ...options, store, events, clock, keyOf: () => '' });
  return { cache: new CacheService(core, ''), clock, loads: () => core.loads('').size };
}

describe(`${COUNT} cold keys at once`, () => {
  it('are loaded each once, and leave entries and nothing else', async () => {
    const { cache, clock, loads } = openParts();
    const go = hold<void>();
    let ran = 0;
    const asked = keys.map((key) => cache.getOrSet(key, async () => ((ran += 1), await go.promise, key)));
    expect(loads()).toBe(COUNT);
    go.resolve();
    expect(await Promise.all(asked)).toEqual(keys);
    expect([ran, loads(), clock.pending]).toEqual([COUNT, 0, 1]);
    clock.advance(120_000);
    await settle();
    expect([clock.pending, (await cache.getStats()).size]).toEqual([0, 0]);
    expect(unhandled).toEqual([]);
  });

  it('that all fail leave nothing at all', async () => {
    const { cache, clock, loads } = openParts();
    const asked = keys.map((key) => cache.getOrSet(key, () => Promise.reject(new Error(key))));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(COUNT);
    expect([loads(), clock.pending, (await cache.getStats()).size]).toEqual([0, 0, 0]);
    await settle();
    expect(unhandled).toEqual([]);
  });

  it('that all are given up leave nothing either', async () => {
    const { cache, clock, loads } = openParts();
    const controllers = keys.map(() => new AbortController());
    const never = hold<string>();
    const asked = keys.map((key, i) => cache.getOrSet(key, () => never.promise, { signal: controllers[i]!.signal }));
    for (const controller of controllers) controller.abort(new Error('gone'));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(COUNT);
    expect([loads(), clock.pending]).toEqual([0, 0]);
    never.reject(new Error('too late'));
    await settle();
    expect([(await cache.getStats()).size, unhandled]).toEqual([0, []]);
  });

  it('in one getOrSetMany are one batch', async () => {
    const { cache, loads } = openParts();
    let batches = 0;
    const found = await cache.getOrSetMany(keys, async (missing) => {
      batches += 1;
      return new Map(missing.map((key) => [key, key]));
    });
    expect([batches, found.size, loads()]).toEqual([1, COUNT, 0]);
    const failed = cache.getOrSetMany(
      keys.map((key) => `${key}!`),
      () => Promise.reject(new Error('down')),
    );
    await expect(failed).rejects.toThrow('down');
    await settle();
    expect([loads(), unhandled]).toEqual([0, []]);
  });
});
