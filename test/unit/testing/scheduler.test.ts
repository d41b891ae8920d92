import { describe, expect, it } from 'vitest';
import { Random } from '../../../lib/testing/random.js';
import { Scheduler } from '../../../lib/testing/time/scheduler.js';

/** Some lanes of which each takes several steps, in the order that the seed says. */
async function lanes(seed: number): Promise<string[]> {
  const scheduler = new Scheduler(seed);
  const order: string[] = [];
  const lane = async (name: string): Promise<void> => {
    for (let step = 0; step < 4; step += 1) {
      await scheduler.delay(scheduler.random.integer(0, 1));
      order.push(`${name}${step}@${scheduler.now()}`);
    }
  };
  await scheduler.run(Promise.all(['a', 'b', 'c'].map(lane)));
  return order;
}

describe('Scheduler', () => {
  it('comes to the same order for the same seed, and to another for another', async () => {
    expect(await lanes(7)).toEqual(await lanes(7));
    const orders = await Promise.all(Array.from({ length: 20 }, (_, seed) => lanes(seed)));
    expect(new Set(orders.map((order) => order.join())).size).toBeGreaterThan(15);
  });

  it('takes what is due at the same instant in any order, and what is due later after it', async () => {
    const firsts = new Set<string>();
    for (let seed = 0; seed < 50; seed += 1) {
      const scheduler = new Scheduler(seed);
      const order: string[] = [];
      const step = (name: string, ms: number): Promise<unknown> => scheduler.delay(ms).then(() => order.push(name));
      await scheduler.run(Promise.all([step('late', 2), step('a', 1), step('b', 1)]));
      expect(order[2]).toBe('late');
      firsts.add(order[0]!);
    }
    expect([...firsts].toSorted()).toEqual(['a', 'b']);
  });

  it('lets promises settle between two steps', async () => {
    const scheduler = new Scheduler(1);
    const seen: string[] = [];
    void scheduler.delay(1).then(async () => {
      await Promise.resolve();
      await Promise.resolve();
      seen.push('settled');
    });
    await scheduler.run(scheduler.delay(2).then(() => seen.push('next')));
    expect(seen).toEqual(['settled', 'next']);
    expect([scheduler.now(), scheduler.steps, scheduler.pending]).toEqual([2, 2, 0]);
  });

  it('says so when what it waits for never happens', async () => {
    const scheduler = new Scheduler(12);
    await expect(scheduler.run(new Promise(() => {}))).rejects.toThrow('seed 12: it waits for what never happens');
  });

  it('gives up what goes on for too long', async () => {
    const scheduler = new Scheduler(12);
    const forever = (): void => void scheduler.after(10, forever);
    forever();
    await expect(scheduler.run(new Promise(() => {}), 100)).rejects.toThrow('seed 12: it has not ended by 100');
  });

  it('passes on what the promise rejects with', async () => {
    const scheduler = new Scheduler(1);
    const failing = scheduler.delay(1).then(() => {
      throw new Error('it failed');
    });
    await expect(scheduler.run(failing)).rejects.toThrow('it failed');
  });
});

describe('Random', () => {
  it('answers what mulberry32 answers', () => {
    const random = new Random(1);
    // From the algorithm as it was published.
    expect([random.next(), random.next(), random.next()]).toEqual([
      0.6270739405881613, 0.002735721180215478, 0.5274470399599522,
    ]);
  });

  it('draws whole numbers, both ends included, and names by their weight', () => {
    const random = new Random(3);
    const numbers = Array.from({ length: 200 }, () => random.integer(2, 4));
    expect([...new Set(numbers)].toSorted()).toEqual([2, 3, 4]);
    const names = Array.from({ length: 1_000 }, () => random.weighted({ often: 9, seldom: 1, never: 0 }));
    const seldom = names.filter((name) => name === 'seldom').length;
    expect(seldom).toBeGreaterThan(50);
    expect(seldom).toBeLessThan(200);
    expect(names).not.toContain('never');
    expect(() => random.pick([])).toThrow(RangeError);
    expect(() => random.weighted({ none: 0 })).toThrow(RangeError);
  });
});
