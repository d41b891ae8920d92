import { Module } from '@nestjs/common';
import { BlossomCacheModule, cacheConfigFromEnv } from 'nestjs-blossom-cache';
import { AppController } from './app.controller.js';
import { CitiesModule } from './cities/cities.module.js';
import { DatabaseModule } from './database/database.module.js';
import { StatsController } from './stats/stats.controller.js';

@Module({
  imports: [
    BlossomCacheModule.forRoot(cacheConfigFromEnv({ default: 'memory:', ttl: '1h' })),
    DatabaseModule,
    CitiesModule,
  ],
  controllers: [AppController, StatsController],
})
export class AppModule {}
