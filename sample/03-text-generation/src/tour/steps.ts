import type { Check } from './checks.js';
import { table } from './table.js';
import type { Ask, Visit, Visitor } from './visitor.js';

/** The steps gone so far. One that goes otherwise than promised does not end the tour. */
export class Steps {
  private readonly rows: string[][] = [];
  failed = 0;

  constructor(readonly visitor: Visitor) {}

  toString(): string {
    return table(['Step', 'Request', 'X-Cache', 'ms', 'Calls', 'Tokens', 'Promised', 'So?'], this.rows);
  }

  async take(title: string, ask: Ask, check: Check): Promise<Visit> {
    const visit = await this.visitor.visit(ask);
    const { xCache, status, ms, calls, tokens } = visit;
    const path = ask.path.replace(/^\/models\/[^/]+/, '/models/…');
    const request = `${ask.method ?? 'POST'} ${path}${ask.times === undefined ? '' : ` × ${ask.times}`}`;
    const seen = status < 300 ? xCache || '–' : String(status);
    this.row([title, request, seen, ms.toFixed(1), String(calls), String(tokens)], check.promise, check.holds(visit));
    return visit;
  }

  /** Something that was not seen in one request. */
  note(title: string, seen: string, promise: string, kept: boolean): void {
    this.row([title, '–', seen, '–', '–', '–'], promise, kept);
  }

  private row(cells: string[], promise: string, kept: boolean): void {
    if (!kept) this.failed += 1;
    this.rows.push([...cells, promise, kept ? 'yes' : 'NO']);
  }
}
