import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it } from 'vitest';

const LIB = fileURLToPath(new URL('../../../lib/', import.meta.url));
const FOLDERS = ['stores', 'events', 'errors', 'support'];
let compiled: string;

beforeAll(() => {
  compiled = mkdtempSync(join(tmpdir(), 'blossom-exit-'));
  writeFileSync(join(compiled, 'package.json'), '{"type":"module"}');
  symlinkSync(join(LIB, '../node_modules'), join(compiled, 'node_modules'), 'junction');
  for (const folder of FOLDERS) {
    for (const file of readdirSync(join(LIB, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const target = join(compiled, folder, file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      const source = readFileSync(join(LIB, folder, file), 'utf8');
      const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
      writeFileSync(target, ts.transpileModule(source, { compilerOptions }).outputText);
    }
  }
});

afterAll(() => rmSync(compiled, { recursive: true, force: true }));

/** Runs a script in a process of its own; a process that does not end by itself is killed, by a signal. */
async function run(body: string): Promise<{ code: number | null; said: string }> {
  const script = join(compiled, 'script.mjs');
  writeFileSync(
    script,
    `import { MemoryStore } from './stores/memory/memory.store.js';
     import { CacheEvents } from './events/cache-events.js';
     import { systemClock } from './support/clock.js';
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
