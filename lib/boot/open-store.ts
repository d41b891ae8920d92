import { Codec, type Payload } from '../codec/codec.js';
import { CacheEvents } from '../events/cache-events.js';
import type { CacheLog } from '../events/cache-log.js';
import type { BackendPlace, Tracing } from '../events/tracing.js';
import type { TierChannels } from '../events/cache-stats.js';
import type { StoreWrapper } from '../options/options.js';
import type { ResolvedOptions, Tiers } from '../options/resolve-options.js';
import type { ResolvedStored } from '../options/resolve-stored.js';
import { FileStore } from '../stores/file/file.store.js';
import { limitsOf } from '../stores/foreign/adapt-store.js';
import { ForeignStore } from '../stores/foreign/foreign.store.js';
import { GuardedStore } from '../stores/guarded/guarded.store.js';
import { ISOLATORS, type Isolator } from '../stores/isolation.js';
import { MemoryStore } from '../stores/memory/memory.store.js';
import { NullStore } from '../stores/null/null.store.js';
import type { RedisPlace } from '../stores/redis/redis-options.js';
import { RedisStore } from '../stores/redis/redis.store.js';
import type { Entry, FarStore, Store } from '../stores/store.js';
import { TieredStore } from '../stores/tiered/tiered.store.js';
import { TracedStore } from '../stores/traced/traced.store.js';
import type { Clock } from '../support/clock.js';

/** A store made from options, and the channels of its tiers where it has two. */
export interface OpenedStore {
  readonly store: Store;
  readonly tiers: TierChannels | undefined;
  /** What its tiers are called, from near to far. */
  readonly names: readonly string[];
}

type Memory = NonNullable<Tiers['memory']>;

interface Around {
  /** Of the cache. */
  readonly events: CacheEvents;
  readonly tracing: Tracing;
  readonly clock: Clock;
  readonly log: CacheLog;
  /** How the log names the cache. */
  readonly name: string;
  readonly faults: ResolvedOptions['faults'];
}

/** A tier outside of the process: what it is called, how it keeps values and fails, and how it is opened. */
interface FarTier {
  readonly name: string;
  /** Where it is, if that is one place. */
  readonly place?: Omit<BackendPlace, 'name'> | undefined;
  readonly stored: ResolvedStored;
  /** Milliseconds for which an operation waits. */
  readonly patience: number;
  /** Milliseconds for which this process may know nothing of what others do, where that can be chosen. */
  readonly maxStaleness?: number;
  /** @param own the channel of the store itself */
  open(codec: Codec, own: CacheEvents): FarStore;
}

/** Pending evictions per cache; beyond, whole namespaces are cleared. */
const MOST_PENDING = 10_000;
/** Milliseconds for which a file waits for other processes. */
const FILE_PATIENCE = 500;

/** @throws {CacheOptionsError} where a directory or a store cannot be used, or a library is missing. */
export function openStore(
  options: ResolvedOptions,
  { events, tracing, log }: Pick<Around, 'events' | 'tracing' | 'log'>,
): OpenedStore {
  const { enabled, clock, name = 'default', tiers, faults } = options;
  if (!enabled) return { store: new NullStore(), tiers: undefined, names: [] };
  const around = { events, tracing, clock, log, name, faults };
  const far = farTier(tiers, around);
  if (far === undefined) {
    const memory = new MemoryStore(tiers.memory!, events, clock);
    const store = faults === undefined ? memory : failing(memory, faults, around);
    return { store, tiers: undefined, names: ['memory'] };
  }
  if (tiers.memory !== undefined) return openHybrid(tiers.memory, far, around);
  return { store: guarded(far, events, around), tiers: undefined, names: [far.name] };
}

