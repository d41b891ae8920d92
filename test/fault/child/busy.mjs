import { serve, settings } from './serve.mjs';
import { draft, openStore } from './store.mjs';
import { random } from './random.mjs';

/** Writes entries of one size, as many at once as an app would, until it has written so many bytes. */
const { store, events } = openStore(settings);
const space = store.space(`of process ${settings.me}`);

serve({
  async write({ bytes, size, keys, atOnce = 64 }) {
    const rand = random(settings.me);
    let left = Math.ceil(bytes / size);
    const lanes = Array.from({ length: atOnce }, async () => {
      while (left > 0) {
        left -= 1;
        const pad = String.fromCharCode(97 + Math.floor(rand() * 26)).repeat(size);
        await space.write(`k${Math.floor(rand() * keys)}`, draft({ pad }));
      }
    });
    await Promise.all(lanes);
    return { evicted: events.counts.evict, refused: events.counts.refuse };
  },
  clear: () => space.clear(),
  measure: () => store.measure(),
  close: () => store.close(),
});
