import type { Stats } from '../costs/stats.controller.js';
import type { StandIn } from '../stand-in/stand-in.js';

/** What one step of the tour asks for. */
export interface Ask {
  readonly method?: 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  readonly user?: string;
  /** How many ask at once. Default: one. */
  readonly times?: number;
}

/** What one step of the tour saw. */
export interface Visit {
  /** `X-Cache` of the answer; of several answers, how many of each. Empty where there is none. */
  readonly xCache: string;
  readonly status: number;
  /** Until the last answer was read. */
  readonly ms: number;
  /** Requests that reached the API. */
  readonly calls: number;
  /** As the API counts them. */
  readonly tokens: number;
  /** Of the last answer. */
  readonly text: string;
}

interface Answer {
  readonly xCache: string;
  readonly status: number;
  readonly text: string;
}

/** Asks the app over HTTP, and the API what it was asked for; where that cannot be asked, the app's own statistics. */
export class Visitor {
  /** Tokens of all answers so far, of streams none. */
  tokensServed = 0;

  constructor(
    private origin: string,
    private readonly standIn: StandIn | undefined,
  ) {}

  /** From now on the app is there. */
  follow(origin: string): void {
    this.origin = origin;
  }

  async visit(ask: Ask): Promise<Visit> {
    const before = await this.bill();
    const started = performance.now();
    const answers = await Promise.all(Array.from({ length: ask.times ?? 1 }, () => this.ask(ask)));
    const ms = performance.now() - started;
    const after = await this.bill();
    this.tokensServed += answers.map(({ text }) => tokensIn(text)).reduce((sum, tokens) => sum + tokens, 0);
    const { status, text } = answers.at(-1)!;
    const xCache = tally(answers.map((answer) => answer.xCache));
    return { xCache, status, text, ms, calls: after.calls - before.calls, tokens: after.tokens - before.tokens };
  }

  async stats(): Promise<Stats> {
    return (await (await fetch(`${this.origin}/stats`)).json()) as Stats;
  }

  async bill(): Promise<{ calls: number; tokens: number }> {
    const { calls, promptTokens, completionTokens } = this.standIn ? await this.standIn.bill() : await this.ownBill();
    return { calls, tokens: promptTokens + completionTokens };
  }

  private async ownBill(): Promise<{ calls: number; promptTokens: number; completionTokens: number }> {
    const { calls, paid } = (await this.stats()).costs;
    return { calls, ...paid };
  }

  private async ask({ method = 'POST', path, body, user }: Ask): Promise<Answer> {
    const whose: Record<string, string> = user === undefined ? {} : { 'x-user': user };
    const answer = await fetch(this.origin + path, {
      method,
      headers: { 'content-type': 'application/json', ...whose },
      body: body && JSON.stringify(body),
    });
    return { xCache: answer.headers.get('x-cache') ?? '', status: answer.status, text: await answer.text() };
  }
}

function tally(values: readonly string[]): string {
  if (values.length === 1) return values.join();
  const kinds = [...new Set(values)];
  return kinds.map((kind) => `${values.filter((value) => value === kind).length} ${kind}`).join(', ');
}

function tokensIn(text: string): number {
  if (!text.startsWith('{')) return 0;
  const { usage } = JSON.parse(text) as { usage?: { promptTokens: number; completionTokens: number } };
  return usage === undefined ? 0 : usage.promptTokens + usage.completionTokens;
}
