import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';

/** What is to be run. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** What the process prints is appended there. */
  readonly log: string;
  /** Removed where this process ends without having stopped the server. */
  readonly directory: string;
}

/**
 * Becomes the server itself, and leaves a guard behind that hears from this process by a pipe: a line when the server
 * has ended, another when its directory is taken care of. Where the pipe closes first, this process is gone.
 */
const GUARDED = `
directory=$1
shift
(
  read -r ended <&3 || kill -9 $$
  read -r released <&3 || rm -rf -- "$directory"
) &
exec "$@" 3<&-
`;

/** A server's process. It does not outlive this one, however this one ends. */
export class ServerProcess {
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #guard: Socket;
  #running = true;

  constructor({ program, args, log, directory }: ServerCommand) {
    const output = openSync(log, 'a', 0o600);
    const shell = ['-c', GUARDED, 'redis-guard', directory, program, ...args];
    this.#child = spawn('/bin/sh', shell, { stdio: ['ignore', output, output, 'pipe'], detached: true });
    closeSync(output);
    this.#guard = this.#child.stdio[3] as Socket;
    this.#guard.on('error', () => undefined);
    this.ended = new Promise((resolve) => this.#child.once('exit', () => this.#end(resolve)));
    this.#child.unref();
    this.#guard.unref();
  }

  get running(): boolean {
    return this.#running;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('The process could not be started');
    return this.#child.pid;
  }

  /** Nothing happens where it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.#running) this.#child.kill(signal);
  }

  /** SIGKILL; resolves when it is gone. A stopped process ends by it as well. */
  async kill(): Promise<void> {
    this.#child.ref();
    this.signal('SIGKILL');
    await this.ended;
  }

  /** As `kill`, after which the directory is somebody else's to remove. */
  async release(): Promise<void> {
    await this.kill();
    this.#guard.end('\n');
  }

  #end(resolve: () => void): void {
    this.#running = false;
    this.#guard.write('\n');
    resolve();
  }
}
