import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../settings.js';
import type { Bill, Mode } from './bill.js';

/** The server that stands in where no API is named, as seen by those who started it. */
export class StandIn {
  private constructor(
    private readonly child: ChildProcess,
    readonly origin: string,
  ) {}

  static async start(): Promise<StandIn> {
    const child = fork(fileURLToPath(new URL('main.js', import.meta.url)));
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('The stand-in ended before it served')));
    const [origin] = (await Promise.race([once(child, 'message'), ended])) as [string];
    ended.catch(() => {});
    return new StandIn(child, origin);
  }

  get settings(): Settings {
    const baseUrl = `${this.origin}/v1`;
    return { api: 'stand-in', baseUrl, model: 'stand-in-small', embeddingModel: 'stand-in-embedding' };
  }

  async bill(): Promise<Bill> {
    return (await (await fetch(`${this.origin}/stand-in/bill`)).json()) as Bill;
  }

  async behave(mode: Mode): Promise<void> {
    const { ok } = await fetch(`${this.origin}/stand-in/mode`, { method: 'PUT', body: JSON.stringify(mode) });
    if (!ok) throw new Error('The stand-in does not do as it is told');
  }

  stop(): void {
    if (this.child.connected) this.child.disconnect();
  }
}