function farTier({ file, redis, foreign, standIn }: Tiers, around: Around): FarTier | undefined {
  const { clock } = around;
  if (file !== undefined) {
    // Its writing thread gets a copy: what cannot be copied stays here.
    const { types: _types, strictTypes: _strict, ...sealer } = file.codec;
    const open = (codec: Codec, own: CacheEvents): FarStore => new FileStore(file.store, codec, sealer, own, clock);
    return { name: 'file', stored: file, patience: FILE_PATIENCE, open };
  }
  if (redis !== undefined) {
    const notices = { untracked: (reason: string): void => tellUntracked(around, redis.store, reason) };
    const open = (codec: Codec, own: CacheEvents): FarStore =>
      new RedisStore(redis.store, codec, redis.codec, own, clock, notices);
    const { place, commandTimeout: patience, maxStaleness } = redis.store;
    return { name: 'redis', place: placeOf(place), stored: redis, patience, maxStaleness, open };
  }
  if (standIn !== undefined) return standInTier(standIn, clock);
  if (foreign === undefined) return undefined;
  around.log.warn(`cache '${around.name}': ${limitsOf(foreign.store.backend, foreign.store.store)}`);
  const open = (codec: Codec, own: CacheEvents): FarStore =>
    new ForeignStore(foreign.store, codec, foreign.codec, own, clock);
  return { name: foreign.store.backend, stored: foreign, patience: foreign.store.commandTimeout, open };
}

/** Values are what decoding gives, as in the store in whose place it is; but for that they stay where they are. */
function standInTier({ store, ...stored }: NonNullable<Tiers['standIn']>, clock: Clock): FarTier {
  const isolation = (codec: Codec): Isolator => ({
    // What is counted stays a number.
    store: (value) => (typeof value === 'number' ? value : codec.serialise(value)),
    read: (kept) => (typeof kept === 'number' ? kept : codec.parse(kept as Payload)),
  });
  const open = (codec: Codec, own: CacheEvents): FarStore =>
    new MemoryStore({ ...store, isolation: isolation(codec) }, own, clock);
  return { name: 'memory', stored, patience: FILE_PATIENCE, open };
}

function openHybrid(memory: Memory, tier: FarTier, around: Around): OpenedStore {
  const near = around.events.tier([]);
  const far = around.events.tier(['set', 'evict', 'expire', 'refuse', 'unreadable', 'setAside']);
  // The near tier holds what the far one answered: an entry, of which the value is isolated and weighed.
  const { sizeOf, isolation } = memory;
  const nearOptions = {
    ...memory,
    isolation: 'reference',
    sizeOf: sizeOf === undefined ? undefined : (entry: unknown, key: string) => sizeOf((entry as Entry).value, key),
  } as const;
  const store = new TieredStore(
    new MemoryStore(nearOptions, near, around.clock),
    guarded(tier, far, around),
    ISOLATORS[isolation],
    { near, far },
    around.clock,
  );
  const tiers = { near: { name: 'memory', events: near }, far: { name: tier.name, events: far } };
  return { store, tiers, names: ['memory', tier.name] };
}

function guarded(
  { name, place, stored, patience, maxStaleness, open }: FarTier,
  own: CacheEvents,
  around: Around,
): FarStore {
  const { events, tracing, clock, log, faults } = around;
  const codec = new Codec(stored.codec, (className) =>
    log.warnOnce(
      `plain ${className}`,
      `instances of ${className} are stored as plain data; register the class in types to get instances back`,
    ),
  );
  const opened = open(codec, own);
  const store = faults === undefined ? opened : faults.wrap(opened);
  const traced = new TracedStore(store, { name, ...place }, tracing);
  const { onError } = stored;
  return new GuardedStore(traced, { onError, maxPending: MOST_PENDING, patience, maxStaleness }, events, clock);
}

function placeOf(place: RedisPlace): FarTier['place'] {
  if (place.kind !== 'single') return undefined;
  const { address, database } = place;
  const where = 'path' in address ? { address: address.path } : { address: address.host, port: address.port };
  return { ...where, database: String(database) };
}

/** Memory that fails as a test asks for, and is guarded as a backend is. */
function failing(memory: MemoryStore, faults: StoreWrapper, { events, clock }: Around): FarStore {
  return new GuardedStore(faults.wrap(memory), { onError: 'absorb', maxPending: MOST_PENDING }, events, clock);
}

/** Without announcements nothing is wrong, but memory is good for a short time alone. */
function tellUntracked(
  { log, name }: Around,
  { near, maxStaleness }: { near: boolean; maxStaleness: number },
  reason: string,
): void {
  if (!near) return;
  log.warn(
    `cache '${name}': Redis does not announce changes (${reason}): memory serves an entry for ${maxStaleness / 1_000} s after it was read, and others' changes are seen after that time`,
  );
}
