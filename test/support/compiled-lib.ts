import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const LIB = fileURLToPath(new URL('../../lib/', import.meta.url));
/** Below `node_modules`, so that what is imported there is found. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/compiled-lib/', import.meta.url));
/** Milliseconds for which what was compiled from other sources is kept: a run may still be using it. */
const KEPT = 3_600_000;

const sources = readdirSync(LIB, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .toSorted()
  .map((file) => ({ file, text: readFileSync(join(LIB, file), 'utf8') }));

/** Where `lib` lies as JavaScript, for threads and processes of their own; another place for other sources. */
export const COMPILED_LIB = join(CACHE, createHash('sha256').update(JSON.stringify(sources)).digest('hex'), '/');

/** Compiles `lib`, without checking types, before any test runs. */
export default function compileLib(): void {
  if (existsSync(COMPILED_LIB)) return;
  const fresh = `${COMPILED_LIB.slice(0, -1)}-${process.pid}`;
  for (const { file, text } of sources) {
    const target = join(fresh, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, ts.transpileModule(text, OPTIONS).outputText);
  }
  writeFileSync(join(fresh, 'package.json'), '{"type":"module"}');
  forgetOld();
  if (existsSync(COMPILED_LIB)) rmSync(fresh, { recursive: true });
  else renameSync(fresh, COMPILED_LIB);
}

function forgetOld(): void {
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    if (Date.now() - statSync(path).mtimeMs > KEPT) rmSync(path, { recursive: true, force: true });
  }
}

const OPTIONS: ts.TranspileOptions = {
  compilerOptions: {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  },
};
