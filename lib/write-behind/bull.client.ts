import type { Queue } from 'bullmq';
import { CacheBackendError, CacheOptionsError } from '../errors/cache.errors.js';
import { SCRIPTS, type ScriptName } from './bull.scripts.js';

/** Of whatever client library BullMQ works with, what is needed here. */
export interface ScriptClient {
  readonly status: string;
  readonly isCluster?: boolean;
  defineCommand(name: string, definition: { numberOfKeys: number; lua: string }): void;
  /** There since BullMQ speaks to several client libraries; before, a defined command is a method. */
  runCommand?(name: string, args: unknown[]): Promise<unknown>;
  on(event: 'ready', listener: () => void): unknown;
  off(event: 'ready', listener: () => void): unknown;
  disconnect(): void;
}

/** Milliseconds between two looks at whether the connection is there. */
const LOOK = 25;

/** Runs the scripts of one queue over BullMQ's own connection, each within its time. */
export class BullClient {
  readonly #queue: Queue;
  readonly #keys: readonly string[];
  readonly #root: string;
  readonly #defined = new WeakSet<ScriptClient>();
  /** How far the clock of the server is ahead of `performance.now()`, or a little less. */
  #ahead: number | undefined;

  constructor(
    queue: Queue,
    /** Milliseconds for one command, a connection included. */
    readonly timeout: number,
  ) {
    this.#queue = queue;
    this.#root = queue.toKey('blossom:');
    this.#keys = ['waiting', 'known', 'unsaid'].map((name) => this.#root + name);
  }

  /** @throws {CacheBackendError} where there is no answer in time, or a refusal; `timedOut`: it may have been done. */
  async run<T>(script: ScriptName, args: readonly (string | number)[], until = this.deadline()): Promise<T> {
    for (;;) {
      const client = await this.#ready(until);
      try {
        return await within(this.#call<T>(client, script, args), until, () => lost(undefined, true));
      } catch (error) {
        if (!(error instanceof NotSentError)) throw error;
        await new Promise((resolve) => setTimeout(resolve, LOOK));
      }
    }
  }

  /**
   * Like `run`, of a script whose last argument is the server's time after which it must refuse.
   * @returns an answer whose second part is the time of the server
   */
  async runBefore<T extends readonly [string, number, ...string[]]>(
    script: ScriptName,
    args: readonly (string | number)[],
    until: number,
  ): Promise<T> {
    if (this.#ahead === undefined) {
      const [now] = await this.run<[number]>('look', [], until);
      this.#learn(now);
    }
    const answer = await this.run<T>(script, [...args, Math.floor(until + this.#ahead!)], until);
    this.#learn(answer[1]);
    return answer;
  }

  /** When, on `performance.now()`, a command that begins now is given up. */
  deadline(): number {
    return performance.now() + this.timeout;
  }

  /** The connection, when it has been made for the first time. */
  async client(): Promise<ScriptClient> {
    const { getBackend } = this.#queue as Partial<Pick<Queue, 'getBackend'>>;
    const holder = (getBackend === undefined ? this.#queue : getBackend.call(this.#queue)) as {
      client?: Promise<ScriptClient>;
    };
    const client = await holder.client;
    if (client === undefined)
      throw new CacheOptionsError("journal 'bullmq' needs BullMQ's Redis backend: give BullModule a Redis connection");
    return client;
  }

  #learn(now: number): void {
    this.#ahead = now - performance.now();
  }

  async #ready(until: number): Promise<ScriptClient> {
    const client = await within(
      this.client().catch((error: unknown) => {
        throw error instanceof CacheOptionsError ? error : lost(error);
      }),
      until,
      () => lost(),
    );
    while (!isReady(client)) {
      if (performance.now() >= until || client.status === 'end') throw lost();
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    this.#define(client);
    return client;
  }

  #define(client: ScriptClient): void {
    if (this.#defined.has(client)) return;
    this.#defined.add(client);
    for (const [name, lua] of Object.entries(SCRIPTS))
      client.defineCommand(commandOf(name as ScriptName), { numberOfKeys: this.#keys.length, lua });
  }

  async #call<T>(client: ScriptClient, script: ScriptName, args: readonly (string | number)[]): Promise<T> {
    const all = [...this.#keys, this.#root, ...args];
    const name = commandOf(script);
    try {
      if (client.runCommand !== undefined) return (await client.runCommand(name, all)) as T;
      return await (client as unknown as Record<string, (args: unknown[]) => Promise<T>>)[name]!(all);
    } catch (error) {
      // The connection broke, and the client is about to notice.
      if (error instanceof Error && error.message.startsWith("Stream isn't writeable")) throw new NotSentError();
      throw lost(error, !isRefusal(error));
    }
  }
}

class NotSentError extends Error {}

/** Rejects with what `late` makes when `until`, on `performance.now()`, has passed, and not a moment before: timers are early at times. */
export async function within<T>(promise: Promise<T>, until: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_, reject) => {
    const look = (): void => {
      const left = until - performance.now();
      if (left > 0) timer = setTimeout(look, Math.ceil(left));
      else reject(late());
    };
    look();
  });
  try {
    return await Promise.race([promise, passed]);
  } finally {
    clearTimeout(timer);
  }
}

function lost(cause?: unknown, timedOut = false): CacheBackendError {
  const message = timedOut ? 'Redis did not answer for the write-behind queue' : 'the write-behind queue has no Redis';
  return new CacheBackendError(message, { operation: 'writeBehind', timedOut, ...(cause !== undefined && { cause }) });
}

/** A cluster of ioredis is connected as soon as one of its nodes is. */
function isReady({ status, isCluster }: ScriptClient): boolean {
  return status === 'ready' || (isCluster === true && status === 'connect');
}

/** Whether the server answered: then it has done nothing. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && /^[A-Z]+ /.test(error.message);
}

function commandOf(script: ScriptName): string {
  return `blossomWriteBehind-${script}`;
}
