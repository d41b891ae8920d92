import fc from 'fast-check';
import { expect, it } from 'vitest';
import { freshness } from '../../lib/cache/freshness.js';
import { systemClock } from '../../lib/support/clock.js';
import { openCache } from '../support/open-cache.js';

const instant = fc.integer({ min: -5, max: 5 });

it('an entry is fresh before its end, stale before the end of its grace, and expired at it', () => {
  fc.assert(
    fc.property(instant, fc.nat(5), instant, (expiresAt, grace, now) => {
      const expected = now < expiresAt ? 'fresh' : now < expiresAt + grace ? 'stale' : 'expired';
      expect(freshness({ expiresAt, staleUntil: expiresAt + grace }, now)).toBe(expected);
    }),
  );
  expect(freshness({ expiresAt: Infinity, staleUntil: Infinity }, Number.MAX_VALUE)).toBe('fresh');
});

it('near its end an entry is judged by the exact time, however far behind the coarse time is', async () => {
  let now = 0;
  let readings = 0;
  const clock = { now: () => ((readings += 1), now), coarse: () => 0, after: () => () => {} };
  const cache = openCache({ clock });
  await cache.set('short', 1, { ttl: 5 });
  now = 4_999;
  expect(await cache.get('short')).toBe(1);
  now = 5_000;
  expect(await cache.get('short')).toBeUndefined();
  expect((await cache.getMany(['short'])).size).toBe(0);
  await cache.set('long', 1, { ttl: 3_600 });
  readings = 0;
  expect(await cache.get('long')).toBe(1);
  expect(readings).toBe(0);
});

it('the coarse time of the system is never ahead of its time', () => {
  for (let i = 0; i < 1_000; i += 1) expect(systemClock.coarse!()).toBeLessThanOrEqual(systemClock.now());
});
