import { setTimeout as sleep } from 'node:timers/promises';
import type { City, CountrySummary } from '../app/city.js';
import type { Fleet } from './fleet.js';
import type { Instance } from './instance.js';
import { visit, type Visits } from './visitors.js';

const LYON = { id: 2996944 };
const FRANCE = '/countries/FR';
const AT_ONCE = 300;
const EVICTIONS = 20;
const LOAD_MS = 3_000;
const FROZEN_MS = 2_500;
const CITIES = 100;
/** `maxStaleness` of the cache, and what a busy machine adds. */
const STALE_MS = 1_000;
const BUSY_MS = 500;
/** A request reads, takes a lease and stores: each of them may wait for `commandTimeout`, 500 ms, once. */
const SLOWEST_MS = 3 * 500 + BUSY_MS;
/** Evictions are delivered by an attempt every 2 s at the latest. */
const DELIVERED_MS = 5_000;

/** What was done, what was seen, and whether it came as promised. */
export interface Chapter {
  readonly title: string;
  readonly seen: string;
  readonly promised: string;
  readonly kept: boolean;
}

/** What a fleet does, told by asking it. */
export class Story {
  readonly chapters: Chapter[] = [];

  private cities: City[] = [];

  constructor(private readonly fleet: Fleet) {}

  /** While Redis is well. */
  async beginning(): Promise<void> {
    this.cities = await this.fleet.biggest(CITIES);
    await this.oneLoad('a cold city', `/cities/${LYON.id}`, 1);
    await this.oneLoad('a cold country', FRANCE, 1);
    await this.oneLoad('the same again', FRANCE, 0);
    await this.evictions();
    await this.everydayLoad();
  }

