import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Cacheable } from 'nestjs-blossom-cache';

export interface Quote {
  readonly symbol: string;
  readonly price: number;
}

/** A source that takes its time; what it answers is made up. */
@Injectable()
export class QuotesService {
  @Cacheable({ ttl: '1m' })
  async find(symbol: string): Promise<Quote> {
    await sleep(50);
    return { symbol, price: 100 + symbol.length };
  }
}
