import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict, CacheTags } from 'nestjs-blossom-cache';
import type { City, CountrySummary } from './city.js';
import { Database } from './database.js';

const cityTag = (id: number) => `city:${id}`;
const countryTag = (code: string) => `country:${code}`;

@Injectable()
export class CitiesService {
  constructor(private readonly database: Database) {}

  @Cacheable({ unless: (city: City | undefined) => city === undefined })
  @CacheTags((id: number) => cityTag(id))
  async findOne(id: number): Promise<City | undefined> {
    const [city] = await this.database.query<City>('select * from city where id = ?', id);
    return city;
  }

  @Cacheable()
  @CacheTags((code: string) => countryTag(code))
  async summary(code: string): Promise<CountrySummary | undefined> {
    const [summary] = await this.database.query<CountrySummary>(
      'select country, count(*) as cities, sum(population) as population from city where country = ? group by country',
      code,
    );
    return summary;
  }

  @CacheEvict({ tags: (city: City) => [cityTag(city.id), countryTag(city.country)] })
  async resize(city: City, population: number): Promise<void> {
    await this.database.query('update city set population = ? where id = ?', population, city.id);
  }
}
