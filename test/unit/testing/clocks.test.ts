import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../lib/testing/time/fake-clock.js';
import { SkewedClock } from '../../../lib/testing/time/skewed-clock.js';

describe('FakeClock', () => {
  it('fires what is due in the order of time, and of being asked for', () => {
    const clock = new FakeClock(0);
    const fired: string[] = [];
    clock.after(20, () => fired.push(`late at ${clock.now()}`));
    clock.after(10, () => fired.push(`first at ${clock.now()}`));
    clock.after(10, () => fired.push(`second at ${clock.now()}`));
    clock.advance(19);
    expect(fired).toEqual(['first at 10', 'second at 10']);
    expect([clock.now(), clock.pending]).toEqual([19, 1]);
    clock.advance(1);
    expect(fired).toHaveLength(3);
  });

  it.each([NaN, '1m', undefined])('does not go on by %s', async (ms) => {
    const clock = new FakeClock(5);
    expect(() => clock.advance(ms as number)).toThrow(RangeError);
    await expect(clock.pass(ms as number)).rejects.toThrow(RangeError);
    expect(clock.now()).toBe(5);
  });

  it('fires what timers ask for within the same time', () => {
    const clock = new FakeClock(0);
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.now());
      if (fired.length < 5) clock.after(10, again);
    };
    clock.after(10, again);
    clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
  });

  it('does not fire what was cancelled, and forgets it', () => {
    const clock = new FakeClock(0);
    let fired = 0;
    const cancel = clock.after(10, () => (fired += 1));
    cancel();
    cancel();
    expect(clock.pending).toBe(0);
    clock.advance(10);
    expect(fired).toBe(0);
  });

  it('counts right when a timer is cancelled after it has fired', () => {
    const clock = new FakeClock(0);
    const cancel = clock.after(10, () => {});
    clock.after(20, () => {});
    clock.advance(10);
    cancel();
    expect(clock.pending).toBe(1);
  });

  it('lets promises settle between two timers, if asked to', async () => {
    const clock = new FakeClock(0);
    const seen: string[] = [];
    const later = async (links: number): Promise<void> => {
      for (let link = 0; link < links; link += 1) await Promise.resolve();
      seen.push(`settled at ${clock.now()}`);
    };
    clock.after(10, () => void later(100));
    clock.after(20, () => seen.push('next'));
    await clock.pass(20);
    expect(seen).toEqual(['settled at 10', 'next']);
  });

  it('waits for what promises ask for before the first timer, and after the last', async () => {
    const clock = new FakeClock(0);
    const seen: number[] = [];
    const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
    void (async () => {
      await Promise.resolve();
      await wait(10);
      seen.push(clock.now());
      await wait(10);
      seen.push(clock.now());
    })();
    await clock.pass(20);
    expect(seen).toEqual([10, 20]);
  });

  it('holds a hundred thousand timers, and half of them cancelled', () => {
    const clock = new FakeClock(0);
    let [fired, last, early] = [0, 0, 0];
    const cancels = Array.from({ length: 100_000 }, (_, i) =>
      clock.after((i * 7919) % 100_003, () => {
        fired += 1;
        if (clock.now() < last) early += 1;
        last = clock.now();
      }),
    );
    for (let i = 0; i < cancels.length; i += 2) cancels[i]!();
    expect(clock.pending).toBe(50_000);
    const began = performance.now();
    clock.advance(100_003);
    expect([fired, early]).toEqual([50_000, 0]);
    // By a list that is searched for each of them it takes minutes.
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('does what a sorted list does', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), ms: fc.nat(30) }),
      fc.record({ do: fc.constant('cancel' as const), which: fc.nat(100) }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.nat(10) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const clock = new FakeClock(0);
        const [fired, expected]: [number[], number[]] = [[], []];
        const waiting: { id: number; at: number; cancel: () => void }[] = [];
        let ids = 0;
        for (const next of steps) {
          if (next.do === 'add') {
            const id = (ids += 1);
            waiting.push({ id, at: clock.now() + next.ms, cancel: clock.after(next.ms, () => fired.push(id)) });
          } else if (next.do === 'cancel' && waiting.length > 0) {
            waiting.splice(next.which % waiting.length, 1)[0]!.cancel();
          } else if (next.do === 'advance') {
            clock.advance(next.ms);
            const due = waiting.filter(({ at }) => at <= clock.now()).toSorted((a, b) => a.at - b.at || a.id - b.id);
            expected.push(...due.map(({ id }) => id));
            for (const timer of due) waiting.splice(waiting.indexOf(timer), 1);
          }
          expect(clock.pending).toBe(waiting.length);
        }
        expect(fired).toEqual(expected);
      }),
    );
  });
});

describe('SkewedClock', () => {
  it('goes ahead of another clock, and faster', () => {
    const clock = new FakeClock(1_000);
    const skewed = new SkewedClock(clock, { offset: 500, rate: 2 });
    const fired: number[] = [];
    expect(skewed.now()).toBe(2_500);
    skewed.after(100, () => fired.push(clock.now()));
    clock.advance(100);
    expect(fired).toEqual([1_050]);
    expect(skewed.now()).toBe(2_700);
  });
});
