import { describe, expect, it } from 'vitest';
import { within } from '../../../lib/write-behind/bull.client.js';

describe('within', () => {
  it('gives nothing up before its time has passed, as the server goes by it to the millisecond', async () => {
    const early: number[] = [];
    const one = async (ms: number): Promise<void> => {
      const until = performance.now() + ms;
      await within(new Promise(() => {}), until, () => new Error('late')).catch(() => {});
      const left = until - performance.now();
      if (left > 0) early.push(left);
    };
    for (let round = 0; round < 20; round += 1)
      await Promise.all(Array.from({ length: 20 }, (_, at) => one(3 + at / 20)));
    expect(early).toEqual([]);
  });
});
