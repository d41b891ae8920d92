import { afterAll, beforeAll, describe } from 'vitest';
import { encryptionKeys } from '../../lib/codec/encryption-keys.js';
import type { SealerOptions } from '../../lib/codec/sealer.js';
import { CacheEvents } from '../../lib/events/cache-events.js';
import type { Store } from '../../lib/stores/store.js';
import type { Clock } from '../../lib/support/clock.js';
import { FakeClock } from '../support/fake-clock.js';
import { PLAIN } from '../support/file-store.js';
import { PLACES, type StartedPlace } from '../support/redis/places.js';
import { heard, RedisStoreRig } from '../support/redis/redis-store.js';
import { remoteStore } from '../support/remote-store.js';
import type { OpenStore } from './store/rig.js';
import { describeStore } from './store.contract.js';

const LAYERS = {
  plain: PLAIN,
  encrypted: { ...PLAIN, keys: encryptionKeys('ab'.repeat(32)) },
};

/** Two stores for all tests, whose time is that of the test: to connect to many servers for each takes long. */
function openOnce(started: () => StartedPlace, sealer: SealerOptions): { open: OpenStore; close: () => Promise<void> } {
  let now: Clock = new FakeClock();
  const clock: Clock = { now: () => now.now() };
  const events = newEvents();
  let rig: RedisStoreRig | undefined;
  let stores: readonly ReturnType<RedisStoreRig['open']>[] = [];
  return {
    open: async (ofTest) => {
      now = ofTest;
      rig ??= new RedisStoreRig(started().place, clock, { sealer });
      // A test may have closed it.
      const answers = await stores[0]?.space('').read('', 0).then(() => true, () => false); // prettier-ignore
      if (answers !== true) stores = [rig.open({}, events), rig.open()];
      await started().flush();
      events.reset();
      const [store, other] = [stores[0]!, stores[1]!];
      const handle = (): Store => (started().place.kind === 'cluster' ? hearing(other, store, clock) : other);
      return { store, events, handle, close: () => {} };
    },
    close: async () => rig?.close(),
  };
}

/**
 * The other of two stores of a cluster, whose servers are not asked over one connection: what one store changes is
 * known to the other when it has heard of it, and only then does the contract go on.
 */
function hearing(other: Store, store: Store, clock: Clock): Store {
  return remoteStore(other, (what) => heard(what.endsWith('→') ? other : store, clock));
}

function newEvents(): CacheEvents {
  return new CacheEvents((error) => {
    throw error;
  });
}

for (const [kind, start] of Object.entries(PLACES)) {
  describe(kind, () => {
    let started: StartedPlace;
    beforeAll(async () => {
      started = await start();
    }, 30_000);
    afterAll(() => started.stop());

    for (const [layer, sealer] of Object.entries(LAYERS)) {
      const once = openOnce(() => started, sealer);
      describeStore(`redis, ${kind}, ${layer}`, once.open);
      afterAll(once.close);
    }
  });
}

describeStore('redis, single, opened for each test', async (clock) => {
  const { place, stop } = await PLACES.single();
  const rig = new RedisStoreRig(place, clock);
  const events = newEvents();
  const close = (): Promise<unknown> => rig.close().then(stop);
  return { store: rig.open({}, events), events, handle: () => rig.open(), close };
});
