import type { City, CountrySummary, Near } from '../cities/city.js';
import { bypass, change, type Check, hit, miss, oneLoad, transaction, uncached } from './checks.js';
import { table } from './table.js';
import type { Visit, Visitor } from './visitor.js';

const NEAR_LYON = '/cities/near?lat=45.76&lon=4.84';
const FRANCE = '/countries/FR';
const LYON = '/cities/2996944';
const VILLEURBANNE = '/cities/2968254';
const NOWHERE = '2147483647';

const populationOf = (city: unknown) => (city as City).population;
const peopleOf = (country: unknown) => (country as CountrySummary).population;
const populationIn = (near: unknown) => (near as Near).cities.find(({ id }) => LYON.endsWith(`/${id}`))?.population;

const idOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** A walk through what the cache does, over the app's own HTTP. The first step that goes otherwise ends it. */
export class Tour {
  private readonly rows: string[][] = [];

  constructor(
    private readonly visitor: Visitor,
    private readonly cacheIsOn: boolean,
  ) {}

  /** The steps gone so far. */
  toString(): string {
    return table(['Step', 'Request', 'X-Cache', 'ms', 'SQL'], this.rows);
  }

  async run(): Promise<void> {
    await this.get('nobody asked yet', NEAR_LYON, miss);
    await this.get('asked again', NEAR_LYON, hit);
    await this.getWithCookie('asked with a cookie', NEAR_LYON, bypass);
    await this.getAtOnce('50 ask at once', 50, FRANCE, oneLoad);
    await this.aCityGrows();
    await this.twoCitiesGrow();
  }

  private async aCityGrows(): Promise<void> {
    await this.get('Lyon', LYON, miss);
    await this.get('Villeurbanne, next door', VILLEURBANNE, miss);
    const before = populationOf((await this.visitor.get(LYON)).body);
    const people = peopleOf((await this.visitor.get(FRANCE)).body);
    try {
      await this.patch('Lyon grows', LYON, { population: before + 1 });
      await this.get('Lyon shows it', LYON, miss, populationOf, before + 1);
      await this.get('the list shows it', NEAR_LYON, miss, populationIn, before + 1);
      await this.get('the sum shows it', FRANCE, miss, peopleOf, people + 1);
      await this.get('Villeurbanne, untouched', VILLEURBANNE, hit);
    } finally {
      await this.patch('Lyon as it was', LYON, { population: before });
    }
    await this.get('Lyon shows it', LYON, miss, populationOf, before);
  }

  /** In one transaction, which the first time is rolled back: one of the two is not there. */
  private async twoCitiesGrow(): Promise<void> {
    const cities = [LYON, VILLEURBANNE];
    const before = await Promise.all(cities.map(async (path) => populationOf((await this.visitor.get(path)).body)));
    const grown = (paths: string[], by: number) =>
      Object.fromEntries(paths.map((path, index) => [idOf(path), { population: before[index]! + by }]));
    await this.patchAll('Lyon and nowhere grow', grown([LYON, NOWHERE], 2), 404);
    await this.get('Lyon, rolled back', LYON, hit, populationOf, before[0]);
    try {
      await this.patchAll('Lyon and Villeurbanne', grown(cities, 2));
      await this.get('Lyon shows it', LYON, miss, populationOf, before[0]! + 2);
      await this.get('so does Villeurbanne', VILLEURBANNE, miss, populationOf, before[1]! + 2);
    } finally {
      await this.patchAll('both as they were', grown(cities, 0));
    }
  }

  private async get(title: string, path: string, check: Check, read?: (body: unknown) => unknown, value?: number) {
    const { body } = await this.step(title, `GET ${path}`, () => this.visitor.get(path), check);
    if (read && read(body) !== value) throw new Error(`GET ${path}: promised ${value}, saw ${read(body)}`);
  }

  private getWithCookie(title: string, path: string, check: Check): Promise<Visit> {
    return this.step(title, `GET ${path}`, () => this.visitor.get(path, { cookie: 'session=1' }), check);
  }

  private getAtOnce(title: string, times: number, path: string, check: Check): Promise<Visit> {
    return this.step(title, `GET ${path} × ${times}`, () => this.visitor.getAtOnce(times, path), check);
  }

  private patch(title: string, path: string, body: object): Promise<Visit> {
    return this.step(title, `PATCH ${path}`, () => this.visitor.patch(path, body), change);
  }

  private patchAll(title: string, body: object, status = 200): Promise<Visit> {
    return this.step(title, 'PATCH /cities', () => this.visitor.patchWith(status, '/cities', body), transaction);
  }

  private async step(title: string, request: string, ask: () => Promise<Visit>, ifCached: Check): Promise<Visit> {
    const visit = await ask();
    const { xCache, ms, sqlQueries } = visit;
    this.rows.push([title, request, xCache || '–', ms.toFixed(1), String(sqlQueries)]);
    const check = this.cacheIsOn ? ifCached : uncached;
    if (check.holds(visit)) return visit;
    throw new Error(
      `"${title}": promised ${check.promise}; saw X-Cache ${xCache || '–'} and ${sqlQueries} SQL queries`,
    );
  }
}
