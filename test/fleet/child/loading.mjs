import { serve, settings } from '../../fault/child/serve.mjs';
import { now, openCache } from './cache.mjs';

const { cache, events } = openCache(settings);
let loads = 0;
/** When the last load was done. */
let loadedAt = 0;
let begun;
const loading = new Promise((resolve) => (begun = resolve));
/** What a load that waits to be told waits for. */
let finish;

function load(value, ms) {
  loads += 1;
  begun();
  return new Promise((resolve) =>
    setTimeout(() => {
      loadedAt = now();
      resolve(value);
    }, ms),
  );
}

serve({
  /** Many callers of one key at once; when the last of them was answered. */
  async getAll({ key, callers, value, ms }) {
    const before = loads;
    const found = await Promise.all(
      Array.from({ length: callers }, () => cache.getOrSet(key, () => load(value, ms), { tags: ['t'] })),
    );
    return { found: [...new Set(found)], loads: loads - before, loadedAt, doneAt: now() };
  },
  /** Resolves when a loader runs. */
  loading: () => loading,
  /** Begins a load that lasts until `finish`; resolves when its loader runs. */
  begin({ key, value, late }) {
    return new Promise((resolve) => {
      const loader = async (context) => {
        resolve();
        await new Promise((done) => (finish = done));
        if (late) context.setTags(['t']);
        return value;
      };
      finish = undefined;
      pending = cache.getOrSet(key, loader, late ? {} : { tags: ['t'] });
    });
  },
  /** What the caller of that load is given. */
  finish() {
    finish();
    return pending;
  },
  get: ({ key }) => cache.get(key).then((value) => value ?? null),
  set: ({ key, value }) => cache.set(key, value, { tags: ['t'] }),
  delete: ({ key }) => cache.delete(key),
  clear: () => cache.clear(),
  invalidate: ({ tag }) => cache.invalidateTags([tag]),
  fenced: () => events.counts.fenced,
});

let pending;
