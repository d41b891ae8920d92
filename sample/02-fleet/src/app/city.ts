export interface City {
  id: number;
  name: string;
  /** ISO 3166 code of two letters. */
  country: string;
  population: number;
}

export interface CountrySummary {
  country: string;
  cities: number;
  population: number;
}
