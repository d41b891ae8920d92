export interface City {
  id: number;
  name: string;
  /** ISO 3166 code of two letters. */
  country: string;
  population: number;
  lat: number;
  lon: number;
}

export interface Near {
  lat: number;
  lon: number;
  minPopulation: number;
  /** Nearest first. */
  cities: (City & { km: number })[];
}

export interface CountrySummary {
  country: string;
  cities: number;
  /** Of the places listed; parts of a city are places of their own in GeoNames. */
  population: number;
  percentiles: { p50: number; p90: number; p99: number };
  /** Where the country lies across the 180th meridian, `west` is greater than `east`, as in GeoJSON. */
  bounds: { south: number; west: number; north: number; east: number };
  biggest: Pick<City, 'id' | 'name' | 'population'>[];
}

/** What may be changed; what is left out stays. */
export interface CityChange {
  name?: string;
  population?: number;
}

/**
 * What "cities near a point" can be asked to leave out. Few steps, not any number: when a city grows past a step, the
 * lists of that step have to be forgotten, and a tag names them.
 */
export const POPULATION_STEPS = [1_000, 5_000, 15_000, 100_000, 1_000_000];
