import { Module } from '@nestjs/common';
import { BlossomCacheModule } from 'nestjs-blossom-cache';
import { ApiModule } from '../api/api.module.js';
import { EmbeddingsController } from './embeddings.controller.js';
import { EmbeddingsService } from './embeddings.service.js';

@Module({
  imports: [ApiModule, BlossomCacheModule.forFeature({ namespace: 'embeddings' })],
  controllers: [EmbeddingsController],
  providers: [EmbeddingsService],
})
export class EmbeddingsModule {}
