// node test/chaos/run.mjs [--seed N] [--seeds N] [--minutes M]
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    seeds: { type: 'string' },
    minutes: { type: 'string' },
  },
});
const { seed, minutes, seeds = minutes === undefined ? '10000' : 'Infinity' } = values;
const env = {
  ...process.env,
  BLOSSOM_CHAOS_SEED: seed,
  BLOSSOM_CHAOS_SEEDS: seeds,
  ...(minutes === undefined ? {} : { BLOSSOM_CHAOS_MINUTES: minutes }),
  BLOSSOM_FIGURES: '1',
};
console.log(`from seed ${seed}`);
const tests = ['test/chaos/chaos.test.ts', ...(minutes === undefined ? [] : ['test/chaos/real/real.test.ts'])];
spawn('vitest', ['run', ...tests, '--reporter=verbose', '--no-file-parallelism'], { env, stdio: 'inherit' }).on(
  'exit',
  (code) => {
    process.exitCode = code ?? 1;
  },
);
