import { CacheEvents } from '../../lib/events/cache-events.js';
import { MemoryStore } from '../../lib/stores/memory/memory.store.js';
import type {
  Draft,
  Entry,
  FarSpace,
  FarStore,
  Lease,
  LeaseAnswer,
  LeaseBusy,
  StoreSpace,
} from '../../lib/stores/store.js';
import type { Clock } from '../../lib/support/clock.js';
import { LEASE_OPERATIONS, SPACE_OPERATIONS, through, type Around } from '../../lib/testing/faults/far-operations.js';
import type { Network } from './network.js';
import { Session } from './session.js';

const LIMITS = { maxSize: 100_000, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'clone' } as const;
/** Milliseconds after which a lease runs out whose holder cannot renew it. */
const LEASE = 100;

/** What a planted bug puts in the place of a store, as the backend has it. */
export type Alteration = (space: StoreSpace) => StoreSpace;

/** A backend that nodes share across a network: it has a clock of its own, tells nodes what changes, and may lose everything. */
export class SimulatedBackend {
  readonly sessions: Session[] = [];
  readonly #spaces = new Map<string, StoreSpace>();
  #store: MemoryStore;
  #lives = 0;

  constructor(
    readonly network: Network,
    readonly clock: Clock,
    private readonly alter: Alteration = (space) => space,
  ) {
    this.#store = this.#open();
  }

  /** How often it began with nothing. */
  get lives(): number {
    return this.#lives;
  }

  get store(): MemoryStore {
    return this.#store;
  }

  space(namespace: string): StoreSpace {
    const known = this.#spaces.get(namespace);
    if (known !== undefined) return known;
    const space = this.alter(this.#store.space(namespace));
    this.#spaces.set(namespace, space);
    return space;
  }

  connect(node: string, clock: Clock, maxStaleness: number): FarStore & { readonly session: Session } {
    const session = new Session(node, clock, this.network, maxStaleness);
    this.sessions.push(session);
    return new Connection(this, session, clock);
  }

  announce(...names: string[]): void {
    for (const session of this.sessions) session.announce(names);
  }

  /** Everything is lost, connections too. */
  restart(): void {
    this.#store.close();
    this.#store = this.#open();
    this.#spaces.clear();
    this.#lives += 1;
    for (const session of this.sessions) session.renew();
  }

  #open(): MemoryStore {
    const events = new CacheEvents((error) => {
      throw error;
    });
    return new MemoryStore(LIMITS, events, this.clock);
  }
}

class Connection implements FarStore {
  readonly shared = true;
  readonly reclaims = true;

  constructor(
    private readonly backend: SimulatedBackend,
    readonly session: Session,
    private readonly clock: Clock,
  ) {}

  space(namespace: string): FarSpace {
    return new ConnectedSpace(this.backend, this.session, this.clock, namespace).space;
  }

  invalidateTags(tags: readonly string[], allowStale?: boolean): Promise<void> {
    return call(this.backend, this.session, this.clock, 'invalidateTags', () => {
      this.backend.announce(...tags.map(tagName));
      return this.backend.store.invalidateTags(tags, allowStale);
    }) as Promise<void>;
  }

  measure(): { readonly size: undefined; readonly bytes: undefined } {
    return { size: undefined, bytes: undefined };
  }

  close(): void {}
}

/** Operations that change the entry of the key they begin with, or may. */
const CHANGES: ReadonlySet<string> = new Set(['write', 'add', 'swap', 'remove', 'take', 'increment', 'touch']);

class ConnectedSpace {
  readonly space: FarSpace;

  constructor(
    private readonly backend: SimulatedBackend,
    private readonly session: Session,
    private readonly clock: Clock,
    private readonly namespace: string,
  ) {
    const inner = (): StoreSpace => this.backend.space(namespace);
    const stub = Object.fromEntries(SPACE_OPERATIONS.map((name) => [name, () => undefined])) as unknown as StoreSpace;
    const around: Around = (operation, args) => {
      const method = operation as (typeof SPACE_OPERATIONS)[number];
      return this.#call(operation, () => {
        this.#announce(operation, args[0]);
        const space = inner();
        return Reflect.apply(space[method] as (...given: unknown[]) => unknown, space, this.#told(operation, args));
      });
    };
    this.space = {
      ...through(stub, SPACE_OPERATIONS, around),
      read: async (key) => (await this.#readMany([key])).get(key),
      readMany: (keys) => this.#readMany(keys),
      take: async (key) => this.#shown(await (around('take', [key], () => {}) as Promise<Entry | undefined>)),
      lease: (key, tags, purpose) => this.#lease(key, tags, purpose),
      vouches: (_key, entry) => this.session.vouches(entry),
    };
  }

