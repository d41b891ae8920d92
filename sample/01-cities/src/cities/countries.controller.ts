import { Controller, Get, NotFoundException, Param, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor, CacheTags } from 'nestjs-blossom-cache';
import { CitiesService } from './cities.service.js';
import { countryTag } from './city.tags.js';
import type { CountrySummary } from './city.js';
import { countryCode } from './parameters.js';

@Controller('countries')
export class CountriesController {
  constructor(private readonly cities: CitiesService) {}

  @Get(':code')
  @UseInterceptors(CacheInterceptor)
  @CacheTags.fromResult((summary: CountrySummary) => [countryTag(summary.country)])
  async summary(@Param('code') code: string): Promise<CountrySummary> {
    const summary = await this.cities.summary(countryCode(code));
    if (!summary) throw new NotFoundException(`There is no city in ${code}`);
    return summary;
  }
}
