import fc, { type Scheduler } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheService } from '../../../lib/cache/cache.service.js';
import { FakeClock } from '../../support/fake-clock.js';
import { memoryStore, openCache } from '../../support/open-cache.js';
import { remoteStore } from '../../support/remote-store.js';

/** What a client of the cache does next, and on which node. */
type Step =
  | { do: 'read'; node: number; key: string; tags: 'early' | 'late'; fresh: boolean }
  | { do: 'change'; node: number; key: string; by: 'delete' | 'deleteMany' | 'tag' | 'clear' | 'set' | 'take' }
  | { do: 'put'; node: number; key: string };

const key = fc.constantFrom('a', 'b');
const node = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), node, key, tags: fc.constantFrom('early' as const, 'late' as const), fresh: fc.boolean() }) }, // prettier-ignore
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const), node, key, by: fc.constantFrom('delete' as const, 'deleteMany' as const, 'tag' as const, 'clear' as const, 'set' as const, 'take' as const) }) }, // prettier-ignore
  { weight: 1, arbitrary: fc.record({ do: fc.constant('put' as const), node, key }) },
);

/** The source of truth, and for each key the oldest version that a call which starts now may be given. */
class Source {
  readonly versions = new Map<string, number>();
  readonly floors = new Map<string, number>();

  version(of: string): number {
    return this.versions.get(of) ?? 0;
  }

  change(of: string): number {
    this.versions.set(of, this.version(of) + 1);
    return this.version(of);
  }

  /** The cache has acknowledged that it knows of this version. */
  acknowledged(of: string, version: number): void {
    this.floors.set(of, Math.max(this.floors.get(of) ?? 0, version));
  }
}

class World {
  readonly source = new Source();
  readonly broken: string[] = [];

  constructor(
    private readonly nodes: readonly CacheService[],
    private readonly scheduler: Scheduler,
  ) {}

  async run(step: Step): Promise<void> {
    const cache = this.nodes[step.node % this.nodes.length]!;
    if (step.do === 'read') await this.#read(cache, step);
    else if (step.do === 'put') await this.#put(cache, step.key);
    else await this.#change(cache, step.key, step.by);
  }

  async #read(cache: CacheService, { key: of, tags, fresh }: Step & { do: 'read' }): Promise<void> {
    const floor = this.source.floors.get(of) ?? 0;
    const options = { forceFresh: fresh, ...(tags === 'early' ? { tags: [of] } : {}) };
    const version = await cache.getOrSet(
      of,
      async (context) => {
        const read = this.source.version(of);
        await this.#pause(`load ${of}`);
        if (tags === 'late') context.setTags([of]);
        return read;
      },
      options,
    );
    if (version < floor) this.broken.push(`${of}: got ${version} after ${floor} was acknowledged`);
  }

  async #put(cache: CacheService, of: string): Promise<void> {
    let written = 0;
    const write = async (): Promise<number> => {
      await this.#pause(`write ${of}`);
      written = this.source.change(of);
      await this.#pause(`written ${of}`);
      return written;
    };
    await cache.write(of, write, { tags: [of] }, { operation: 'put', strict: false });
    this.source.acknowledged(of, written);
  }

  async #change(cache: CacheService, of: string, by: (Step & { do: 'change' })['by']): Promise<void> {
    const version = this.source.change(of);
    if (by === 'delete') await cache.delete(of);
    else if (by === 'deleteMany') await cache.deleteMany([of, 'other']);
    else if (by === 'take') await cache.take(of);
    else if (by === 'clear') await cache.clear();
    else if (by === 'set') await this.#set(cache, of, version);
    else await cache.invalidateTags([of]);
    this.source.acknowledged(of, version);
  }

  /** Two writers that both set by hand race: the one that changed the source last must be the one to set last. */
  async #set(cache: CacheService, of: string, version: number): Promise<void> {
    await cache.set(of, version, { tags: [of] });
    if (this.source.version(of) !== version) await cache.delete(of);
  }

  async #pause(label: string): Promise<void> {
    await this.scheduler.schedule(Promise.resolve(), label);
  }
}

/** Across a network a value set by hand may be overtaken on its way by a newer one: that is for its writer to know. */
function byNetwork(step: Step): Step {
  return step.do === 'change' && step.by === 'set' ? { ...step, by: 'delete' } : step;
}

async function play(world: World, scheduler: Scheduler, steps: readonly Step[]): Promise<void> {
  const running = steps.map(async (next, index) => {
    await scheduler.schedule(Promise.resolve(), `step ${index} ${next.do}`);
    await world.run(next);
  });
  await scheduler.waitFor(Promise.all(running));
  expect(world.broken).toEqual([]);
}

const steps = fc.array(step, { minLength: 2, maxLength: 14 });
/** Everybody at one entry, which learns its tag late and is invalidated by it: few orders of events are harmless. */
const crowd = fc
  .array(fc.record({ node, reads: fc.boolean() }), { minLength: 4, maxLength: 12 })
  .map((chosen): Step[] =>
    chosen.map(({ node: at, reads }) =>
      reads
        ? { do: 'read', node: at, key: 'a', tags: 'late', fresh: false }
        : { do: 'change', node: at, key: 'a', by: 'tag' },
    ),
  );

describe('no call that starts after a change is given what was loaded before it', () => {
  it('in one process, whatever the order of events', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, async (scheduler, todo) => {
        await play(new World([openCache()], scheduler), scheduler, todo);
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
        await play(new World(nodes, scheduler), scheduler, todo.map(byNetwork));
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
