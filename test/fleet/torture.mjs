// node test/fleet/torture.mjs [--seconds 60] [--seed N]
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const env = {
  ...process.env,
  BLOSSOM_SECONDS: values.seconds,
  BLOSSOM_SEED: values.seed,
  BLOSSOM_FIGURES: '1',
};
console.log(`seed ${values.seed}`);
spawn('vitest', ['run', 'test/fleet/torture.test.ts', '--reporter=verbose'], { env, stdio: 'inherit' }).on(
  'exit',
  (code) => {
    process.exitCode = code ?? 1;
  },
);
