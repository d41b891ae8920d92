import { Body, Controller, Get, NotFoundException, Param, Patch, Query, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor, CacheTags } from 'nestjs-blossom-cache';
import { CitiesService } from './cities.service.js';
import { cityTag, cityTags, populationTag, SEARCHES } from './city.tags.js';
import type { City, Near } from './city.js';
import { cityChange, integerBetween, numberBetween, populationStep, searchText } from './parameters.js';

const MAX_ID = 2 ** 31 - 1;

/** Whole responses are cached here, query results in the service below: a request that is not cached finds those still. */
@Controller('cities')
export class CitiesController {
  constructor(private readonly cities: CitiesService) {}

  @Get('near')
  @UseInterceptors(CacheInterceptor)
  @CacheTags.fromResult((near: Near) => [populationTag(near.minPopulation), ...cityTags(near.cities)])
  async near(
    @Query('lat') lat?: unknown,
    @Query('lon') lon?: unknown,
    @Query('minPopulation') minPopulation: unknown = '15000',
    @Query('limit') limit: unknown = '10',
  ): Promise<Near> {
    return this.cities.near(
      numberBetween('lat', lat, -90, 90),
      numberBetween('lon', lon, -180, 180),
      populationStep(minPopulation),
      integerBetween('limit', limit, 1, 100),
    );
  }

  @Get('search')
  @UseInterceptors(CacheInterceptor)
  @CacheTags(SEARCHES)
  @CacheTags.fromResult((cities: City[]) => cityTags(cities))
  async search(@Query('q') text?: unknown): Promise<City[]> {
    return this.cities.search(searchText(text));
  }

  @Get(':id')
  @UseInterceptors(CacheInterceptor)
  @CacheTags.fromResult((city: City) => [cityTag(city.id)])
  async findOne(@Param('id') id: string): Promise<City> {
    return this.existing(id);
  }

  /** Several cities by id: all of them, or none where one cannot be changed. */
  @Patch()
  async updateAll(@Body() body: unknown): Promise<City[]> {
    const changes = Object.entries(Object(body) as Record<string, unknown>);
    return this.cities.updateAll(
      new Map(changes.map(([id, change]) => [integerBetween('id', id, 1, MAX_ID), cityChange(change)])),
    );
  }

  @Patch(':id')
  async update(@Param('id') id: string, @Body() body: unknown): Promise<City> {
    const change = cityChange(body);
    const changed = await this.cities.update(await this.existing(id), change);
    return changed ?? unknownCity(id);
  }

  private async existing(text: string): Promise<City> {
    const id = integerBetween('id', text, 1, MAX_ID);
    return (await this.cities.findOne(id)) ?? unknownCity(text);
  }
}

function unknownCity(id: string): never {
  throw new NotFoundException(`There is no city ${id}`);
}
