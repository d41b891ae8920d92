import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpiryIndex } from '../../../lib/stores/memory/expiry.index.js';
import { MemoryEntry } from '../../../lib/stores/memory/memory.entry.js';
import { draft, openMemory, openMemoryOn } from './memory-rig.js';

const DAY = 86_400_000;

describe('B18 expiry without a read', () => {
  it('entries are reclaimed by timers of the injected clock, within a second of their end', () => {
    const { space, clock, events } = openMemory();
    for (let i = 0; i < 100; i += 1) space.write(`${i}`, draft(i, { ttl: 100 * (i + 1) }));
    for (let passed = 1; passed <= 12; passed += 1) {
      clock.advance(1_000);
      const endedASecondAgo = Math.min(100, Math.max(0, 10 * (passed - 1)));
      expect(events.counts.expire).toBeGreaterThanOrEqual(endedASecondAgo);
      expect(events.counts.expire).toBeLessThanOrEqual(Math.min(100, 10 * passed));
    }
  });

  it('an entry that may be served stale is kept until its grace ends', () => {
    const { space, clock, events } = openMemory();
    space.write('k', draft(1, { ttl: 1_000, grace: 60_000 }));
    clock.advance(60_999);
    expect(events.counts.expire).toBe(0);
    clock.advance(2_000);
    expect(events.counts.expire).toBe(1);
  });

  it('many entries that end together are reclaimed within a budget, slice after slice', () => {
    const { space, clock, events } = openMemory();
    const count = 10_000;
    for (let i = 0; i < count; i += 1) space.write(`${i}`, draft(i, { ttl: 500 }));
    const slices: number[] = [];
    while (events.counts.expire < count && slices.length < 2_000) {
      const before = events.counts.expire;
      clock.advance(1);
      if (events.counts.expire > before) slices.push(events.counts.expire - before);
    }
    expect(events.counts.expire).toBe(count);
    expect(Math.max(...slices)).toBeLessThanOrEqual(count / 5);
  });

  it('a write pays for what it replaces, not for all that has ended', () => {
    const now = { value: 0 };
    const { space, events } = openMemoryOn({ now: () => now.value, after: () => () => {} }, { maxSize: 10_000 });
    for (let i = 0; i < 10_000; i += 1) space.write(`${i}`, draft(i, { ttl: 500 }));
    now.value = 10_000;
    space.write('new', draft(1));
    expect(events.counts).toMatchObject({ expire: 1, evict: 0 });
  });

  it('timers end when nothing is left that could expire', async () => {
    const { space, clock, store } = openMemory();
    expect(clock.pending).toBe(0);
    space.write('for ever', draft(1));
    expect(clock.pending).toBe(0);
    space.write('a', draft(1, { ttl: 5_000 }));
    space.write('b', draft(1, { ttl: DAY }));
    space.write('removed', draft(1, { ttl: 20 * DAY }));
    expect(clock.pending).toBe(1);
    space.remove('removed');
    clock.advance(DAY + 2_000);
    expect(clock.pending).toBe(0);
    expect(await store.measure()).toMatchObject({ size: 1 });
    space.write('c', draft(1, { ttl: 1_000 }));
    expect(clock.pending).toBe(1);
    clock.advance(3_000);
    expect(clock.pending).toBe(0);
  });

  it('there is one timer at most, however many entries and ends there are', () => {
    const { space, store, clock } = openMemory();
    for (let i = 0; i < 1_000; i += 1) {
      space.write(`${i % 50}`, draft(i, { ttl: ((i * 7_919) % 100_000) + 1, tags: ['t'] }));
      if (i % 10 === 0) space.touch(`${i % 50}`, (i * 104_729) % 50_000);
      if (i % 100 === 0) store.invalidateTags(['t']);
      expect(clock.pending).toBeLessThanOrEqual(1);
    }
  });

  it('a nearer end wakes the sweep earlier', () => {
    const { space, clock, events } = openMemory();
    space.write('late', draft(1, { ttl: DAY }));
    space.write('soon', draft(1, { ttl: 1_000 }));
    clock.advance(2_000);
    expect(events.counts.expire).toBe(1);
  });

  it('an end that a touch brings nearer wakes the sweep earlier', () => {
    const { space, clock, events } = openMemory();
    space.write('touched', draft(1, { ttl: DAY }));
    space.touch('touched', 3_000);
    clock.advance(5_000);
    expect(events.counts.expire).toBe(1);
  });

  it('an entry that was given a later end does not leave at the old one', () => {
    const { space, clock, hits, events } = openMemory();
    for (const key of ['a', 'b', 'c']) space.write(key, draft(1, { ttl: 1_000 }));
    space.touch('a', DAY);
    space.write('b', draft(1, { ttl: DAY }));
    space.touch('c', Infinity);
    clock.advance(DAY / 2);
    expect(hits('abc')).toBe('abc');
    expect(events.counts.expire).toBe(0);
  });

  it('an end beyond what a timer can wait for is not missed, and not early', () => {
    const waits: number[] = [];
    const { space, clock, hits, events } = openMemory();
    const after = clock.after.bind(clock);
    clock.after = (ms, task) => {
      waits.push(ms);
      return after(ms, task);
    };
    space.write('a', draft(1, { ttl: 60 * DAY }));
    clock.advance(60 * DAY - 1);
    expect(hits('a')).toBe('a');
    clock.advance(2_000);
    expect(events.counts.expire).toBe(1);
    expect(Math.max(...waits)).toBeLessThan(2 ** 31);
  });

  it('while the next end is far away the sweep sleeps', () => {
    const { space, clock } = openMemory();
    let timers = 0;
    const after = clock.after.bind(clock);
    clock.after = (ms, task) => {
      timers += 1;
      return after(ms, task);
    };
    space.write('gone soon', draft(1, { ttl: 1_000 }));
    space.write('in a day', draft(1, { ttl: DAY }));
    clock.advance(DAY + 2_000);
    expect(timers).toBeLessThan(10);
  });

  it('close ends the timers, and what is stored afterwards starts none', () => {
    const { space, clock, store, hits } = openMemory();
    space.write('a', draft(1, { ttl: 1_000 }));
    store.close();
    expect(clock.pending).toBe(0);
    space.write('b', draft(1, { ttl: 1_000 }));
    expect(clock.pending).toBe(0);
    clock.advance(1_000);
    expect(hits('ab')).toBe('');
  });

  it('a clock that can only tell the time expires just as well', async () => {
    const clock = { value: 0, now: () => clock.value };
    const { space, store, hits } = openMemoryOn(clock);
    space.write('a', draft(1, { ttl: 1_000 }));
    clock.value = 999;
    expect(hits('a')).toBe('a');
    clock.value = 1_000;
    expect(hits('a')).toBe('');
    expect((await store.measure()).size).toBe(0);
    store.close();
  });
});

