import type { Stats } from '../stats/stats.controller.js';

/** What one step of the tour saw. */
export interface Visit {
  /** `X-Cache` of the answer; of several answers, how many of each. Empty where there is none. */
  xCache: string;
  /** Until the last answer was read. */
  ms: number;
  sqlQueries: number;
  /** Of the last answer. */
  body: unknown;
}

/** Asks the app over HTTP and counts the SQL queries that it took. */
export class Visitor {
  constructor(private readonly origin: string) {}

  get(path: string, headers: Record<string, string> = {}): Promise<Visit> {
    return this.visit(1, path, { headers });
  }

  getAtOnce(times: number, path: string): Promise<Visit> {
    return this.visit(times, path, {});
  }

  patch(path: string, change: object): Promise<Visit> {
    return this.visit(1, path, patchOf(change));
  }

  /** The same, answered with this status. */
  patchWith(status: number, path: string, change: object): Promise<Visit> {
    return this.visit(1, path, patchOf(change), status);
  }

  private async visit(times: number, path: string, request: RequestInit, status = 200): Promise<Visit> {
    const before = await this.sqlQueries();
    const started = performance.now();
    const answers = await Promise.all(Array.from({ length: times }, () => this.ask(path, request, status)));
    const ms = performance.now() - started;
    const xCache = tally(answers.map((answer) => answer.xCache));
    return { xCache, ms, sqlQueries: (await this.sqlQueries()) - before, body: answers.at(-1)?.body };
  }

  private async ask(path: string, request: RequestInit, status = 200): Promise<Pick<Visit, 'xCache' | 'body'>> {
    const answer = await fetch(this.origin + path, request);
    const text = await answer.text();
    if (answer.status !== status)
      throw new Error(`${request.method ?? 'GET'} ${path} answered ${answer.status}: ${text}`);
    return { xCache: answer.headers.get('x-cache') ?? '', body: JSON.parse(text) };
  }

  private async sqlQueries(): Promise<number> {
    return ((await this.ask('/stats', {})).body as Stats).sqlQueries;
  }
}

function patchOf(change: object): RequestInit {
  return { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify(change) };
}

function tally(values: string[]): string {
  const kinds = [...new Set(values)];
  if (values.length === 1) return values.join();
  return kinds.map((kind) => `${values.filter((value) => value === kind).length} ${kind}`).join(', ');
}
