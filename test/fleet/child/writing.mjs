import { random } from '../../fault/child/random.mjs';
import { serve, settings } from '../../fault/child/serve.mjs';
import { now, openCache } from './cache.mjs';
import { GROUPS, groupOf, KEYS, keysOf, Source } from './world.mjs';

const { cache, far } = openCache({ ...settings, onError: 'throw' });
const source = await Source.open(settings.source);
/** When each version of each key was acknowledged, in order. */
const acknowledged = Array.from({ length: KEYS }, () => []);
/** What the cache has yet to deliver. */
let pending = [];
const done = { acknowledged: 0, failed: 0 };

function acknowledge(changes) {
  const at = now();
  for (const [key, version] of changes) acknowledged[key].push([version, at]);
}

/** Evictions that failed are delivered in the background. */
function watchDelivery() {
  if (pending.length === 0 || far.pendingEvictions > 0) return;
  acknowledge(pending);
  pending = [];
}

async function bump(keys) {
  return Promise.all(keys.map(async (key) => [key, await source.bump(key)]));
}

const ALL = Array.from({ length: KEYS }, (_, key) => key);

/** One change by chance; what it changed in the source comes first. */
async function change(rand) {
  const kind = rand();
  const key = Math.floor(rand() * KEYS);
  const group = Math.floor(rand() * GROUPS);
  const keys = kind < 0.65 ? [key] : kind < 0.97 ? keysOf(group) : ALL;
  const changes = await bump(keys);
  try {
    if (kind < 0.3) await cache.set(`k${key}`, changes[0][1], { tags: [groupOf(key)] });
    else if (kind < 0.55) await cache.delete(`k${key}`);
    else if (kind < 0.65) await cache.take(`k${key}`);
    else if (kind < 0.97) await cache.invalidateTags([`g${group}`]);
    else await cache.clear();
    acknowledge(changes);
    done.acknowledged += 1;
  } catch (error) {
    if (error.constructor.name !== 'CacheBackendError') throw error;
    done.failed += 1;
    // One that was told that nothing was taken has evicted nothing.
    if (kind >= 0.55 && kind < 0.65) return;
    pending.push(...changes);
  }
}

serve({
  async run({ ms, seed, pause }) {
    const rand = random(seed);
    const end = now() + ms;
    const watch = setInterval(watchDelivery, 2);
    while (now() < end) {
      await change(rand);
      await new Promise((resolve) => setTimeout(resolve, rand() * pause));
    }
    clearInterval(watch);
    return { acknowledged, done };
  },
});
