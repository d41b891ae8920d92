import {
  BadRequestException,
  Body,
  Controller,
  Get,
  NotFoundException,
  Param,
  ParseIntPipe,
  Patch,
} from '@nestjs/common';
import { CitiesService } from './cities.service.js';
import type { City, CountrySummary } from './city.js';

@Controller()
export class CitiesController {
  constructor(private readonly cities: CitiesService) {}

  @Get('cities/:id')
  async findOne(@Param('id', ParseIntPipe) id: number): Promise<City> {
    const city = await this.cities.findOne(id);
    if (!city) throw new NotFoundException(`There is no city ${id}`);
    return city;
  }

  @Get('countries/:code')
  async summary(@Param('code') code: string): Promise<CountrySummary> {
    const summary = await this.cities.summary(code.toUpperCase());
    if (!summary) throw new NotFoundException(`There is no city in ${code}`);
    return summary;
  }

  @Patch('cities/:id')
  async resize(@Param('id', ParseIntPipe) id: number, @Body('population') population: unknown): Promise<City> {
    if (!Number.isSafeInteger(population) || Number(population) < 0) {
      throw new BadRequestException('population: a whole number');
    }
    const city = await this.findOne(id);
    await this.cities.resize(city, Number(population));
    return this.findOne(id);
  }
}
