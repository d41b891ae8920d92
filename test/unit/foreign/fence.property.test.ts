import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheService } from '../../../lib/cache/cache.service.js';
import { GuardedStore } from '../../../lib/stores/guarded/guarded.store.js';
import type { Clock } from '../../../lib/support/clock.js';
import { FakeClock } from '../../support/fake-clock.js';
import { openCache } from '../../support/open-cache.js';
import type { Hop } from '../../support/remote-store.js';
import { CommonFloors, node, World, type Floors, type Step } from '../../support/versions.js';
import { eventsOf, openForeign } from './foreign-rig.js';
import { NetworkMap, type Link } from './network-map.js';

/** Gives an entry a new end, which stores it again. */
type Touch = { do: 'touch'; node: number; key: string };
/** Messages of a node take longer from now on, or time goes by: what was asked has failed, and takes effect late. */
type Trouble = { do: 'link'; node: number; detour: number } | { do: 'wait'; ms: number };
/** An event, and how many steps of the scheduler it comes after the one before: so that some calls follow on others. */
type Timed<E> = E & { after: number };

const after = fc.constantFrom(0, 1, 5, 20, 60);
const key = fc.constantFrom('a', 'a', 'a', 'b');
/** What a store that processes share refuses is left out, and so is a `set`, of which the newer one may arrive first. */
const by = fc.constantFrom('delete' as const, 'deleteMany' as const, 'tag' as const, 'clear' as const);
const read = fc.record({ do: fc.constant('read' as const), node, key, tags: fc.constantFrom('early' as const, 'late' as const), fresh: fc.boolean(), after }); // prettier-ignore
const change = fc.record({ do: fc.constant('change' as const), node, key, by, after });
const put = fc.record({ do: fc.constant('put' as const), node, key, after });
const touch = fc.record({ do: fc.constant('touch' as const), node, key, after });
const link = fc.record({ do: fc.constant('link' as const), node, detour: fc.constantFrom(0, 0, 5, 40), after });
const wait = fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(600, 3_000), after });

const step = fc.oneof<fc.Arbitrary<Timed<Step | Touch>>[]>(read, read, change, change, put, touch);
const event = fc.oneof<fc.Arbitrary<Timed<Step | Touch | Trouble>>[]>(step, step, link, wait);
/** Everybody at one entry that is there, and is loaded, put and given a new end at the same time. */
const atOne = { key: fc.constant('a'), node, after: fc.constantFrom(0, 3, 12, 30) };
const crowd = fc.array(
  fc.oneof<fc.Arbitrary<Timed<Step | Touch>>[]>(
    fc.record({ ...atOne, do: fc.constant('read' as const), tags: fc.constant('early' as const), fresh: fc.boolean() }),
    fc.record({ ...atOne, do: fc.constant('put' as const) }),
    fc.record({ ...atOne, do: fc.constant('touch' as const) }),
    fc.record({ ...atOne, do: fc.constant('change' as const), by: fc.constant('delete' as const) }),
  ),
  { minLength: 4, maxLength: 12 },
);
const steps = fc.array(step, { minLength: 4, maxLength: 14 });
const events = fc.array(event, { minLength: 6, maxLength: 20 });

/** Begins one event after another, and expects that no promise is broken. */
async function playTimed<E extends object>(
  world: World,
  hop: Hop,
  todo: readonly Timed<E>[],
  run: (event: Timed<E>) => Promise<void>,
): Promise<void> {
  const running: Promise<void>[] = [];
  for (const event of todo) {
    for (let left = event.after; left > 0; left -= 1) await hop('later');
    running.push(run(event));
  }
  await Promise.all(running);
  expect(world.broken).toEqual([]);
}

/** One process over a store that it cannot rely on. */
class Node {
  readonly cache: CacheService;
  readonly guard: GuardedStore;
  down = false;

  constructor(network: NetworkMap, link: Link, clock: Clock) {
    const channel = eventsOf();
    channel.on('outage', () => (this.down = true));
    channel.on('recovery', () => (this.down = false));
    const store = openForeign('keyv', network.connect(link), { clock, commandTimeout: 500 });
    this.guard = new GuardedStore(store, { onError: 'absorb', maxPending: 3 }, channel, clock);
    this.cache = openCache({ clock, store: this.guard, events: channel });
  }
}

/** What a node was told counts for itself at once, and for all when the store has been told everything. */
class OutageFloors implements Floors {
  readonly #everybody = new CommonFloors();
  readonly #own: Map<string, number>[];

  constructor(private readonly nodes: readonly Node[]) {
    this.#own = nodes.map(() => new Map());
  }

  of(key: string, at: number): number {
    this.#settle();
    const own = this.#own[at]!.get(key) ?? 0;
    return this.nodes[at]!.down ? own : Math.max(own, this.#everybody.of(key));
  }

  acknowledged(key: string, version: number, at: number): void {
    const own = this.#own[at]!;
    own.set(key, Math.max(own.get(key) ?? 0, version));
    this.#settle();
  }

  #settle(): void {
    for (const [at, { guard }] of this.nodes.entries()) {
      if (guard.pendingEvictions > 0) continue;
      for (const [key, version] of this.#own[at]!) this.#everybody.acknowledged(key, version);
    }
  }
}

describe('over a store that only keeps texts, no call that starts after a change is given what was loaded before it', () => {
  it.each([
    ['whatever they do', steps, 1],
    ['whatever they do, slowly', steps, 30],
    ['all at one entry', crowd, 1],
    ['all at one entry, slowly', crowd, 12],
  ] as const)(
    'in two processes, whatever the order of messages: %s',
    async (_, arbitrary, loadTime) => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), arbitrary, async (scheduler, todo) => {
          const clock = new FakeClock();
          const network = new NetworkMap();
          const hop = (what: string): Promise<void> => scheduler.schedule(Promise.resolve(), what);
          const nodes = [0, 1].map(() =>
            openCache({ clock, store: openForeign('keyv', network.connect({ hop }), { clock }) }),
          );
          const world = new World(nodes, scheduler, new CommonFloors(), loadTime);
          const played = playTimed(world, hop, todo, async (next) => {
            if (next.do === 'touch') await nodes[next.node]!.touch(next.key, 7_200);
            else await world.run(next);
          });
          await scheduler.waitFor(played);
        }),
        { numRuns: 800 },
      );
    },
    120_000,
  );

  it('though messages take effect long after they were given up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), events, fc.constantFrom(1, 30), async (scheduler, todo, loadTime) => {
        const clock = new FakeClock();
        const network = new NetworkMap();
        const hop = (what: string): Promise<void> => scheduler.schedule(Promise.resolve(), what);
        const links: Link[] = [{ hop }, { hop }];
        const nodes = links.map((own) => new Node(network, own, clock));
        const caches = nodes.map(({ cache }) => cache);
        const world = new World(caches, scheduler, new OutageFloors(nodes), loadTime);
        const played = playTimed(world, hop, todo, async (next) => {
          if (next.do === 'link') links[next.node]!.detour = next.detour;
          else if (next.do === 'wait') clock.advance(next.ms);
          else if (next.do === 'touch') await caches[next.node]!.touch(next.key, 7_200);
          else await world.run(next);
        });
        await scheduler.waitFor(played);
      }),
      { numRuns: 800 },
    );
  }, 120_000);
});
