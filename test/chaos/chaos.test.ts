import { describe, expect, it } from 'vitest';
import { runChaos } from './chaos-run.js';

/** The first of them, and how many; those of `npm test` are always the same. */
const FIRST = Number(process.env['BLOSSOM_CHAOS_SEED'] ?? 1);
const SEEDS = Number(process.env['BLOSSOM_CHAOS_SEEDS'] ?? 150);
const MINUTES = Number(process.env['BLOSSOM_CHAOS_MINUTES'] ?? Infinity);

describe('three nodes over one backend, with everything going wrong', () => {
  it('keep what is guaranteed', { timeout: 86_400_000 }, async () => {
    const end = performance.now() + MINUTES * 60_000;
    const wrong: string[] = [];
    let ran = 0;
    let operations = 0;
    const began = performance.now();
    for (; ran < SEEDS && performance.now() < end; ran += 1) {
      const result = await runChaos({ seed: FIRST + ran });
      operations += result.history.length;
      for (const message of result.wrong) wrong.push(`seed ${result.seed}: ${message}`);
    }
    if (process.env['BLOSSOM_FIGURES'] !== undefined) {
      const each = (performance.now() - began) / ran;
      console.log(`${ran} seeds, ${operations} records, ${each.toFixed(1)} ms each, ${wrong.length} violations`);
    }
    expect(wrong).toEqual([]);
  });
});
