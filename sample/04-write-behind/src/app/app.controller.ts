import { Body, Controller, Get, HttpCode, NotFoundException, Param, Post, Put } from '@nestjs/common';
import { CacheService, type CacheStats } from 'nestjs-blossom-cache';
import { PagesService } from './pages.service.js';
import { ProfilesService, type Profile } from './profiles.service.js';

@Controller()
export class AppController {
  constructor(
    private readonly pages: PagesService,
    private readonly profiles: ProfilesService,
    private readonly cache: CacheService,
  ) {}

  /** Accepted: it will reach the database whatever happens to this process. */
  @Post('pages/:path/views')
  @HttpCode(202)
  async view(@Param('path') path: string): Promise<void> {
    await this.pages.view(path);
  }

  @Get('pages/:path/views')
  async views(@Param('path') path: string): Promise<{ views: number }> {
    return { views: await this.pages.views(path) };
  }

  @Put('profiles/:id')
  @HttpCode(202)
  async save(@Param('id') id: string, @Body() { name, changes }: Omit<Profile, 'id'>): Promise<void> {
    await this.profiles.save({ id, name: String(name), changes: Number(changes) });
  }

  @Get('profiles/:id')
  async profile(@Param('id') id: string): Promise<Profile> {
    const found = await this.profiles.findOne(id);
    if (found === undefined) throw new NotFoundException();
    return found;
  }

  @Get('stats')
  async stats(): Promise<CacheStats> {
    return this.cache.getStats();
  }
}
