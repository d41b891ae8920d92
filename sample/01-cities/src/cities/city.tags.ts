import { type City, POPULATION_STEPS } from './city.js';

/** Everything that shows this city. */
export const cityTag = (id: number) => `city:${id}`;

/** Everything that sums up this country. */
export const countryTag = (code: string) => `country:${code}`;

/** Lists of cities with at least so many inhabitants, whichever cities are in them. */
export const populationTag = (step: number) => `population:${step}`;

/** Every answer to a search: a city that changes may belong in one it was not in. */
export const SEARCHES = 'searches';

export const cityTags = (cities: readonly Pick<City, 'id'>[]) => cities.map((city) => cityTag(city.id));

/** The lists that a city belongs in from now on, and did not before. */
export const tagsOfStepsReached = (before: number, after: number) =>
  POPULATION_STEPS.filter((step) => before < step && step <= after).map(populationTag);
