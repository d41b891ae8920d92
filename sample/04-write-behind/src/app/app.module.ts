import { Module } from '@nestjs/common';
import { BlossomCacheModule } from 'nestjs-blossom-cache';
import { AppController } from './app.controller.js';
import { Database } from './database.js';
import { PagesService } from './pages.service.js';
import { ProfilesService } from './profiles.service.js';

@Module({
  imports: [BlossomCacheModule.forRoot({ ttl: '1h', writeBehind: { journal: 'file', dir: process.env.JOURNAL_DIR } })],
  controllers: [AppController],
  providers: [Database, PagesService, ProfilesService],
})
export class AppModule {}