describe('measure', () => {
  it('counts no entry that has ended, though its second has not', async () => {
    const { space, clock, store, log } = openMemory();
    for (const [key, ttl] of [
      ['a', 1],
      ['b', 100],
      ['c', 101],
      ['d', 900],
      ['e', 5_000],
    ] as const) {
      space.write(key, draft(1, { ttl }));
    }
    clock.advance(100);
    expect((await store.measure()).size).toBe(3);
    expect(log.filter((line) => line.startsWith('expire')).toSorted()).toEqual(['expire ns/a ttl', 'expire ns/b ttl']);
  });
});

describe('the expiry index', () => {
  const ends = fc.oneof(
    fc.integer({ min: 0, max: 5_000 }),
    fc.integer({ min: 0, max: 10_000_000 }),
    fc.constant(Infinity),
  );
  const action = fc.oneof(
    { weight: 4, arbitrary: ends.map((at) => ({ add: at })) },
    { weight: 1, arbitrary: fc.nat().map((which) => ({ remove: which })) },
    { weight: 2, arbitrary: fc.oneof(fc.nat(3_000), fc.nat(3_000_000)).map((ms) => ({ advance: ms })) },
  );

  it('finds everything that is due and nothing that is not, in any order of ends and times', () => {
    const property = fc.property(fc.array(action, { maxLength: 60, size: 'max' }), (actions) => {
      const index = new ExpiryIndex();
      const held = new Set<MemoryEntry>();
      let now = 0;
      for (const step of actions) {
        if ('advance' in step) now += step.advance;
        else if ('add' in step) {
          const entry = new MemoryEntry('', '', new Map(), { departed: new Map() });
          entry.staleUntil = now + step.add;
          held.add(entry);
          index.add(entry);
        } else if (held.size > 0) {
          const entry = [...held][step.remove % held.size]!;
          held.delete(entry);
          index.remove(entry);
        }
        for (let due = index.due(now); due !== undefined; due = index.due(now)) {
          expect(due.staleUntil).toBeLessThanOrEqual(now);
          expect(held.delete(due)).toBe(true);
          index.remove(due);
        }
        for (const entry of held) expect(entry.staleUntil).toBeGreaterThan(now - 1_000);
        const just = [...index.justEnded(now)];
        expect(new Set(just)).toEqual(new Set([...held].filter(({ staleUntil }) => staleUntil <= now)));
        const finite = [...held].map(({ staleUntil }) => staleUntil).filter(Number.isFinite);
        expect(index.nextDue()).toBeLessThanOrEqual(Math.min(...finite) + 1_000);
        if (finite.length === 0) expect(index.nextDue()).toBe(Infinity);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });
});
