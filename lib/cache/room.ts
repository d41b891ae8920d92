import type { WaitingValues } from './behind.js';
import type { CacheCore } from './cache-core.js';
import { EntryLookup } from './entry-lookup.js';
import type { Changeable } from './commit/pending-store.js';
import { ReadThrough } from './read-through.js';
import type { SingleFlight } from './loading/single-flight.js';

/** Where the calls for one namespace go: to the cache itself, or to what a transaction makes of it. */
export interface Room {
  readonly cache: Changeable;
  readonly loads: SingleFlight;
  readonly lookup: EntryLookup;
  readonly reads: ReadThrough;
  /** Whether a change is made when its call is done, and is to be told then. */
  readonly tells: boolean;
}

type Kind = Pick<Room, 'cache' | 'loads' | 'tells'>;

export function makeRoom(core: CacheCore, kind: Kind, waiting: WaitingValues = core.pending): Room {
  const { loads } = kind;
  const lookup = new EntryLookup(core, waiting, loads.store, loads.namespace);
  return { ...kind, lookup, reads: new ReadThrough(core, loads, lookup) };
}
