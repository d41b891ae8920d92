import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BackOff } from '../../../lib/cache/loading/back-off.js';
import { freshness, isDue, isServable } from '../../../lib/cache/freshness.js';

const instant = fc.double({ min: 0, max: 1e12, noNaN: true });
const span = fc.oneof(fc.constant(0), fc.constant(Infinity), fc.double({ min: 0, max: 1e9, noNaN: true }));
const entries = fc.record({ createdAt: instant, ttl: span, grace: span, softened: fc.boolean() }).map((about) => {
  const { createdAt, ttl, grace, softened } = about;
  const end = createdAt + ttl;
  const times = { createdAt, expiresAt: end, staleUntil: end + grace, ttlEnd: end };
  return softened ? Object.assign(times, { expiresAt: -Infinity }) : times;
});

describe('freshness', () => {
  it('goes one way: fresh, stale, expired, and never back', () => {
    const order = { fresh: 0, stale: 1, expired: 2 };
    fc.assert(
      fc.property(entries, instant, instant, (entry, one, other) => {
        const [before, after] = one < other ? [one, other] : [other, one];
        expect(order[freshness(entry, after)]).toBeGreaterThanOrEqual(order[freshness(entry, before)]);
      }),
    );
  });

  it('what may be served stale is kept by its store, and within the grace of the caller', () => {
    fc.assert(
      fc.property(entries, instant, span, (entry, now, grace) => {
        if (!isServable(entry, now, grace)) return;
        expect(now).toBeLessThan(entry.staleUntil);
        expect(grace).toBeGreaterThan(0);
        expect(now).toBeLessThan(entry.ttlEnd + grace);
      }),
    );
  });

  it('an entry that is due stays due, and one that never ends is never due', () => {
    const ahead = fc.oneof(
      fc.double({ min: 0.01, max: 0.99, noNaN: true }).map((part) => ({ part })),
      fc.double({ min: 1, max: 1e9, noNaN: true }).map((window) => ({ window })),
    );
    fc.assert(
      fc.property(entries, instant, instant, ahead, (entry, one, other, when) => {
        const [before, after] = one < other ? [one, other] : [other, one];
        if (isDue(entry, before, when)) expect(isDue(entry, after, when)).toBe(true);
        if (entry.expiresAt === Infinity) expect(isDue(entry, before, when)).toBe(false);
      }),
    );
  });
});

describe('BackOff', () => {
  it('holds for what was there when the load failed, until its time is over, and remembers a bounded number', () => {
    const backOff = new BackOff();
    backOff.note('k', 1_000, 500);
    expect(backOff.holds('k', { createdAt: 900 }, 1_499)).toBe(true);
    expect(backOff.holds('k', { createdAt: 1_001 }, 1_499)).toBe(false);
    expect(backOff.holds('other', { createdAt: 900 }, 1_499)).toBe(false);
    expect(backOff.holds('k', { createdAt: 900 }, 1_500)).toBe(false);
    expect(backOff.size).toBe(0);
    backOff.note('none', 1_000, 0);
    expect(backOff.size).toBe(0);
    for (let i = 0; i < 30_000; i += 1) backOff.note(`k${i}`, 1_000, 500);
    expect(backOff.size).toBe(10_000);
    expect(backOff.holds('k29999', { createdAt: 0 }, 1_001)).toBe(true);
    backOff.forget('k29999');
    expect(backOff.holds('k29999', { createdAt: 0 }, 1_001)).toBe(false);
  });
});
