import { Injectable } from '@nestjs/common';
import { type Explanation, withCacheOptions } from 'nestjs-blossom-cache';
import { type Kind, Ledger, type XCache } from './ledger.js';
import { Served } from './served.js';
import type { Usage } from './usage.js';

/** What has a price. */
interface Priced {
  readonly model: string;
  readonly usage: Usage;
}

const X_CACHE = { hit: 'HIT', stale: 'STALE', miss: 'MISS', bypass: 'BYPASS', refused: 'BYPASS' } as const;

/** Counts answers where they are served: the service that caches does not see its hits. */
@Injectable()
export class Meter {
  constructor(private readonly ledger: Ledger) {}

  /** @param call asks one method with `@Cacheable` */
  async serve<A extends Priced>(kind: Kind, call: () => Promise<A>): Promise<Served<A>> {
    let heard: Explanation | undefined;
    const answer = await withCacheOptions({ explain: (explanation) => (heard = explanation) }, call);
    const xCache: XCache = heard === undefined ? 'BYPASS' : X_CACHE[heard.outcome];
    this.ledger.serve(kind, xCache, answer.model, answer.usage);
    return new Served(answer, xCache, heard?.text ?? 'not cached');
  }
}