  private async oneLoad(title: string, path: string, wanted: number): Promise<void> {
    const { instances } = this.fleet;
    const before = await this.fleet.queries();
    const began = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, (_, turn) => instances[turn % instances.length]!.get(path)));
    const ms = performance.now() - began;
    const queries = (await this.fleet.queries()) - before;
    this.add({
      title: `${title}: ${AT_ONCE} ask 3 instances at once`,
      seen: `${queries} SQL, ${ms.toFixed(0)} ms for all`,
      promised: `${wanted} SQL`,
      kept: queries === wanted,
    });
  }

  /** One instance changes Lyon; how long until the others show it, in the list of France, too. */
  private async evictions(): Promise<void> {
    const times: number[] = [];
    let own = true;
    for (let round = 0; round < EVICTIONS; round += 1) {
      const [changer, ...others] = this.rotated(round);
      await Promise.all(this.fleet.instances.map((instance) => shown(instance)));
      const people = (await changer!.get<CountrySummary>(FRANCE)).population;
      const { population } = await changer!.get<City>(`/cities/${LYON.id}`);
      await changer!.resize(LYON, population + 1);
      const began = performance.now();
      const seen = others.map(async (other) => (await until(other, population + 1, people + 1)) - began);
      times.push(Math.max(...(await Promise.all(seen))));
      own &&= (await shown(changer!)) === `${population + 1} ${people + 1}`;
    }
    const [median, slowest] = [times.toSorted((a, b) => a - b)[EVICTIONS / 2]!, Math.max(...times)];
    this.add({
      title: `Lyon grows on one, ${EVICTIONS} times: all others show it`,
      seen: `after ${median.toFixed(1)} ms (median), ${slowest.toFixed(1)} ms (slowest)`,
      promised: `less than ${STALE_MS} ms`,
      kept: own && slowest < STALE_MS,
    });
  }

  private async everydayLoad(): Promise<void> {
    const before = await this.fleet.queries();
    const visits = await visit(this.fleet.instances, this.cities, AbortSignal.timeout(LOAD_MS));
    const queries = (await this.fleet.queries()) - before;
    this.add({
      title: `20 visitors for ${LOAD_MS / 1_000} s, one request of 100 changes a city`,
      seen: `${describe(visits)}, ${queries} SQL`,
      promised: 'none failed, SQL for few',
      kept: visits.failed === 0 && queries < visits.requests / 3,
    });
  }

  /** Redis stops, and comes back. */
  async outage(): Promise<void> {
    const [changer, ...others] = this.fleet.instances;
    const { population } = await changer!.get<City>(`/cities/${LYON.id}`);
    const people = (await changer!.get<CountrySummary>(FRANCE)).population;
    await Promise.all(this.fleet.instances.map((instance) => shown(instance)));
    this.fleet.redis.freeze();
    const visiting = visit(this.fleet.instances, this.cities, AbortSignal.timeout(FROZEN_MS));
    await sleep(200);
    await changer!.resize(LYON, population + 1);
    const changed = performance.now();
    const own = await changer!.get<City>(`/cities/${LYON.id}`);
    const seen = others.map(async (other) => (await until(other, population + 1, people + 1)) - changed);
    const late = Math.max(...(await Promise.all(seen)));
    const visits = await visiting;
    const pending = await this.fleet.pendingEvictions();
    this.add({
      title: `Redis frozen for ${FROZEN_MS / 1_000} s, the same visitors`,
      seen: describe(visits),
      promised: `none failed, none over ${SLOWEST_MS} ms`,
      kept: visits.failed === 0 && visits.slowest < SLOWEST_MS,
    });
    this.add({
      title: 'meanwhile Lyon grows on A',
      seen: `A: ${own.population === population + 1 ? 'at once' : 'not at once'}, B and C: after ${late.toFixed(0)} ms`,
      promised: `at once, and within maxStaleness (${STALE_MS} ms)`,
      kept: own.population === population + 1 && late < STALE_MS + BUSY_MS,
    });
    await this.thawed(pending, `${population + 1} ${people + 1}`);
  }

  private async thawed(pending: number, wanted: string): Promise<void> {
    this.fleet.redis.thaw();
    const began = performance.now();
    while ((await this.fleet.pendingEvictions()) > 0 && performance.now() - began < DELIVERED_MS) await sleep(20);
    const ms = performance.now() - began;
    const left = await this.fleet.pendingEvictions();
    this.add({
      title: 'Redis is back: evictions are delivered',
      seen: `${pending} pending, ${left} left after ${ms.toFixed(0)} ms`,
      promised: 'some pending, none left',
      kept: pending > 0 && left === 0,
    });
    const stale = (await Promise.all(this.fleet.instances.map(shown))).filter((one) => one !== wanted);
    await sleep(100);
    const before = await this.fleet.queries();
    await Promise.all(this.fleet.instances.map(shown));
    const queries = (await this.fleet.queries()) - before;
    this.add({
      title: 'all are asked for Lyon and France again, twice',
      seen: `${stale.length} show it as it was, ${queries} SQL the second time`,
      promised: 'none, 0 SQL',
      kept: stale.length === 0 && queries === 0,
    });
  }

  private rotated(round: number): Instance[] {
    const { instances } = this.fleet;
    return instances.map((_, turn) => instances[(round + turn) % instances.length]!);
  }

  private add(chapter: Chapter): void {
    this.chapters.push(chapter);
    console.log(`  ${chapter.kept ? '✓' : '✗'} ${chapter.title}`);
  }
}

/** The people of Lyon and of France, as one instance shows them. */
async function shown(instance: Instance): Promise<string> {
  const city = await instance.get<City>(`/cities/${LYON.id}`);
  const country = await instance.get<CountrySummary>(FRANCE);
  return `${city.population} ${country.population}`;
}

/** When an instance showed this, or long after it should have. */
async function until(instance: Instance, population: number, people: number): Promise<number> {
  const deadline = performance.now() + DELIVERED_MS;
  while ((await shown(instance)) !== `${population} ${people}` && performance.now() < deadline) await sleep(0);
  return performance.now();
}

function describe({ requests, failed, slowest }: Visits): string {
  return `${requests} requests, ${failed} failed, slowest ${slowest.toFixed(0)} ms`;
}
