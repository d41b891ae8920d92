import { CacheEvents } from '../../lib/events/cache-events.js';
import { GuardedStore } from '../../lib/stores/guarded/guarded.store.js';
import { ISOLATORS } from '../../lib/stores/isolation.js';
import { MemoryStore } from '../../lib/stores/memory/memory.store.js';
import type { Store } from '../../lib/stores/store.js';
import { TieredStore } from '../../lib/stores/tiered/tiered.store.js';
import type { FakeClock } from '../support/fake-clock.js';
import { FileStoreRig } from '../support/file-store.js';
import { describeStore } from './store.contract.js';

const NEAR = { maxSize: 10_000, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'reference' } as const;
/** Memory over files as an application has it. */
function hybrid(rig: FileStoreRig, clock: FakeClock, events: CacheEvents): Store {
  const near = events.tier([]);
  const far = new GuardedStore(rig.open({}, events), { onError: 'throw' }, events, clock);
  return new TieredStore(new MemoryStore(NEAR, near, clock), far, ISOLATORS.reference, { near, far: near }, clock);
}

// How values become bytes is below both tiers: the contract of files has it in every form.
describeStore('memory over files', (clock) => {
  const rig = new FileStoreRig(clock);
  const events = (): CacheEvents =>
    new CacheEvents((error) => {
      throw error;
    });
  const own = events();
  const stores = [hybrid(rig, clock, own)];
  return {
    store: stores[0]!,
    events: own,
    vague: ['cleared'],
    handle: () => {
      stores.push(hybrid(rig, clock, events()));
      return stores.at(-1)!;
    },
    close: async () => {
      await Promise.all(stores.map((store) => store.close()));
      await rig.close();
    },
  };
});
