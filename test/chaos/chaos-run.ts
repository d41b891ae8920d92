import { CacheBackendError, CacheTimeoutError } from '../../lib/errors/cache.errors.js';
import { checkHistory } from '../../lib/testing/history/check-history.js';
import type { History } from '../../lib/testing/history/history.js';
import { Scheduler } from '../../lib/testing/time/scheduler.js';
import { CLIMATE_NAMES, CLIMATES, type Climate } from './climates.js';
import { Fleet, MAX_STALENESS } from './fleet.js';
import { COUNTER, LoadFailed, PLACES, Player } from './mix.js';
import { CALM } from './network.js';
import type { Plant } from './planted-bugs.js';

/** Milliseconds between two operations at most. */
const PAUSE = 8;
/** Milliseconds for which a node is kept from its backend at most. */
const PARTITION = 400;
/** Milliseconds by which a slow clock lets a value of twenty seconds live too long. */
const DRIFT = 30;
/** Milliseconds of virtual time that a run may take. */
const LONGEST = 600_000;

export interface ChaosOptions {
  readonly seed: number;
  readonly operations?: number;
  readonly plant?: Plant;
}

/** What came of a run; with what went wrong in words. */
export interface ChaosResult {
  readonly seed: number;
  readonly wrong: readonly string[];
  readonly history: History;
  readonly steps: number;
}

/** Lets three nodes do what the seed says, and checks what they were answered. */
export function runChaos({ seed, operations = 200, plant = {} }: ChaosOptions): Promise<ChaosResult> {
  const scheduler = new Scheduler(seed);
  const climate = CLIMATES[plant.climate ?? scheduler.random.pick(CLIMATE_NAMES)];
  const run = new ChaosRun(new Fleet(scheduler, climate.weather, plant), climate);
  return scheduler.run(run.run(operations), LONGEST);
}

class ChaosRun {
  readonly #unexpected: string[] = [];
  readonly #player: Player;

  constructor(
    private readonly fleet: Fleet,
    private readonly climate: Climate,
  ) {
    this.#player = new Player(fleet.scheduler);
  }

  async run(operations: number): Promise<ChaosResult> {
    const { scheduler, recorder } = this.fleet;
    await this.#play(operations);
    await this.#calmDown();
    const apart = await this.#differences();
    await this.#each(({ recorded }) => recorded.namespace(COUNTER.namespace).increment(COUNTER.key, 0));
    await this.fleet.close();
    const { history } = recorder;
    const violations = checkHistory(history, { maxStaleness: MAX_STALENESS + 1, overrun: DRIFT, fleet: true });
    const wrong = [...violations.map(({ message }) => message), ...apart, ...this.#unexpected];
    return { seed: scheduler.seed, wrong, history, steps: scheduler.steps };
  }

  async #play(operations: number): Promise<void> {
    const { random } = this.fleet.scheduler;
    const running: Promise<void>[] = [];
    for (let count = 0; count < operations; count += 1) {
      await this.fleet.scheduler.delay(random.integer(0, PAUSE));
      if (random.chance(this.climate.restart)) this.fleet.restart();
      if (random.chance(this.climate.partition)) running.push(this.#partition());
      running.push(this.#expecting(() => this.#player.play(random.pick(this.fleet.nodes).recorded)));
    }
    await Promise.all(running);
  }

  async #partition(): Promise<void> {
    const { random } = this.fleet.scheduler;
    await this.fleet.partition(random.pick(this.fleet.nodes), random.integer(20, PARTITION));
  }

  /** Nothing fails any more; whoever had trouble finds out, and delivers what is pending. */
  async #calmDown(): Promise<void> {
    const { network, scheduler, nodes } = this.fleet;
    network.weather = CALM;
    if (this.climate !== CLIMATES.calm) await scheduler.delay(2_500);
    for (let waited = 0; nodes.some(({ pending }) => pending > 0); waited += 1) {
      if (waited === 20) return void this.#unexpected.push('evictions are pending for ever');
      await scheduler.delay(500);
    }
    await scheduler.delay(2 * MAX_STALENESS);
  }

  /** Where nodes do not agree on a value, also when they are asked again. */
  async #differences(): Promise<readonly string[]> {
    if ((await this.#disagreements()).length === 0) return [];
    await this.fleet.scheduler.delay(2 * MAX_STALENESS);
    return this.#disagreements();
  }

  async #disagreements(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const { namespace, key } of PLACES) {
      const values = await this.#each(async ({ recorded: { cache } }) => {
        const value = await (namespace === '' ? cache : cache.namespace(namespace)).get(key);
        return JSON.stringify(value ?? null);
      });
      if (new Set(values).size > 1) found.push(`nodes disagree on '${namespace}:${key}': ${values.join(', ')}`);
    }
    return found;
  }

  #each<T>(ask: (node: Fleet['nodes'][number]) => Promise<T>): Promise<T[]> {
    return Promise.all(this.fleet.nodes.map(ask));
  }

  async #expecting(play: () => Promise<void>): Promise<void> {
    try {
      await play();
    } catch (error) {
      const expected = [CacheBackendError, CacheTimeoutError, LoadFailed].some((type) => error instanceof type);
      if (!expected) this.#unexpected.push(String((error as Error).stack));
    }
  }
}
