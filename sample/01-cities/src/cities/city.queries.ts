const COLUMNS = 'id, name, country, population, lat, lon';

export const FIND_ONE = `select ${COLUMNS} from city where id = $1`;

/** $1 latitude, $2 longitude, $3 least population, $4 limit. The distance is the haversine on a sphere, in km. */
export const NEAR = `
  select ${COLUMNS}, round(km::numeric, 2)::float8 as km
  from (
    select *, 2 * 6371.0088 * asin(least(1, sqrt(
      sin(radians(lat - $1) / 2) ^ 2 +
      cos(radians($1)) * cos(radians(lat)) * sin(radians(lon - $2) / 2) ^ 2
    ))) as km
    from city
    where population >= $3
  ) as measured
  order by measured.km, id
  limit $4
`;

/** $1 the text, $2 the text as a pattern. Finds what contains it and what is spelt alike. */
export const SEARCH = `
  select ${COLUMNS}
  from city
  where name ilike $2 or name % $1
  order by similarity(name, $1) desc, population desc, id
  limit 20
`;

/**
 * $1 the country. West and east are the two sides of the widest gap between neighbouring longitudes, so that countries
 * across the 180th meridian come out right.
 */
export const SUMMARY = `
  with here as (select * from city where country = $1),
  gaps as (
    select
      lon as east,
      coalesce(lead(lon) over in_order, first_value(lon) over in_order) as west,
      coalesce(lead(lon) over in_order, first_value(lon) over in_order + 360) - lon as width
    from here
    window in_order as (order by lon)
  ),
  sides as (select west, east from gaps order by width desc limit 1),
  top as (select id, name, population from here order by population desc, id limit 5)
  select
    $1 as country,
    count(*) as cities,
    sum(population) as population,
    json_build_object(
      'p50', round(percentile_cont(0.50) within group (order by population)),
      'p90', round(percentile_cont(0.90) within group (order by population)),
      'p99', round(percentile_cont(0.99) within group (order by population))
    ) as percentiles,
    json_build_object(
      'south', min(lat), 'west', (select west from sides),
      'north', max(lat), 'east', (select east from sides)
    ) as bounds,
    (select json_agg(top) from top) as biggest
  from here
  having count(*) > 0
`;

/** $1 id, $2 name or null, $3 population or null. */
export const UPDATE = `
  update city
  set name = coalesce($2, name), population = coalesce($3, population)
  where id = $1
  returning new.*, old.population as before
`;
