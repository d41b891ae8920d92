import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { COMPILED_LIB } from './compiled-lib.js';

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

const running = new Set<Child>();

/** A process of its own, which runs a script of `test/fault/child` and answers questions. */
export class Child {
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcess;
  readonly #ready: Promise<void>;
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #asked = 0;

  /** @param settings what the script finds as `settings` in `serve.mjs` */
  constructor(
    private readonly script: string,
    settings: object = {},
  ) {
    running.add(this);
    this.#process = spawn(process.execPath, [fileURLToPath(new URL(`../fault/child/${script}`, import.meta.url))], {
      env: {
        ...process.env,
        BLOSSOM_LIB: pathToFileURL(COMPILED_LIB).href,
        BLOSSOM_SETTINGS: JSON.stringify(settings),
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    let isReady!: () => void;
    this.#ready = new Promise((resolve) => (isReady = resolve));
    this.#process.on('message', (message: 'ready' | Answer) => {
      if (message === 'ready') isReady();
      else this.#answered(message);
    });
    this.ended = new Promise((resolve) =>
      this.#process.on('exit', (code, signal) => this.#gone({ code, signal }, resolve)),
    );
  }

  /** Resolves when the script has been loaded. */
  async ready(): Promise<this> {
    await Promise.race([this.#ready, this.ended.then(({ code }) => Promise.reject(this.#endedEarly(code)))]);
    return this;
  }

  /** Asks one of the script's functions; rejects with what it threw, or where the process ends before it answers. */
  ask<T>(question: string, about: object = {}): Promise<T> {
    const id = (this.#asked += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.send({ id, question, about }, (error) => error !== null && reject(error));
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** `kill -9`; resolves when the process is gone. */
  async kill(): Promise<Ending> {
    this.signal('SIGKILL');
    return this.ended;
  }

  #answered({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result as never);
    else waiting?.reject(new Error(`${this.script}: ${error}`));
  }

  #gone(ending: Ending, resolve: (ending: Ending) => void): void {
    running.delete(this);
    for (const { reject } of this.#waiting.values()) reject(this.#endedEarly(ending.code));
    resolve(ending);
  }

  #endedEarly(code: number | null): Error {
    return new Error(`${this.script} has ended (${code ?? 'by a signal'})`);
  }
}

/** Ends whatever a test has left running. */
export async function killAll(): Promise<void> {
  await Promise.all([...running].map((child) => child.kill()));
}
