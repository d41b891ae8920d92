import { afterAll, beforeAll, describe } from 'vitest';
import { encryptionKeys } from '../../lib/codec/encryption-keys.js';
import { CacheEvents } from '../../lib/events/cache-events.js';
import type { RedisPlace } from '../../lib/stores/redis/redis-options.js';
import { PLAIN } from '../support/file-store.js';
import { PLACES } from '../support/redis/places.js';
import { RedisStoreRig } from '../support/redis/redis-store.js';
import { describeStore } from './store.contract.js';

const LAYERS = {
  plain: PLAIN,
  encrypted: { ...PLAIN, keys: encryptionKeys('ab'.repeat(32)) },
};

for (const [kind, start] of Object.entries(PLACES)) {
  describe(kind, () => {
    let place: RedisPlace;
    let stop: () => Promise<void>;
    beforeAll(async () => {
      ({ place, stop } = await start());
    }, 30_000);
    afterAll(() => stop());

    for (const [layer, sealer] of Object.entries(LAYERS)) {
      describeStore(`redis, ${kind}, ${layer}`, (clock) => {
        const rig = new RedisStoreRig(place, clock, { sealer });
        const events = new CacheEvents((error) => {
          throw error;
        });
        return { store: rig.open({}, events), events, handle: () => rig.open(), close: () => rig.close() };
      });
    }
  });
}
