import fc, { type Scheduler } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CacheEvents } from '../../lib/events/cache-events.js';
import { ISOLATORS } from '../../lib/stores/isolation.js';
import type { FarStore, Store } from '../../lib/stores/store.js';
import { TieredStore } from '../../lib/stores/tiered/tiered.store.js';
import type { Clock } from '../../lib/support/clock.js';
import { FakeClock } from '../support/fake-clock.js';
import { memoryStore, openCache } from '../support/open-cache.js';
import { RedisServer } from '../support/redis/redis-server.js';
import { RedisStoreRig } from '../support/redis/redis-store.js';
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
} from '../support/versions.js';
import { Stage } from './stage.js';

/** How many there are by default, and by `BLOSSOM_RUNS`. */
const RUNS = Number(process.env['BLOSSOM_RUNS'] ?? 250);
const NODES = [0, 1];
/** Nobody asks for a sign of life while the test lasts. */
const NEVER = 3_600_000;

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

/** What one node was told counts for the others as soon as the server's announcements of it have reached them. */
class FloorsByNode implements Floors {
  readonly #floors = NODES.map(() => new CommonFloors());

  constructor(private readonly stage: Stage) {}

  of(key: string, node: number): number {
    return this.#floors[node]!.of(key);
  }

  acknowledged(key: string, version: number, node: number): void {
    for (const [other, floors] of this.#floors.entries()) {
      if (other === node) floors.acknowledged(key, version);
      else this.stage.whenDelivered(other, () => floors.acknowledged(key, version));
    }
  }
}

function hybrid(far: FarStore, clock: Clock): Store {
  const events = new CacheEvents((error) => {
    throw error;
  });
  return new TieredStore(memoryStore(), far, ISOLATORS.reference, { near: events, far: events }, clock);
}

/** The store, whose invalidations allow stale entries to be served or do not, in turn. */
function softened(store: FarStore, soft: readonly boolean[]): FarStore {
  let count = 0;
  return {
    shared: store.shared,
    reclaims: store.reclaims,
    space: (name) => store.space(name),
    invalidateTags: (tags) => store.invalidateTags(tags, soft[count++ % soft.length]),
    measure: () => store.measure(),
    close: () => store.close(),
  };
}

/** What may differ from one play to the next. */
interface Play {
  readonly pieces: readonly number[];
  readonly rounds: readonly (readonly Step[])[];
  /** Of each invalidation, one after the other, whether what is stale may be served. */
  readonly soft: readonly boolean[];
}

/** Lets clients of two processes play over one server. */
async function playOverRedis(near: boolean, scheduler: Scheduler, { pieces, rounds, soft }: Play): Promise<void> {
  const clock = new FakeClock();
  const stage = new Stage(server.port, scheduler, pieces);
  const rig = new RedisStoreRig({ kind: 'client', client: {} }, clock, { near, maxStaleness: NEVER });
  const stores = NODES.map((node) => rig.open({ place: { kind: 'client', client: stage.client(node) } }));
  try {
    await Promise.all(stores.map((store) => store.space('').read('warm', clock.now())));
    const nodes = stores.map((store) => {
      const one = softened(store, soft);
      return openCache({ clock, store: near ? hybrid(one, clock) : one });
    });
    const world = new World(nodes, scheduler, near ? new FloorsByNode(stage) : new CommonFloors());
    stage.open = true;
    for (const todo of rounds) await play(world, scheduler, todo.map(byNetwork), (step) => world.run(step));
  } finally {
    stage.open = false;
    await rig.close();
  }
}

/** What one entry needs to be kept near by both, and what may happen to it then. */
const WARM: readonly Step[] = NODES.map((node) => ({ do: 'read', node, key: 'a', tags: 'early', fresh: false }));
const disturbed = fc
  .array(fc.record({ node, by: fc.constantFrom('delete', 'tag', 'clear', 'take', 'read', 'read', 'read') }), {
    minLength: 2,
    maxLength: 6,
  })
  .map((chosen): Step[] =>
    chosen.map(({ node: at, by }) =>
      by === 'read'
        ? { do: 'read', node: at, key: 'a', tags: 'early', fresh: false }
        : { do: 'change', node: at, key: 'a', by },
    ),
  );
const kept = fc.array(disturbed, { minLength: 1, maxLength: 3 }).map((all) => all.flatMap((one) => [WARM, WARM, one]));
const rounds = fc.oneof(
  { weight: 2, arbitrary: kept },
  { weight: 1, arbitrary: fc.array(fc.oneof(steps, crowd), { minLength: 1, maxLength: 2 }) },
);
const pieces = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 8 });
const soft = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });
const plays: fc.Arbitrary<Play> = fc.record({ pieces, rounds, soft });

describe('no call that starts after a change is given what was loaded before it, whatever the order of messages', () => {
  it.each([
    ['two processes over one server', false],
    ['two near caches over one server, from when the change was announced to them', true],
  ])('%s', { timeout: 1_000 * RUNS }, async (_, near) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), plays, (scheduler, one) => playOverRedis(near, scheduler, one)),
      { numRuns: RUNS },
    );
    expect(server.responsive).toBe(true);
  });
});
