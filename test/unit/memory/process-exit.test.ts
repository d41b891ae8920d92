import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { COMPILED_LIB } from '../../support/compiled-lib.js';

const folder = mkdtempSync(join(tmpdir(), 'blossom-exit-'));
const lib = pathToFileURL(COMPILED_LIB).href;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script in a process of its own; a process that does not end by itself is killed, by a signal. */
async function run(body: string): Promise<{ code: number | null; said: string }> {
  const script = join(folder, 'script.mjs');
  writeFileSync(
    script,
    `import { MemoryStore } from '${lib}stores/memory/memory.store.js';
     import { CacheEvents } from '${lib}events/cache-events.js';
     import { systemClock } from '${lib}support/clock.js';
     const events = new CacheEvents(console.error);
     const options = { maxSize: Infinity, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'reference' };
     const store = new MemoryStore(options, events, systemClock);
     const space = store.space('ns');
     const draft = (value, ttl, tags = []) => ({ value, ttl, grace: 0, tags });
     ${body}`,
  );
  const child = spawn(process.execPath, [script], { timeout: 10_000, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, said };
}

it('B18 with the system clock, entries that are to expire do not keep the process alive', async () => {
  const { code, said } = await run(`
    space.write('soon', draft(1, 3_600_000));
    space.write('later', draft(1, 86_400_000));
    space.write('void', draft(1, 3_600_000, ['t']));
    store.invalidateTags(['t']);
    console.log(space.read('soon', systemClock.now()).value);
  `);
  expect({ code, said: said.trim() }).toEqual({ code: 0, said: '1' });
});
