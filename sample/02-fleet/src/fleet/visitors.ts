import { setTimeout as sleep } from 'node:timers/promises';
import type { City } from '../app/city.js';
import type { Instance } from './instance.js';

const VISITORS = 20;
/** Of all requests, the share that changes a city. */
const CHANGES = 0.01;
/** Milliseconds that a visitor looks at an answer. */
const PAUSE = 5;

/** What came of the requests of a while. */
export interface Visits {
  requests: number;
  failed: number;
  /** Milliseconds of the slowest. */
  slowest: number;
}

/** Visitors who ask all instances for cities, the big ones more often, until the signal says that it is enough. */
export async function visit(
  instances: readonly Instance[],
  cities: readonly City[],
  enough: AbortSignal,
): Promise<Visits> {
  const visits: Visits = { requests: 0, failed: 0, slowest: 0 };
  const visitor = async () => {
    while (!enough.aborted) {
      await request(instances, cities, visits);
      await sleep(PAUSE);
    }
  };
  await Promise.all(Array.from({ length: VISITORS }, visitor));
  return visits;
}

async function request(instances: readonly Instance[], cities: readonly City[], visits: Visits): Promise<void> {
  const instance = instances[Math.floor(Math.random() * instances.length)]!;
  const city = cities[Math.floor(cities.length * Math.random() ** 3)]!;
  const began = performance.now();
  visits.requests += 1;
  try {
    if (Math.random() < CHANGES) await instance.resize(city, city.population);
    else await instance.get(`/cities/${city.id}`);
  } catch {
    visits.failed += 1;
  }
  visits.slowest = Math.max(visits.slowest, performance.now() - began);
}
