import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A Node process that serves HTTP and has said where. */
export class ServedProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly origin: string,
  ) {}

  static async start(script: string, env: Record<string, string> = {}): Promise<ServedProcess> {
    const file = fileURLToPath(new URL(script, import.meta.url));
    const child = fork(file, { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${script} ended before it served`)));
    const [origin] = (await Promise.race([once(child, 'message'), ended])) as [string];
    ended.catch(() => {});
    return new ServedProcess(child, origin);
  }

  /** `kill -9` */
  async kill(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  /** As a deploy ends it: it may finish what it has begun. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.disconnect();
    await gone;
  }
}