  /** What is asked with a time is asked with that of the backend. */
  #told(operation: string, args: readonly unknown[]): readonly unknown[] {
    return operation === 'absence' ? [args[0], this.backend.clock.now()] : args;
  }

  #announce(operation: string, about: unknown): void {
    const { backend } = this;
    if (CHANGES.has(operation)) backend.announce(this.#name(about as string));
    else if (operation === 'removeMany') backend.announce(...(about as string[]).map((key) => this.#name(key)));
    else if (operation === 'writeMany')
      backend.announce(...[...(about as Map<string, Draft>).keys()].map((key) => this.#name(key)));
    else if (operation === 'clear') backend.announce(spaceName(this.namespace));
  }

  async #readMany(keys: readonly string[]): Promise<Map<string, Entry>> {
    const { heard, current } = this.session;
    const sent = this.clock.now();
    const found = await this.#call('read', () => {
      const now = this.backend.clock.now();
      const entries = this.backend.space(this.namespace).readMany(keys, now) as Map<string, Entry>;
      return new Map([...entries].map(([key, entry]) => [key, this.#sent(entry, sent - now)]));
    });
    for (const [key, entry] of found) {
      const names = [this.#name(key), spaceName(this.namespace), ...entry.tags.map(tagName)];
      this.session.note(entry, { names, session: current, heard });
    }
    return found;
  }

  async #lease(...[key, tags, purpose]: Parameters<FarSpace['lease']>): Promise<LeaseAnswer> {
    const { backend } = this;
    let granted: HeldLease | undefined;
    try {
      const answer = await this.#call('lease', (): LeaseAnswer => {
        const given = backend.space(this.namespace).lease(key, tags, purpose) as LeaseAnswer;
        if ('entry' in given) return { entry: this.#sent(given.entry, this.clock.now() - backend.clock.now()) };
        if ('freed' in given) return this.#busy(given);
        granted = new HeldLease(backend, this.session.node, given);
        return granted.lease((operation, take) =>
          this.#call(operation, () => {
            if (operation === 'commit') backend.announce(this.#name(key));
            return take();
          }),
        );
      });
      return answer;
    } catch (error) {
      granted?.abandon();
      throw error;
    }
  }

  /** Who waits is told when it is freed, or tries again when it must have run out. */
  #busy({ freed }: LeaseBusy): LeaseBusy {
    const { scheduler } = this.backend.network;
    return {
      freed: new Promise((resolve) => {
        const cancel = scheduler.after(2 * LEASE, resolve);
        void freed.then(() =>
          this.session.send({
            deliver: () => {
              cancel();
              resolve();
            },
            lose: () => {},
          }),
        );
      }),
    };
  }

  #shown(entry: Entry | undefined): Entry | undefined {
    return entry && this.#sent(entry, this.clock.now() - this.backend.clock.now());
  }

  /** An entry as it is sent, with its times by the clock of whoever reads it. */
  #sent({ value, tags, createdAt, expiresAt, staleUntil, invalidatedBy, ttlEnd }: Entry, ahead: number): Entry {
    const times = { createdAt: createdAt + ahead, expiresAt: expiresAt + ahead, staleUntil: staleUntil + ahead };
    return { value, tags, ...times, invalidatedBy, ttlEnd: ttlEnd && ttlEnd + ahead };
  }

  #call<T>(operation: string, take: () => T): Promise<T> {
    return call(this.backend, this.session, this.clock, operation, take);
  }

  #name(key: string): string {
    return `key ${this.namespace} ${key}`;
  }
}

/** A lease that runs out when its holder cannot be heard of, and is worth nothing when its backend has lost everything. */
class HeldLease {
  readonly #life: number;
  #cancel: () => void;
  #ended = false;

  constructor(
    private readonly backend: SimulatedBackend,
    private readonly node: string,
    private readonly inner: Lease,
  ) {
    this.#life = backend.lives;
    this.#cancel = this.#watch();
  }

  /** Nobody will be heard of. */
  abandon(): void {
    this.#cancel();
    this.#cancel = this.backend.network.scheduler.after(LEASE, () => this.#end());
  }

  lease(across: (operation: string, take: () => unknown) => Promise<unknown>): Lease {
    const around: Around = async (operation, _, take) => {
      const ends = operation === 'commit' || operation === 'release';
      try {
        return await across(operation, () => this.#take(ends, take));
      } catch (error) {
        if (ends) this.abandon();
        throw error;
      }
    };
    return through(this.inner, LEASE_OPERATIONS, around);
  }

  #take(ends: boolean, take: () => unknown): unknown {
    if (this.#life !== this.backend.lives) return false;
    if (ends) this.#ended = true;
    if (ends) this.#cancel();
    return take();
  }

  #watch(): () => void {
    const { network } = this.backend;
    return network.scheduler.after(LEASE, () => {
      if (this.#ended) return;
      if (network.isPartitioned(this.node)) this.#end();
      else this.#cancel = this.#watch();
    });
  }

  #end(): void {
    this.#ended = true;
    void this.inner.release();
  }
}

/** A question and its answer, of which either may be lost. */
async function call<T>(
  { network }: SimulatedBackend,
  session: Session,
  clock: Clock,
  operation: string,
  take: () => T,
): Promise<T> {
  const { current } = session;
  const sent = clock.now();
  await network.scheduler.delay(network.latency());
  if (network.loses(session.node, `${operation} →`)) throw await network.failure(operation);
  const outcome = answer(take);
  const arrived = await new Promise<boolean>((resolve) => {
    session.send({
      deliver: () => resolve(!network.loses(session.node, `${operation} ←`)),
      lose: () => resolve(false),
    });
  });
  if (!arrived) throw await network.failure(operation);
  session.confirm(sent, current);
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

function answer<T>(take: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: take() };
  } catch (error) {
    return { error };
  }
}

function tagName(tag: string): string {
  return `tag ${tag}`;
}

function spaceName(namespace: string): string {
  return `space ${namespace}`;
}
