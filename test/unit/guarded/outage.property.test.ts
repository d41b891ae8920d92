import fc, { type Scheduler } from 'fast-check';
import { describe, it } from 'vitest';
import type { CacheService } from '../../../lib/cache/cache.service.js';
import { CacheEvents } from '../../../lib/events/cache-events.js';
import { GuardedStore } from '../../../lib/stores/guarded/guarded.store.js';
import { FarBackend, type Fault } from '../../support/far-store.js';
import { FakeClock } from '../../support/fake-clock.js';
import { openCache } from '../../support/open-cache.js';
import {
  byNetwork,
  CommonFloors,
  crowd,
  node,
  play,
  steps,
  World,
  type Floors,
  type Step,
} from '../../support/versions.js';
import { tiered } from '../tiered/tiered-rig.js';
import { lateAnswers } from './late.js';

/** What happens besides: a link is cut, loses every answer, or heals, and says so at once or late; time goes by. */
type Event = Step | { do: 'link'; node: number; fault: Fault | undefined; late: boolean } | { do: 'wait'; ms: number };

const link = fc.record({ do: fc.constant('link' as const), node, fault: fc.constantFrom<(Fault | undefined)[]>('before', 'after', undefined, undefined), late: fc.boolean() }); // prettier-ignore
const wait = fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(300, 3_000) });
const events: fc.Arbitrary<Event[]> = fc
  .tuple(
    fc.oneof(steps, crowd),
    fc.array(fc.oneof({ weight: 3, arbitrary: link }, { weight: 1, arbitrary: wait }), { maxLength: 8 }),
    fc.infiniteStream(fc.nat()),
  )
  .map(([asked, others, places]) => {
    const all: Event[] = asked.map(byNetwork);
    for (const other of others) all.splice(places.next().value % (all.length + 1), 0, other);
    return all;
  });

/** One node reads an entry and loses its link now and then, the other changes that entry. */
const cutOff: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof<fc.Arbitrary<Event>[]>(
    fc.constantFrom('early' as const, 'late' as const).map((tags) => ({ do: 'read', node: 0, key: 'a', tags, fresh: false })), // prettier-ignore
    fc.constantFrom('tag' as const, 'delete' as const).map((by) => ({ do: 'change', node: 1, key: 'a', by })),
    fc.tuple(fc.constantFrom<(Fault | undefined)[]>('before', undefined), fc.boolean()).map(([fault, late]) => ({ do: 'link', node: 0, fault, late })), // prettier-ignore
    fc.constant({ do: 'wait', ms: 3_000 }),
  ),
  { minLength: 6, maxLength: 20 },
);

/** One process, with a near tier of its own, and a link that comes and goes. */
class Node {
  readonly cache: CacheService;
  readonly guard: GuardedStore;
  fault: Fault | undefined;
  /** Whether what fails has got no answer in time. */
  late = false;
  /** Whether it knows that it cannot reach the backend. */
  down = false;

  constructor(backend: FarBackend, clock: FakeClock, hop?: (what: string) => Promise<void>) {
    const channel = new CacheEvents((error) => {
      throw error;
    });
    channel.on('outage', () => (this.down = true));
    channel.on('recovery', () => (this.down = false));
    const link = { fault: () => this.fault, ...(hop === undefined ? {} : { hop }) };
    const far = lateAnswers(backend.connect(link), () => this.late);
    this.guard = new GuardedStore(far, { onError: 'absorb', maxPending: 3 }, channel, clock);
    this.cache = openCache({ clock, store: tiered(this.guard, clock).store, events: channel });
  }
}

/**
 * What a node was told counts for itself at once, and for all when the backend has been told everything. A node
 * that knows of an outage may not have heard of others.
 */
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

async function playOn(
  nodes: readonly Node[],
  clock: FakeClock,
  scheduler: Scheduler,
  todo: readonly Event[],
  loadTime: number,
): Promise<void> {
  const world = new World(
    nodes.map(({ cache }) => cache),
    scheduler,
    new OutageFloors(nodes),
    loadTime,
  );
  await play(world, scheduler, todo, async (event) => {
    if (event.do === 'link') Object.assign(nodes[event.node % nodes.length]!, { fault: event.fault, late: event.late });
    else if (event.do === 'wait') clock.advance(event.ms);
    else await world.run(event);
  });
}

describe('a backend that comes and goes: nobody is given less than what was acknowledged', () => {
  it('in one process that asks it at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), events, async (scheduler, todo) => {
        const clock = new FakeClock();
        await playOn([new Node(new FarBackend(clock), clock)], clock, scheduler, todo, 2);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['two processes with links of their own', events, [1, 10]],
    ['a process that is cut off while another one makes changes', cutOff, [30, 60]],
  ] as const)('in %s', async (_, arbitrary, loadTimes) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), arbitrary, fc.constantFrom(...loadTimes), async (scheduler, todo, loadTime) => {
        const clock = new FakeClock();
        const backend = new FarBackend(clock);
        const hop = (what: string): Promise<void> => scheduler.schedule(Promise.resolve(), what);
        const nodes = [0, 1].map(() => new Node(backend, clock, hop));
        await playOn(nodes, clock, scheduler, todo, loadTime);
      }),
      { numRuns: 2_500 },
    );
  });
});
