import fc from 'fast-check';
import { expect, it } from 'vitest';
import { COARSE_STEP } from '../../../lib/support/clock.js';
import type { Session } from '../../../lib/stores/redis/connection/session.js';
import type { StoredRecord } from '../../../lib/stores/redis/record.js';
import { RedisEntry } from '../../../lib/stores/redis/redis.entry.js';
import { Tracking, type Watch } from '../../../lib/stores/redis/tracking.js';
import { FakeClock } from '../../support/fake-clock.js';

const MAX_STALENESS = 100;
const RECORD = { createdAt: 0, expiresAt: Infinity, grace: 0 } as unknown as StoredRecord;
const KEYS = ['a', 'b', 'c', 'd'];

type Step =
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'read'; readonly keys: readonly string[]; readonly session: number }
  | { readonly do: 'hear'; readonly session: number }
  | { readonly do: 'announce'; readonly key: string | null };

const session = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.nat(60) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('read'),
      keys: fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1 }),
      session,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('hear'), session }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('announce'), key: fc.option(fc.constantFrom(...KEYS), { nil: null }) }),
  },
);

it('is current for as long as each of its watches holds, however often and in whatever order it is asked', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = new FakeClock();
      const tracking = new Tracking(clock);
      // The third announces nothing.
      const sessions = [true, true, false].map((tracked) => ({ tracked, live: true, provenAt: clock.now() }));
      const kept: { readonly entry: RedisEntry; readonly watches: readonly Watch[] }[] = [];
      for (const one of steps) {
        if (one.do === 'pass') clock.advance(one.ms);
        else if (one.do === 'hear') sessions[one.session]!.provenAt = clock.now();
        else if (one.do === 'announce') tracking.invalidated(one.key);
        else {
          const at = (key: string, index: number): Watch =>
            tracking.watch(sessions[(one.session + index) % 3] as unknown as Session, key);
          const watches = one.keys.map(at);
          kept.push({ watches, entry: new RedisEntry('v', [], RECORD, 0, watches) });
        }
        for (const { entry, watches } of kept) {
          const holds = watches.every((watch) => watch.holds(clock.now(), MAX_STALENESS));
          const coarse = clock.now() - (clock.now() % COARSE_STEP);
          expect(entry.isCurrent(tracking, coarse, clock, MAX_STALENESS)).toBe(holds);
        }
      }
    }),
  );
});

it('is never current where it is good for one answer alone', () => {
  const clock = new FakeClock();
  const tracking = new Tracking(clock);
  expect(new RedisEntry('v', [], RECORD, 0, undefined).isCurrent(tracking, clock.now(), clock, MAX_STALENESS)).toBe(
    false,
  );
});
