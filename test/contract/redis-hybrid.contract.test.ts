import { afterAll, beforeAll } from 'vitest';
import { encryptionKeys } from '../../lib/codec/encryption-keys.js';
import { CacheEvents } from '../../lib/events/cache-events.js';
import { GuardedStore } from '../../lib/stores/guarded/guarded.store.js';
import { ISOLATORS } from '../../lib/stores/isolation.js';
import { MemoryStore } from '../../lib/stores/memory/memory.store.js';
import type { FarStore, Store } from '../../lib/stores/store.js';
import { TieredStore } from '../../lib/stores/tiered/tiered.store.js';
import type { Clock } from '../../lib/support/clock.js';
import { PLAIN } from '../support/file-store.js';
import { PLACES, type StartedPlace } from '../support/redis/places.js';
import { heard, RedisStoreRig } from '../support/redis/redis-store.js';
import { remoteStore } from '../support/remote-store.js';
import { describeStore } from './store.contract.js';

const NEAR = { maxSize: 10_000, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'reference' } as const;
const LAYERS = {
  plain: PLAIN,
  'compressed and encrypted': { ...PLAIN, compression: { threshold: 0 }, keys: encryptionKeys('ab'.repeat(32)) },
};

let started: StartedPlace;

beforeAll(async () => {
  started = await PLACES.single();
});
afterAll(() => started.stop());

/** Memory over a server as an application has it. */
function hybrid(far: FarStore, clock: Clock, events: CacheEvents): Store {
  const near = events.tier([]);
  const guarded = new GuardedStore(far, { onError: 'throw' }, events, clock);
  return new TieredStore(new MemoryStore(NEAR, near, clock), guarded, ISOLATORS.reference, { near, far: near }, clock);
}

for (const [name, sealer] of Object.entries(LAYERS)) {
  describeStore(`memory over Redis, ${name}`, (clock) => {
    const rig = new RedisStoreRig(started.place, clock, { sealer });
    const events = (): CacheEvents =>
      new CacheEvents((error) => {
        throw error;
      });
    const fars: FarStore[] = [];
    const stores: Store[] = [];
    const open = (own: CacheEvents): Store => {
      const far = rig.open({ near: true }, own);
      const store = hybrid(far, clock, own);
      fars.push(far);
      stores.push(store);
      return remoteStore(store, async (what) => {
        if (what.endsWith('←') && !what.startsWith('read')) await Promise.all(fars.map((far) => heard(far, clock)));
      });
    };
    const own = events();
    return {
      store: open(own),
      events: own,
      handle: () => open(events()),
      close: async () => {
        await Promise.all(stores.map((store) => store.close()));
        await rig.close();
      },
    };
  });
}
