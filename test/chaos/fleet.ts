import { CacheCore } from '../../lib/cache/cache-core.js';
import { CacheService } from '../../lib/cache/cache.service.js';
import { CacheEvents } from '../../lib/events/cache-events.js';
import { GuardedStore } from '../../lib/stores/guarded/guarded.store.js';
import { ISOLATORS } from '../../lib/stores/isolation.js';
import { MemoryStore } from '../../lib/stores/memory/memory.store.js';
import type { FarStore } from '../../lib/stores/store.js';
import { TieredStore } from '../../lib/stores/tiered/tiered.store.js';
import type { Clock } from '../../lib/support/clock.js';
import type { RecordedCache } from '../../lib/testing/history/recorded-cache.js';
import { Recorder } from '../../lib/testing/history/recorder.js';
import type { Scheduler } from '../../lib/testing/time/scheduler.js';
import { SkewedClock } from '../../lib/testing/time/skewed-clock.js';
import { Network, type Weather } from './network.js';
import type { Plant } from './planted-bugs.js';
import type { Session } from './session.js';
import { SimulatedBackend } from './simulated-backend.js';

const LIMITS = { maxSize: 1_000, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'reference' } as const;
/** Milliseconds for which a node believes what it has kept without hearing of its backend. */
export const MAX_STALENESS = 100;
/** By how much clocks differ: hours, and what a bad crystal does in a day. */
const SKEWS = [
  { offset: 1_700_000_000_000, rate: 1 },
  { offset: 1_700_003_600_000, rate: 1.0005 },
  { offset: 1_699_990_000_000, rate: 0.9995 },
];
const OF_BACKEND = { offset: 1_600_000_000_000, rate: 1.0002 };

/** One process: its memory over a connection that may fail to a backend that it shares. */
class Node {
  readonly recorded: RecordedCache;
  readonly #core: CacheCore;
  readonly #guarded: GuardedStore;

  constructor(
    readonly name: string,
    clock: Clock,
    far: FarStore,
    readonly session: Session,
    recorder: Recorder,
  ) {
    const events = new CacheEvents((error) => {
      throw error;
    });
    this.#guarded = new GuardedStore(far, { onError: 'absorb' }, events, clock);
    this.#core = new CacheCore({
      name,
      enabled: true,
      store: near(this.#guarded, events, clock),
      events,
      clock,
      keyOf: () => '',
      ttl: 60_000,
      ttlJitter: 0,
      varyBy: undefined,
    });
    const delivered = (): boolean => this.#guarded.pendingEvictions === 0;
    this.recorded = recorder.watch(name, new CacheService(this.#core, ''), { delivered });
  }

  /** Changes of which the backend has yet to be told. */
  get pending(): number {
    return this.#guarded.pendingEvictions;
  }

  get timers(): number {
    return this.#core.timers.size;
  }

  async close(): Promise<void> {
    this.#core.close();
    await this.#core.parts.store.close();
  }
}

/** Three nodes with clocks of their own over one backend, whose every step is the scheduler's to choose. */
export class Fleet {
  readonly recorder: Recorder;
  readonly network: Network;
  readonly backend: SimulatedBackend;
  readonly nodes: readonly Node[];

  constructor(
    readonly scheduler: Scheduler,
    weather: Weather,
    private readonly plant: Plant = {},
  ) {
    this.recorder = new Recorder(() => scheduler.now());
    this.network = new Network(scheduler, weather, (node, what) => this.recorder.trouble(node, `lost ${what}`)());
    this.backend = new SimulatedBackend(this.network, new SkewedClock(scheduler, OF_BACKEND), plant.space);
    this.nodes = SKEWS.map((skew, index) => this.#node(`n${index}`, new SkewedClock(scheduler, skew)));
  }

  /** Keeps a node from its backend for so many milliseconds. */
  async partition({ name, session }: Node, ms: number): Promise<void> {
    if (this.network.isPartitioned(name)) return;
    const over = this.recorder.trouble(name, 'partitioned');
    this.network.partition(name);
    await this.scheduler.delay(ms);
    this.network.heal(name);
    if (this.plant.keepsNear === true) session.pretend();
    else session.renew();
    over();
  }

  /** The backend loses everything. */
  restart(): void {
    this.recorder.trouble('*', 'the backend began with nothing', { loses: true })();
    this.backend.restart();
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
    this.backend.store.close();
  }

  #node(name: string, clock: Clock): Node {
    const far = this.backend.connect(name, clock, MAX_STALENESS);
    return new Node(name, clock, far, far.session, this.recorder);
  }
}

function near(far: FarStore, events: CacheEvents, clock: Clock): TieredStore {
  const [own, below] = [events.tier([]), events.tier([])];
  const memory = new MemoryStore(LIMITS, own, clock);
  return new TieredStore(memory, far, ISOLATORS.reference, { near: own, far: below }, clock);
}
