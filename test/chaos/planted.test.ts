import { describe, expect, it } from 'vitest';
import type { BrokenRule } from '../../lib/testing/history/violation.js';
import { runChaos } from './chaos-run.js';
import { PLANTS, type Plant } from './planted-bugs.js';

/** Seeds that are tried at most. */
const PATIENCE = 1_000;

const CAUGHT: Readonly<Record<keyof typeof PLANTS, BrokenRule>> = {
  'fence removed': 'stale after a change',
  'stamp read after the load': 'stale after a change',
  'near tier kept on reconnect': 'stale after a change',
  'lease not checked at write': 'stale after a change',
  'refresh started without lock': 'two loads at once',
};

/** The first seed with which the checker shows the bug, and how. */
async function catchIt(plant: Plant, rule: BrokenRule): Promise<string | undefined> {
  for (let seed = 1; seed <= PATIENCE; seed += 1) {
    const { wrong } = await runChaos({ seed, plant });
    const caught = wrong.find((message) => message.startsWith(rule));
    if (caught !== undefined) return `seed ${seed}: ${caught}`;
  }
  return undefined;
}

describe('a planted bug is caught', () => {
  it.each(Object.entries(CAUGHT))('%s', async (name, rule) => {
    const caught = await catchIt(PLANTS[name as keyof typeof PLANTS], rule);
    if (process.env['BLOSSOM_FIGURES'] !== undefined) console.log(`${name}: ${caught}`);
    expect(caught).toBeDefined();
  });
});
