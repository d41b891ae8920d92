import { expect, it } from 'vitest';
import { findDriver } from '../../../lib/stores/file/sqlite.js';
import { InstalledSample } from './sample-rig.js';

it.skipIf(findDriver() !== 'node:sqlite')(
  'the sample of write-behind holds what it says',
  { timeout: 120_000 },
  async () => {
    const sample = new InstalledSample('04-write-behind', 'story/main.js');
    const { code, output } = await sample.run({});
    expect(output).toMatch(/last change of ada +[1-9]/);
    expect(output).not.toMatch(/ {3}NO$/m);
    expect(code).toBe(0);
  },
);
