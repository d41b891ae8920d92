import { serve, settings } from './serve.mjs';
import { openStore, systemClock } from './store.mjs';

const lib = process.env.BLOSSOM_LIB;
const { CacheCore } = await import(`${lib}cache/cache-core.js`);
const { CacheService } = await import(`${lib}cache/cache.service.js`);
const { GuardedStore } = await import(`${lib}stores/guarded/guarded.store.js`);

const { store: files, events } = openStore(settings);
const store = new GuardedStore(files, { onError: 'absorb' }, events, systemClock);
const core = new CacheCore({
  name: 'test',
  enabled: true,
  store,
  events,
  clock: systemClock,
  keyOf: () => '',
  ttl: 3_600_000,
  ttlJitter: 0,
  varyBy: undefined,
});
const cache = new CacheService(core, '');
let loads = 0;
let begun;
const loading = new Promise((resolve) => (begun = resolve));

function load(value, ms) {
  loads += 1;
  begun();
  return new Promise((resolve) => setTimeout(() => resolve(value), ms));
}

serve({
  /** Many keys at once, each loaded for `ms` milliseconds by whoever may. */
  async getAll({ keys, value, ms }) {
    const found = await Promise.all(keys.map((key) => cache.getOrSet(key, () => load(`${value} ${key}`, ms))));
    return { found, loads };
  },
  /** Resolves when a loader runs. */
  loading: () => loading,
  get: ({ key }) => cache.get(key).then((value) => value ?? null),
  delete: ({ key }) => cache.delete(key),
  fenced: () => events.counts.fenced,
});
