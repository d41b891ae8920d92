import { monitorEventLoopDelay } from 'node:perf_hooks';
import { random } from './random.mjs';
import { serve, settings } from './serve.mjs';
import { draft, openStore, systemClock } from './store.mjs';

const { store } = openStore(settings);
const space = store.space('shared');
const PAD = 'x'.repeat(100_000);

serve({
  /** Writes and reads values of 100 kB for `ms` milliseconds; how late the event loop was meanwhile, in milliseconds. */
  async write({ ms, atOnce }) {
    const rand = random(settings.me);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const end = performance.now() + ms;
    let writes = 0;
    delay.enable();
    const lanes = Array.from({ length: atOnce }, async () => {
      while (performance.now() < end) {
        await space.write(`k${Math.floor(rand() * 500)}`, draft({ by: settings.me, pad: PAD }));
        space.read(`k${Math.floor(rand() * 500)}`, systemClock.now());
        writes += 1;
      }
    });
    await Promise.all(lanes);
    delay.disable();
    const [p99, p999, max] = [delay.percentile(99), delay.percentile(99.9), delay.max].map((ns) => ns / 1e6);
    return { p99, p999, max, perSecond: Math.round((writes / ms) * 1_000) };
  },
});
