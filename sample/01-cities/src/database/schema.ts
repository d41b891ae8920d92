import type { Extensions } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';

export const EXTENSIONS = { pg_trgm } satisfies Extensions;

/** Names the folder of a loaded database; goes up with every change of the schema or the data. */
export const SCHEMA_VERSION = 1;

export const CREATE_TABLE = `
  create extension pg_trgm;
  create table city (
    id integer primary key,
    name text not null,
    country text not null,
    population integer not null,
    lat double precision not null,
    lon double precision not null
  );
`;

/** Made after the rows, which is faster than growing them row by row. */
export const CREATE_INDEXES = `
  create index city_country on city (country);
  create index city_population on city (population);
  create index city_name on city using gin (name gin_trgm_ops);
  analyze city;
`;

export const INSERT_CITIES = `
  insert into city (id, name, country, population, lat, lon)
  select * from unnest($1::int[], $2::text[], $3::text[], $4::int[], $5::float8[], $6::float8[])
`;
