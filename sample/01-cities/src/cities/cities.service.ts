import { Injectable, NotFoundException } from '@nestjs/common';
import { Cacheable, CacheEvict, CacheService, CacheTags, key } from 'nestjs-blossom-cache';
import { Database } from '../database/database.js';
import { FIND_ONE, NEAR, SEARCH, SUMMARY, UPDATE } from './city.queries.js';
import { cityTag, cityTags, countryTag, populationTag, SEARCHES, tagsOfStepsReached } from './city.tags.js';
import type { City, CityChange, CountrySummary, Near } from './city.js';

@Injectable()
export class CitiesService {
  constructor(
    private readonly database: Database,
    private readonly cache: CacheService,
  ) {}

  /** An id that nobody has is not worth a place in the cache. */
  @Cacheable({ unless: (city: City | undefined) => city === undefined })
  @CacheTags((id: number) => cityTag(id))
  async findOne(id: number): Promise<City | undefined> {
    const [city] = await this.database.query<City>(FIND_ONE, [id]);
    return city;
  }

  @Cacheable()
  @CacheTags((_lat: number, _lon: number, minPopulation: number) => populationTag(minPopulation))
  @CacheTags.fromResult((near: Near) => cityTags(near.cities))
  async near(lat: number, lon: number, minPopulation: number, limit: number): Promise<Near> {
    const cities = await this.database.query<Near['cities'][number]>(NEAR, [lat, lon, minPopulation, limit]);
    return { lat, lon, minPopulation, cities };
  }

  /** Upper and lower case find the same, so they share an entry. */
  @Cacheable({ key: (text: string) => key`search:${text.toLowerCase()}` })
  @CacheTags(SEARCHES)
  @CacheTags.fromResult((cities: City[]) => cityTags(cities))
  async search(text: string): Promise<City[]> {
    const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
    return this.database.query<City>(SEARCH, [text, pattern]);
  }

  @Cacheable({ unless: (summary: CountrySummary | undefined) => summary === undefined })
  @CacheTags((country: string) => countryTag(country))
  async summary(country: string): Promise<CountrySummary | undefined> {
    const [summary] = await this.database.query<CountrySummary>(SUMMARY, [country]);
    return summary;
  }

  /** The city is known when the call begins; which lists it grows into, only the database can say. */
  @CacheEvict({ tags: (city: City) => [cityTag(city.id), countryTag(city.country), SEARCHES] })
  async update(city: City, { name, population }: CityChange): Promise<City | undefined> {
    const [row] = await this.database.query<City & { before: number }>(UPDATE, [city.id, name, population]);
    if (!row) return undefined;
    const { before, ...changed } = row;
    await this.cache.invalidateTags(tagsOfStepsReached(before, changed.population));
    return changed;
  }

  /** All of them or none. What `update` forgets is forgotten when the database has committed, and not at all if it has not. */
  updateAll(changes: ReadonlyMap<number, CityChange>): Promise<City[]> {
    return this.cache.afterCommit(() =>
      this.database.transaction(async () => {
        const changed: City[] = [];
        for (const [id, change] of changes) {
          const city = await this.findOne(id);
          const after = city && (await this.update(city, change));
          if (!after) throw new NotFoundException(`There is no city ${id}`);
          changed.push(after);
        }
        return changed;
      }),
    );
  }
}
