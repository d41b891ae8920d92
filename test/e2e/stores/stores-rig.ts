import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const made: string[] = [];

afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A directory that is gone after the test. */
export function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'blossom-app-'));
  made.push(path);
  return path;
}

/** Waits for what another process, or another application, brings about; fails after two seconds. */
export async function soon(condition: () => Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (!(await condition())) {
    if (performance.now() - began > 2_000) throw new Error('it did not happen within two seconds');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return performance.now() - began;
}
