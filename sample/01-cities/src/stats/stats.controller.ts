import { Controller, Get, Header } from '@nestjs/common';
import { CacheService, type CacheStats } from 'nestjs-blossom-cache';
import { Database } from '../database/database.js';

export interface Stats {
  sqlQueries: number;
  cache: CacheStats;
}

@Controller('stats')
export class StatsController {
  constructor(
    private readonly database: Database,
    private readonly cache: CacheService,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  async stats(): Promise<Stats> {
    return { sqlQueries: this.database.queryCount, cache: await this.cache.getStats() };
  }
}
