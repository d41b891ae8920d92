import { Controller, Get } from '@nestjs/common';
import { CacheService, type CacheStats } from 'nestjs-blossom-cache';

@Controller('stats')
export class StatsController {
  constructor(private readonly cache: CacheService) {}

  @Get()
  stats(): Promise<CacheStats> {
    return this.cache.getStats();
  }
}
