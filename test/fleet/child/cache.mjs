const lib = process.env.BLOSSOM_LIB;
const { Codec } = await import(`${lib}codec/codec.js`);
const { CacheCore } = await import(`${lib}cache/cache-core.js`);
const { CacheService } = await import(`${lib}cache/cache.service.js`);
const { CacheEvents } = await import(`${lib}events/cache-events.js`);
const { GuardedStore } = await import(`${lib}stores/guarded/guarded.store.js`);
const { ISOLATORS } = await import(`${lib}stores/isolation.js`);
const { MemoryStore } = await import(`${lib}stores/memory/memory.store.js`);
const { RedisStore } = await import(`${lib}stores/redis/redis.store.js`);
const { TieredStore } = await import(`${lib}stores/tiered/tiered.store.js`);
const { systemClock } = await import(`${lib}support/clock.js`);

const SEALER = { compression: undefined, maxBytes: 67_108_864, keys: [], allowPlaintext: false };
const NEAR = { maxSize: 10_000, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'reference' };
const OPTIONS = { prefix: 'fleet', version: '', commandTimeout: 500, maxBytes: 8_388_608, maxStaleness: 1_000 };

/** A cache over Redis on real time, with memory in front of it if `near`. */
export function openCache({ place, near, onError = 'absorb', leaseTime }) {
  const events = new CacheEvents((error) => {
    throw error;
  });
  const codec = new Codec({ ...SEALER, types: [], strictTypes: false });
  const notices = { untracked: () => {} };
  const far = new GuardedStore(
    new RedisStore({ ...OPTIONS, place, near }, codec, SEALER, events, systemClock, notices, { leaseTime }),
    { onError },
    events,
    systemClock,
  );
  const tier = events.tier([]);
  const store = near
    ? new TieredStore(
        new MemoryStore(NEAR, tier, systemClock),
        far,
        ISOLATORS.reference,
        { near: tier, far: tier },
        systemClock,
      )
    : far;
  const core = new CacheCore({
    name: 'fleet',
    enabled: true,
    store,
    events,
    clock: systemClock,
    keyOf: () => '',
    ttl: 3_600_000,
    ttlJitter: 0,
    varyBy: undefined,
  });
  return { cache: new CacheService(core, ''), far, store, events };
}

/** Milliseconds, by a clock that all processes of the machine share. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
