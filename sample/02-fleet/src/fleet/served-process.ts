import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A Node process that serves HTTP and has said where. */
export class ServedProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly origin: string,
  ) {}

  /** @param onLine is given what it prints */
  static async start(
    script: string,
    env: Record<string, string> = {},
    onLine: (line: string) => void = () => {},
  ): Promise<ServedProcess> {
    const file = fileURLToPath(new URL(script, import.meta.url));
    const child = fork(file, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    createInterface(child.stdout!).on('line', onLine);
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${script} ended before it served`)));
    const [origin] = (await Promise.race([once(child, 'message'), ended])) as [string];
    ended.catch(() => {});
    return new ServedProcess(child, origin);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.disconnect();
    const patience = setTimeout(() => this.child.kill('SIGKILL'), 3_000);
    await gone;
    clearTimeout(patience);
  }
}
