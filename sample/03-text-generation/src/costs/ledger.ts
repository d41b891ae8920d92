import { Injectable } from '@nestjs/common';
import { Account, type Balance } from './account.js';
import type { Usage } from './usage.js';

/** The kinds of answers; each has a namespace of its own in the cache. */
export type Kind = 'chat' | 'classifications' | 'embeddings';

/** How answers were served. */
export type XCache = 'HIT' | 'STALE' | 'MISS' | 'BYPASS';

export interface Costs {
  /** Requests to the API, failed ones and streams included. */
  readonly calls: number;
  readonly failedCalls: number;
  /** Passed through as they came: what they cost is in the API's own bill alone. */
  readonly streams: number;
  /** What the API answered. */
  readonly paid: Balance;
  /** What was served, less what was paid: so much more it would have cost without the cache. */
  readonly saved: Balance;
  readonly served: Readonly<Record<Kind, Readonly<Record<XCache, number>>>>;
}

/** What was served and what was paid for it, since the process began. */
@Injectable()
export class Ledger {
  private readonly paid = new Account();
  private readonly given = new Account();
  private readonly served = { chat: nobody(), classifications: nobody(), embeddings: nobody() };
  private calls = 0;
  private failedCalls = 0;
  private streams = 0;

  /** A request goes out to the API. */
  call(): void {
    this.calls += 1;
  }

  fail(): void {
    this.failedCalls += 1;
  }

  stream(): void {
    this.streams += 1;
  }

  /** The API answered. */
  pay(model: string, usage: Usage, answers: number): void {
    this.paid.add(model, usage, answers);
  }

  /** Somebody was given an answer, wherever it came from. */
  serve(kind: Kind, xCache: XCache, model: string, usage: Usage): void {
    this.served[kind][xCache] += 1;
    this.given.add(model, usage, 1);
  }

  costs(): Costs {
    const { calls, failedCalls, streams, served } = this;
    const saved = this.given.less(this.paid);
    return { calls, failedCalls, streams, paid: this.paid.balance(), saved: saved.balance(), served };
  }
}

function nobody(): Record<XCache, number> {
  return { HIT: 0, STALE: 0, MISS: 0, BYPASS: 0 };
}
