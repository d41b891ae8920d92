import { Module } from '@nestjs/common';
import { BlossomCacheModule, cacheConfigFromEnv } from 'nestjs-blossom-cache';
import { CitiesController } from './cities.controller.js';
import { CitiesService } from './cities.service.js';
import { Database } from './database.js';
import { StatsController } from './stats.controller.js';

@Module({
  imports: [BlossomCacheModule.forRoot(cacheConfigFromEnv({ ttl: '1h' }))],
  controllers: [CitiesController, StatsController],
  providers: [CitiesService, Database],
})
export class AppModule {}
