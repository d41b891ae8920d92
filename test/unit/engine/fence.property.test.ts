import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../support/fake-clock.js';
import { memoryStore, openCache } from '../../support/open-cache.js';
import { remoteStore } from '../../support/remote-store.js';
import { byNetwork, crowd, play, steps, World } from '../../support/versions.js';

describe('no call that starts after a change is given what was loaded before it', () => {
  it('in one process, whatever the order of events', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, async (scheduler, todo) => {
        const world = new World([openCache()], scheduler);
        await play(world, scheduler, todo, (step) => world.run(step));
      }),
      { numRuns: 1_500 },
    );
  });

  it('in two processes that share a store across a network', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.oneof(steps, crowd), async (scheduler, todo) => {
        const clock = new FakeClock();
        const backend = memoryStore(clock);
        const hop = async (what: string): Promise<void> => {
          await scheduler.schedule(Promise.resolve(), what);
        };
        const nodes = [0, 1].map(() => openCache({ clock, store: remoteStore(backend, hop) }));
        const world = new World(nodes, scheduler);
        await play(world, scheduler, todo.map(byNetwork), (step) => world.run(step));
      }),
      { numRuns: 4_000 },
    );
  });
});

describe('a call that starts after a change', () => {
  it('does not wait for a load begun before it', async () => {
    const cache = openCache();
    const changes = [
      () => cache.delete('k'),
      () => cache.set('k', 'set', { ttl: 0 }),
      () => cache.clear(),
      () => cache.invalidateTags(['t']),
    ];
    for (const change of changes) {
      const old = cache.getOrSet('k', () => new Promise<string>(() => {}), { tags: ['t'] });
      await change();
      expect(await cache.getOrSet('k', () => 'new', { tags: ['t'] })).toBe('new');
      await cache.delete('k');
      void old;
    }
  });

  it('is not told the failure of a load begun before it', async () => {
    const cache = openCache();
    let fail!: (error: Error) => void;
    const old = cache.getOrSet('k', () => new Promise<string>((_resolve, reject) => (fail = reject)));
    await cache.delete('k');
    const next = cache.getOrSet('k', () => 'new');
    fail(new Error('old'));
    await expect(old).rejects.toThrow('old');
    expect(await next).toBe('new');
  });
});

it('a value that another process had stored is not given to a call that starts after its deletion', async () => {
  const clock = new FakeClock();
  const backend = memoryStore(clock);
  const gates = new Map<string, Promise<void>>();
  const open = new Map<string, () => void>();
  const shut = (what: string): unknown => gates.set(what, new Promise((resolve) => open.set(what, resolve)));
  const near = openCache({ clock, store: remoteStore(backend, async (what) => gates.get(what)) });
  const other = openCache({ clock, store: remoteStore(backend, async () => {}) });
  shut('lease →');
  shut('lease ←');
  const first = near.getOrSet('k', () => 'loaded');
  await turns();
  await other.set('k', 'old');
  open.get('lease →')!();
  await turns();
  await other.delete('k');
  const second = near.getOrSet('k', () => 'new');
  await turns();
  gates.clear();
  open.get('lease ←')!();
  expect(await first).toBe('old');
  expect(await second).toBe('new');
});

/** Lets everything go on that waits for nothing but a promise that is resolved. */
async function turns(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

it('a load that has been stored, but is not through yet, is not joined after a deletion', async () => {
  const store = memoryStore();
  const cache = openCache({ store });
  const first = cache.getOrSet('k', () => 'old');
  // Nothing but promises that are resolved: somewhere between two of them the value is stored.
  for (let i = 0; i < 30 && (await cache.exists('k')) === false; i += 1) await Promise.resolve();
  await cache.delete('k');
  expect(await cache.getOrSet('k', () => 'new')).toBe('new');
  expect(await first).toBe('old');
});

describe('one load', () => {
  it('per process, and per fleet, however many ask', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 2, max: 20 }),
        async (scheduler, processes, calls) => {
          const clock = new FakeClock();
          const backend = memoryStore(clock);
          const hop = async (what: string): Promise<void> => {
            await scheduler.schedule(Promise.resolve(), what);
          };
          const nodes = Array.from({ length: processes }, () => openCache({ clock, store: remoteStore(backend, hop) }));
          let loads = 0;
          const asked = Array.from({ length: calls }, (_, index) =>
            nodes[index % processes]!.getOrSet('k', async () => {
              loads += 1;
              await hop('loading');
              return 'value';
            }),
          );
          expect(new Set(await scheduler.waitFor(Promise.all(asked)))).toEqual(new Set(['value']));
          expect(loads).toBe(1);
        },
      ),
      { numRuns: 300 },
    );
  });
});
