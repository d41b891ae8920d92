import fc, { type Scheduler } from 'fast-check';
import { expect } from 'vitest';
import type { CacheService } from '../../lib/cache/cache.service.js';
import { CacheBackendError } from '../../lib/errors/cache.errors.js';

/** What a client of the cache does next, and on which node. */
export type Step =
  | { do: 'read'; node: number; key: string; tags: 'early' | 'late'; fresh: boolean }
  | { do: 'change'; node: number; key: string; by: 'delete' | 'deleteMany' | 'tag' | 'clear' | 'set' | 'take' }
  | { do: 'put'; node: number; key: string };

const key = fc.constantFrom('a', 'b');
export const node = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), node, key, tags: fc.constantFrom('early' as const, 'late' as const), fresh: fc.boolean() }) }, // prettier-ignore
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const), node, key, by: fc.constantFrom('delete' as const, 'deleteMany' as const, 'tag' as const, 'clear' as const, 'set' as const, 'take' as const) }) }, // prettier-ignore
  { weight: 1, arbitrary: fc.record({ do: fc.constant('put' as const), node, key }) },
);

/** The source of truth: how often each entry was changed. */
class Source {
  readonly #versions = new Map<string, number>();

  version(of: string): number {
    return this.#versions.get(of) ?? 0;
  }

  change(of: string): number {
    this.#versions.set(of, this.version(of) + 1);
    return this.version(of);
  }
}

/** For each key the oldest version that a call which starts now, on that node, may be given. */
export interface Floors {
  of(key: string, node: number): number;
  /** The cache has acknowledged on that node that it knows of this version. */
  acknowledged(key: string, version: number, node: number): void;
}

/** What one node was told counts for all. */
export class CommonFloors implements Floors {
  readonly #floors = new Map<string, number>();

  of(key: string): number {
    return this.#floors.get(key) ?? 0;
  }

  acknowledged(key: string, version: number): void {
    this.#floors.set(key, Math.max(this.of(key), version));
  }
}

/** Clients of one or several nodes of a cache, whose order of events is the scheduler's. */
export class World {
  readonly source = new Source();
  readonly broken: string[] = [];

  constructor(
    private readonly nodes: readonly CacheService[],
    private readonly scheduler: Scheduler,
    private readonly floors: Floors = new CommonFloors(),
    /** How long a load takes, in steps of the scheduler. */
    private readonly loadTime = 1,
  ) {}

  async run(step: Step): Promise<void> {
    const node = step.node % this.nodes.length;
    const cache = this.nodes[node]!;
    if (step.do === 'read') return this.#read(cache, step, node);
    const change = step.do === 'put' ? this.#put(cache, step.key) : this.#change(cache, step.key, step.by);
    try {
      this.floors.acknowledged(step.key, await change, node);
    } catch (error) {
      // What its caller is told has failed is not acknowledged.
      if (!(error instanceof CacheBackendError)) throw error;
    }
  }

  async #read(cache: CacheService, { key: of, tags, fresh }: Step & { do: 'read' }, node: number): Promise<void> {
    const floor = this.floors.of(of, node);
    const options = { forceFresh: fresh, ...(tags === 'early' ? { tags: [of] } : {}) };
    const version = await cache.getOrSet(
      of,
      async (context) => {
        const read = this.source.version(of);
        for (let i = 0; i < this.loadTime; i += 1) await this.#pause(`load ${of}`);
        if (tags === 'late') context.setTags([of]);
        return read;
      },
      options,
    );
    if (version < floor) this.broken.push(`${of} on ${node}: got ${version} after ${floor} was acknowledged`);
  }

  async #put(cache: CacheService, of: string): Promise<number> {
    let written = 0;
    const write = async (): Promise<number> => {
      await this.#pause(`write ${of}`);
      written = this.source.change(of);
      await this.#pause(`written ${of}`);
      return written;
    };
    await cache.write(of, write, { tags: [of] }, { operation: 'put', strict: false });
    return written;
  }

  async #change(cache: CacheService, of: string, by: (Step & { do: 'change' })['by']): Promise<number> {
    const version = this.source.change(of);
    if (by === 'delete') await cache.delete(of);
    else if (by === 'deleteMany') await cache.deleteMany([of, 'other']);
    else if (by === 'take') await cache.take(of);
    else if (by === 'clear') await cache.clear();
    else if (by === 'set') await this.#set(cache, of, version);
    else await cache.invalidateTags([of]);
    return version;
  }

  /** Two writers that both set by hand race: the one that changed the source last must be the one to set last. */
  async #set(cache: CacheService, of: string, version: number): Promise<void> {
    await cache.set(of, version, { tags: [of] });
    if (this.source.version(of) !== version) await cache.delete(of);
  }

  async #pause(label: string): Promise<void> {
    await this.scheduler.schedule(Promise.resolve(), label);
  }
}

/** Across a network a value set by hand may be overtaken on its way by a newer one: that is for its writer to know. */
export function byNetwork(step: Step): Step {
  return step.do === 'change' && step.by === 'set' ? { ...step, by: 'delete' } : step;
}

/** Takes all the steps at once, in whatever order, and expects that no promise is broken. */
export async function play<S extends { readonly do: string }>(
  world: World,
  scheduler: Scheduler,
  steps: readonly S[],
  run: (step: S) => Promise<void>,
): Promise<void> {
  const running = steps.map(async (next, index) => {
    await scheduler.schedule(Promise.resolve(), `step ${index} ${next.do}`);
    await run(next);
  });
  await scheduler.waitFor(Promise.all(running));
  expect(world.broken).toEqual([]);
}

export const steps = fc.array(step, { minLength: 2, maxLength: 14 });
/** Everybody at one entry, which learns its tag late and is invalidated by it: few orders of events are harmless. */
export const crowd = fc
  .array(fc.record({ node, reads: fc.boolean() }), { minLength: 4, maxLength: 12 })
  .map((chosen): Step[] =>
    chosen.map(({ node: at, reads }) =>
      reads
        ? { do: 'read', node: at, key: 'a', tags: 'late', fresh: false }
        : { do: 'change', node: at, key: 'a', by: 'tag' },
    ),
  );
