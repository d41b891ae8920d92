import type { CacheEvents } from '../../../lib/events/cache-events.js';
import type { GuardOptions } from '../../../lib/stores/guarded/guard.js';
import type { GuardedSpace } from '../../../lib/stores/guarded/guarded.space.js';
import { GuardedStore } from '../../../lib/stores/guarded/guarded.store.js';
import type { Draft, FarSpace, Lease, LeaseAnswer, LeasePurpose } from '../../../lib/stores/store.js';
import { FarBackend, Faults, type FarLink } from '../../support/far-store.js';
import { FakeClock } from '../../support/fake-clock.js';
import { silentEvents } from '../tiered/tiered-rig.js';
import { lateAnswers } from './late.js';

export interface GuardedRig {
  readonly clock: FakeClock;
  readonly backend: FarBackend;
  readonly faults: Faults;
  /** Whether what fails has got no answer in time, and says so by its error. */
  readonly answers: { late: boolean };
  readonly events: CacheEvents;
  readonly store: GuardedStore;
  readonly space: GuardedSpace;
  /** What another process sees, whose link has no faults. */
  readonly other: FarSpace;
  /** `outage` and `recovery 3`, in order. */
  readonly states: string[];
  /** The value that is served as fresh under a key, or `'-'`. */
  hit(key: string): Promise<unknown>;
  /** The same for the other process. */
  otherHit(key: string): Promise<unknown>;
}

/** A guarded store over a backend whose link can be made to fail. */
export function openGuarded(options: Partial<GuardOptions> = {}, hop?: FarLink['hop']): GuardedRig {
  const clock = new FakeClock();
  const backend = new FarBackend(clock);
  const faults = new Faults();
  const events = silentEvents();
  const link = { fault: faults.fault, ...(hop === undefined ? {} : { hop }) };
  const answers = { late: false };
  const connected = lateAnswers(backend.connect(link), () => answers.late);
  const store = new GuardedStore(connected, { onError: 'absorb', ...options }, events, clock);
  const states: string[] = [];
  events.on('outage', () => states.push('outage'));
  events.on('recovery', ({ delivered }) => states.push(`recovery ${delivered}`));
  const space = store.space('ns');
  const other = backend.connect().space('ns');
  const hitIn = async (of: FarSpace, key: string): Promise<unknown> => {
    const entry = await of.read(key, clock.now());
    return entry !== undefined && clock.now() < entry.expiresAt ? entry.value : '-';
  };
  return {
    clock,
    backend,
    faults,
    answers,
    events,
    store,
    space,
    other,
    states,
    hit: (key) => hitIn(space, key),
    otherHit: (key) => hitIn(other, key),
  };
}

export function draft(value: unknown, about: Partial<Omit<Draft, 'value'>> = {}): Draft {
  return { value, ttl: 60_000, grace: 0, tags: [], ...about };
}

export async function granted(
  space: FarSpace,
  key = 'k',
  tags: readonly string[] = [],
  purpose: LeasePurpose = 'load',
): Promise<Lease> {
  return asLease(await space.lease(key, tags, purpose));
}

export function asLease(answer: LeaseAnswer): Lease {
  if (!('commit' in answer)) throw new Error(`expected a lease, got ${Object.keys(answer).join()}`);
  return answer;
}

/** Lets everything go on that waits for nothing but a promise that is resolved. */
export async function turns(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Messages that wait until they are let go. */
export class Gates {
  readonly #shut = new Map<string, { passed: Promise<void>; open: () => void }>();

  readonly hop = async (what: string): Promise<void> => this.#shut.get(what)?.passed;

  shut(what: string): void {
    let open!: () => void;
    const passed = new Promise<void>((resolve) => (open = resolve));
    this.#shut.set(what, { passed, open });
  }

  async open(what: string): Promise<void> {
    this.#shut.get(what)!.open();
    this.#shut.delete(what);
    await turns();
  }
}
