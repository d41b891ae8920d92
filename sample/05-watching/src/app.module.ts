import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { BlossomCacheModule, cacheConfigFromEnv } from 'nestjs-blossom-cache';
import { BlossomCacheHealthIndicator } from 'nestjs-blossom-cache/health';
import { BlossomCacheOtelModule } from 'nestjs-blossom-cache/otel';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';
import { QuotesController } from './quotes.controller.js';
import { QuotesService } from './quotes.service.js';

@Module({
  imports: [
    BlossomCacheModule.forRoot({
      ...cacheConfigFromEnv({ default: 'memory:' }),
      monitor: { every: '5m', hitRate: { below: 0.8 }, loadTime: { above: '2s' } },
    }),
    BlossomCacheOtelModule.forRoot({ traces: false }),
    TerminusModule,
  ],
  controllers: [QuotesController, HealthController, MetricsController],
  providers: [QuotesService, BlossomCacheHealthIndicator],
})
export class AppModule {}
