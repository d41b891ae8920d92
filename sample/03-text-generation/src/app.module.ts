import { type DynamicModule, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR } from '@nestjs/core';
import { BlossomCacheModule, cacheConfigFromEnv } from 'nestjs-blossom-cache';
import { AnswersModule } from './answers/answers.module.js';
import { ApiErrorFilter } from './api/api-error.filter.js';
import { ChatModule } from './chat/chat.module.js';
import { ClassificationsModule } from './classifications/classifications.module.js';
import { EmbeddingsModule } from './embeddings/embeddings.module.js';
import { ServedInterceptor } from './http/served.interceptor.js';
import { Settings, SettingsModule } from './settings.js';
import { UserMiddleware } from './users/user.middleware.js';

@Module({
  imports: [
    BlossomCacheModule.forRootAsync({
      inject: [Settings],
      useFactory: ({ api, cachePrefix }: Settings) => ({
        // Answers are paid for: they are kept in files, where they survive a restart.
        ...cacheConfigFromEnv({ default: 'file:.data/answers?maxSizeMb=200', version: api }),
        ...(cachePrefix !== undefined && { prefix: cachePrefix }),
      }),
    }),
    AnswersModule,
    ChatModule,
    ClassificationsModule,
    EmbeddingsModule,
  ],
  providers: [
    { provide: APP_FILTER, useClass: ApiErrorFilter },
    { provide: APP_INTERCEPTOR, useClass: ServedInterceptor },
  ],
})
export class AppModule implements NestModule {
  static with(settings: Settings): DynamicModule {
    return { module: AppModule, imports: [SettingsModule.of(settings)] };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(UserMiddleware).forRoutes('*path');
  }
}
