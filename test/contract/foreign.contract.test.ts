import KeyvRedis from '@keyv/redis';
import { caching, memoryStore } from 'cache-manager';
import { redisStore, type RedisStore } from 'cache-manager-redis-yet';
import { Keyv } from 'keyv';
import { afterAll, beforeAll, describe } from 'vitest';
import { encryptionKeys } from '../../lib/codec/encryption-keys.js';
import type { ForeignKind } from '../../lib/stores/foreign/foreign.backend.js';
import { GuardedStore } from '../../lib/stores/guarded/guarded.store.js';
import { RedisServer } from '../support/redis/redis-server.js';
import { eventsOf, openForeign, PLAIN, type ForeignRig } from '../unit/foreign/foreign-rig.js';
import type { OpenStore } from './store/rig.js';
import { describeStore } from './store.contract.js';

/** Opens a cache over a store; it is the whole contract only where nobody else uses that store. */
function over(backend: ForeignKind, make: () => object, about: Partial<ForeignRig> = {}): OpenStore {
  return (clock) => {
    const events = eventsOf();
    return { store: openForeign(backend, make(), { clock, events, ...about }), events };
  };
}

const ROOMY = { max: 100_000, ttl: 0 };
const encrypted = { ...PLAIN, compression: { threshold: 0 }, keys: encryptionKeys('ab'.repeat(32)) };

describeStore(
  'keyv 5, over a map',
  over('keyv', () => new Keyv()),
);
describeStore(
  'keyv 5, over a map, compressed and encrypted',
  over('keyv', () => new Keyv(), { sealer: encrypted }),
);
describeStore(
  'keyv, a bare map',
  over('keyv', () => new Map()),
);
describeStore(
  'cache-manager, in memory',
  over('cache-manager', () => memoryStore(ROOMY)),
);
describeStore(
  'cache-manager, the promise of a cache',
  over('cache-manager', () => caching('memory', ROOMY)),
);
describeStore('keyv 5, over a map, guarded', (clock) => {
  const events = eventsOf();
  const inner = openForeign('keyv', new Keyv(), { clock, events });
  return { store: new GuardedStore(inner, { onError: 'absorb' }, events, clock), events };
});

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
describe.skipIf(major < 22 || (major === 22 && minor < 19))('on Node 22.19 and later, which Keyv 6 needs', async () => {
  const keyv6 = await import('keyv-6').catch(() => undefined);
  describeStore(
    'keyv 6, over a map',
    over('keyv', () => new keyv6!.Keyv()),
  );
});

describe('over a server', () => {
  let server: RedisServer;
  let keyv: Keyv;
  let adapter: KeyvRedis<string>;
  let store: RedisStore;
  let opened = 0;

  beforeAll(async () => {
    server = await RedisServer.start();
    adapter = new KeyvRedis<string>(server.url);
    keyv = new Keyv(adapter);
    store = await redisStore({ url: server.url });
  });
  afterAll(async () => {
    await keyv.disconnect();
    await store.client.disconnect();
    await server.stop();
  });

  /** A part of the server that nobody has used. */
  const fresh = (backend: ForeignKind, make: () => object): OpenStore => {
    return (clock) => over(backend, make, { exclusive: true, prefix: `test ${(opened += 1)}` })(clock);
  };

  describeStore(
    'cache-manager-redis-yet',
    fresh('cache-manager', () => store),
  );
  describeStore(
    '@keyv/redis',
    fresh('keyv', () => adapter),
  );
  describeStore(
    'keyv 5, over @keyv/redis',
    fresh('keyv', () => keyv),
  );
});
