import { Codec } from '../codec/codec.js';
import { CacheEvents } from '../events/cache-events.js';
import type { CacheLog } from '../events/cache-log.js';
import type { TierChannels } from '../events/cache-stats.js';
import type { ResolvedOptions, Tiers } from '../options/resolve-options.js';
import { FileStore } from '../stores/file/file.store.js';
import { GuardedStore } from '../stores/guarded/guarded.store.js';
import { ISOLATORS } from '../stores/isolation.js';
import { MemoryStore } from '../stores/memory/memory.store.js';
import { NullStore } from '../stores/null/null.store.js';
import type { Entry, FarStore, Store } from '../stores/store.js';
import { TieredStore } from '../stores/tiered/tiered.store.js';
import type { Clock } from '../support/clock.js';

/** A store made from options, and the channels of its tiers where it has two. */
export interface OpenedStore {
  readonly store: Store;
  readonly tiers: TierChannels | undefined;
}

type File = NonNullable<Tiers['file']>;
type Memory = NonNullable<Tiers['memory']>;

/** Pending evictions per cache; beyond, whole namespaces are cleared. */
const MOST_PENDING = 10_000;

/** @throws {CacheOptionsError} where a directory cannot be used or a library is missing. */
export function openStore(options: ResolvedOptions, events: CacheEvents, log: CacheLog): OpenedStore {
  const { enabled, clock, tiers: { memory, file } } = options; // prettier-ignore
  if (!enabled) return { store: new NullStore(), tiers: undefined };
  if (file === undefined) return { store: new MemoryStore(memory!, events, clock), tiers: undefined };
  if (memory !== undefined) return openHybrid(memory, file, { events, clock, log });
  const open = { own: events, events, clock, log };
  return { store: guarded(file, open), tiers: undefined };
}

interface Around {
  readonly events: CacheEvents;
  readonly clock: Clock;
  readonly log: CacheLog;
}

function openHybrid(memory: Memory, file: File, around: Around): OpenedStore {
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
    guarded(file, { ...around, own: far }),
    ISOLATORS[isolation],
    { near, far },
    around.clock,
  );
  return { store, tiers: { near: { name: 'memory', events: near }, far: { name: 'file', events: far } } };
}

/** @param own the channel of the store itself */
function guarded(
  { store, codec, onError }: File,
  { own, events, clock, log }: Around & { readonly own: CacheEvents },
): FarStore {
  const values = new Codec(codec, (className) =>
    log.warnOnce(
      `plain ${className}`,
      `instances of ${className} are stored as plain data; register the class in types to get instances back`,
    ),
  );
  const { types: _types, strictTypes: _strict, ...sealer } = codec;
  const files = new FileStore(store, values, sealer, own, clock);
  return new GuardedStore(files, { onError, maxPending: MOST_PENDING }, events, clock);
}
