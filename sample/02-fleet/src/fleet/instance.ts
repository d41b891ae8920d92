import type { CacheStats } from 'nestjs-blossom-cache';
import type { City } from '../app/city.js';
import { ServedProcess } from './served-process.js';

/** What the cache says of itself: its boot line, and its changes of state. */
const TOLD = /\[BlossomCache\]/;
// oxlint-disable-next-line no-control-regex
const COLOURS = /\u001B\[\d+m/g;

/** One instance of the app, by name. */
export class Instance {
  private constructor(
    readonly name: string,
    private readonly served: ServedProcess,
  ) {}

  static async start(name: string, env: Record<string, string>): Promise<Instance> {
    const tell = (line: string) => {
      const plain = line.replaceAll(COLOURS, '');
      if (TOLD.test(plain)) console.log(`  ${name}: ${plain.slice(plain.search(TOLD)).replace(/^\S+ /, '')}`);
    };
    return new Instance(name, await ServedProcess.start('../app/main.js', env, tell));
  }

  get origin(): string {
    return this.served.origin;
  }

  get<T>(path: string): Promise<T> {
    return ask<T>(this.origin + path);
  }

  resize({ id }: Pick<City, 'id'>, population: number): Promise<City> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ population });
    return ask<City>(`${this.origin}/cities/${id}`, { method: 'PATCH', headers, body });
  }

  stats(): Promise<CacheStats> {
    return this.get<CacheStats>('/stats');
  }

  stop(): Promise<void> {
    return this.served.stop();
  }
}

async function ask<T>(url: string, request?: RequestInit): Promise<T> {
  const answer = await fetch(url, request);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
  return JSON.parse(text) as T;
}
