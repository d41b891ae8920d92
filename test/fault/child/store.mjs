const lib = process.env.BLOSSOM_LIB;
const { Codec } = await import(`${lib}codec/codec.js`);
const { encryptionKeys } = await import(`${lib}codec/encryption-keys.js`);
const { CacheEvents } = await import(`${lib}events/cache-events.js`);
const { FileStore } = await import(`${lib}stores/file/file.store.js`);
export const { systemClock } = await import(`${lib}support/clock.js`);

const OPTIONS = { maxBytes: 1_073_741_824, evictionPolicy: 'lru', durability: 'process', prefix: '', version: '' };

/** A file store on real time, as `FaultRoom.open` has them. */
export function openStore({ directory, options = {}, encryptionKey }) {
  const keys = encryptionKey === undefined ? [] : encryptionKeys(encryptionKey);
  const sealer = { compression: undefined, maxBytes: 67_108_864, keys, allowPlaintext: false };
  const events = new CacheEvents((error) => {
    throw error;
  });
  const codec = new Codec({ ...sealer, types: [], strictTypes: false });
  const store = new FileStore({ ...OPTIONS, ...options, directory }, codec, sealer, events, systemClock);
  return { store, events };
}

export const draft = (value, tags = [], ttl = 3_600_000) => ({ value, ttl, grace: 0, tags });
