import { expect, it } from 'vitest';
import { InstalledSample } from './sample-rig.js';

it('the sample of watching shows Prometheus what the cache did', { timeout: 60_000 }, async () => {
  const sample = new InstalledSample('05-watching');
  const { code, output } = await sample.run({ PORT: '0' }, '--tour');
  expect(output.match(/ {3}yes$/gm)).toHaveLength(5);
  expect(code).toBe(0);
});
