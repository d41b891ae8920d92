import { Controller, Get, Header } from '@nestjs/common';
import { CacheService, type CacheStats } from 'nestjs-blossom-cache';
import { Settings } from '../settings.js';
import { type Costs, Ledger } from './ledger.js';

export interface Stats {
  readonly api: string;
  readonly costs: Costs;
  readonly cache: CacheStats;
}

@Controller('stats')
export class StatsController {
  constructor(
    private readonly settings: Settings,
    private readonly ledger: Ledger,
    private readonly cache: CacheService,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  async stats(): Promise<Stats> {
    return { api: this.settings.api, costs: this.ledger.costs(), cache: await this.cache.getStats() };
  }
}
