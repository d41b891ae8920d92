import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll } from 'vitest';
import { COMPILED_LIB } from '../../support/compiled-lib.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const running = new Set<ChildProcess>();
const homes: string[] = [];

afterAll(async () => {
  await Promise.all([...running].map(end));
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});

/** What a process printed, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/**
 * A sample as it is after `npm ci` and its compiler, without either: its packages are links to the ones that are here,
 * all but the library, which is a copy, as npm would make one.
 */
export class InstalledSample {
  private readonly home = mkdtempSync(join(tmpdir(), 'sample-'));

  /** @param main what `npm start` runs */
  constructor(
    folder: string,
    private readonly main = 'main.js',
  ) {
    homes.push(this.home);
    const sample = join(ROOT, 'sample', folder);
    const manifest = readFileSync(join(sample, 'package.json'), 'utf8');
    writeFileSync(join(this.home, 'package.json'), manifest);
    for (const name of Object.keys((JSON.parse(manifest) as { dependencies: object }).dependencies)) this.install(name);
    const sources = readdirSync(join(sample, 'src'), { recursive: true, encoding: 'utf8' });
    for (const file of sources.filter((name) => name.endsWith('.ts'))) {
      const target = join(this.home, 'dist', file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      const { outputText } = ts.transpileModule(readFileSync(join(sample, 'src', file), 'utf8'), OPTIONS);
      writeFileSync(target, outputText);
    }
  }

  /** A module of the sample, compiled. */
  module(name: string): string {
    return join(this.home, 'dist', name);
  }

  /** Starts it, with nothing in the environment but this and where a Node without SQLite finds one. */
  start(env: Readonly<Record<string, string>>, ...args: string[]): ChildProcess {
    const { PATH = '', NODE_PATH = '' } = process.env;
    const own = { PATH, NODE_PATH, NO_COLOR: '1', ...env };
    const child = spawn(process.execPath, [this.module(this.main), ...args], { cwd: this.home, env: own });
    running.add(child);
    return child.once('exit', () => running.delete(child));
  }

  /** Starts it and waits for its end. */
  async run(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ended> {
    const child = this.start(env, ...args);
    const [[code], stdout, stderr] = await Promise.all([
      once(child, 'exit') as Promise<[number | null]>,
      text(child.stdout!),
      text(child.stderr!),
    ]);
    return { code, output: stdout + stderr };
  }

  /** Starts it and waits until it serves; where, it says itself. */
  async serve(env: Readonly<Record<string, string>>): Promise<{ origin: string; child: ChildProcess }> {
    const child = this.start({ PORT: '0', ...env });
    const lines = createInterface(child.stdout!);
    for await (const line of lines) {
      const [, origin] = /^Serving on ([^;\s]+)/.exec(line) ?? [];
      if (origin !== undefined) return { origin, child };
    }
    throw new Error('it ended before it served');
  }

  private install(name: string): void {
    const target = join(this.home, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    if (name !== 'nestjs-blossom-cache') return symlinkSync(join(ROOT, 'node_modules', name), target, 'dir');
    cpSync(COMPILED_LIB, join(target, 'dist'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(target, 'package.json'));
  }
}

/** Kills a process, if it has not ended, without giving it a chance to do anything about it. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const OPTIONS: ts.TranspileOptions = {
  compilerOptions: {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  },
};
