import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { COMPILED_LIB } from '../support/compiled-lib.js';
import { afterwards } from './redis-app.js';

const LIB = pathToFileURL(COMPILED_LIB).href;
/** Milliseconds after which a process that does not end is killed. */
const PATIENCE = 15_000;

/** Milliseconds for which a process goes on that has nothing to do: what keeps it alive are timers and connections, for longer. */
export const LINGERING = 1_000;

/** How a process ended after it had closed its app. */
export interface Exit {
  readonly code: number | null;
  /** Milliseconds that closing took. */
  readonly closing: number;
  /** Milliseconds from then until the process had nothing left to do. */
  readonly lingering: number;
}

/** A process of its own with one cache, which is told when to close it. */
export class RedisChild {
  readonly #process;
  readonly #lines: string[] = [];
  readonly #ended: Promise<number | null>;

  /** @param first what the process does with its `cache` before it says that it is ready */
  constructor(options: object, first = "await cache.getOrSet('k', () => 'v');") {
    const script = `
      import 'reflect-metadata';
      import { Module } from '@nestjs/common';
      import { NestFactory } from '@nestjs/core';
      import { once } from 'node:events';
      import { BlossomCacheModule, CacheService } from '${LIB}index.js';
      class Root {}
      Module({ imports: [BlossomCacheModule.forRoot(${JSON.stringify(options)})] })(Root);
      const app = await NestFactory.createApplicationContext(Root, { logger: false });
      const cache = app.get(CacheService);
      ${first}
      console.log('ready');
      await once(process.stdin, 'data');
      process.stdin.destroy();
      const began = performance.now();
      await app.close();
      const closed = performance.now();
      console.log('closed ' + (closed - began));
      process.on('exit', () => console.log('lingered ' + (performance.now() - closed)));`;
    this.#process = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: PATIENCE,
      killSignal: 'SIGKILL',
    });
    this.#process.stdout.on('data', (bytes: Buffer) => this.#lines.push(...bytes.toString().trim().split('\n')));
    this.#process.stdin.on('error', () => {});
    this.#ended = once(this.#process, 'close').then(([code]) => code as number | null);
    afterwards(() => this.#process.kill('SIGKILL'));
  }

  async ready(): Promise<void> {
    await this.#said('ready');
  }

  async close(): Promise<Exit> {
    this.#process.stdin.write('close\n');
    const closing = await this.#figure('closed');
    const lingering = await this.#figure('lingered');
    return { code: await this.#ended, closing, lingering };
  }

  async #figure(word: string): Promise<number> {
    return Number((await this.#said(word)).split(' ')[1]);
  }

  async #said(word: string): Promise<string> {
    for (;;) {
      const line = this.#lines.find((one) => one.startsWith(word));
      if (line !== undefined) return line;
      const ended = await Promise.race([once(this.#process.stdout, 'data'), this.#ended]);
      if (!Array.isArray(ended)) throw new Error(`the process has ended (${ended ?? 'by a signal'})`);
    }
  }
}
