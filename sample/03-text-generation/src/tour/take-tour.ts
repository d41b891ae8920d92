import { randomUUID } from 'node:crypto';
import { Serving } from '../serving.js';
import type { Settings } from '../settings.js';
import type { StandIn } from '../stand-in/stand-in.js';
import { Steps } from './steps.js';
import { Tour } from './tour.js';
import { Visitor } from './visitor.js';

/**
 * Starts the app, asks it, says what came of it, and ends it. The tour has keys of its own, so that it begins with
 * nothing and leaves alone what is kept for others.
 * @throws {Error} if not everything came as promised
 */
export async function takeTour(settings: Settings, standIn: StandIn | undefined): Promise<void> {
  const backend = process.env['BLOSSOM_CACHE_URL'] || 'file:';
  if (backend.startsWith('off:')) throw new Error('The tour shows a cache, and BLOSSOM_CACHE_URL is off:');
  const own = { ...settings, cachePrefix: `tour-${randomUUID()}` };
  let app = await Serving.start(own, 0, true);
  const visitor = new Visitor(app.origin, standIn);
  const steps = new Steps(visitor);
  const tour = new Tour(steps, own);
  try {
    await tour.run(standIn);
    const { paid, saved } = (await visitor.stats()).costs;
    if (!backend.startsWith('memory:')) {
      await app.stop();
      app = await Serving.start(own, 0, true);
      visitor.follow(app.origin);
      await tour.afterRestart();
    }
    await tour.forget();
    console.log(`${steps}\n`);
    console.log(
      `Paid ${paid.answers} answers, ${money(paid.usd)}; saved ${saved.answers} answers, ${money(saved.usd)}`,
    );
    if (standIn === undefined) console.log('Outages are left out: only the stand-in has them when it is told to');
  } finally {
    await app.stop();
  }
  if (steps.failed > 0) throw new Error(`${steps.failed} of these did not come as promised`);
}

const money = (usd: number): string => `$${usd.toFixed(6)}`;
