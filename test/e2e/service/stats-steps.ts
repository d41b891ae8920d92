import * as fc from 'fast-check';
import type { CacheService } from '../../../lib/index.js';
import type { FakeClock } from '../../support/fake-clock.js';
import type { StatsModel, Terms } from './stats-model.js';

/** One thing that is done to a cache and to its model; what it answers is compared, too. */
export interface Step {
  readonly text: string;
  readonly on: (cache: CacheService, clock: FakeClock) => unknown;
  readonly as: (model: StatsModel) => unknown;
  [fc.toStringMethod]?(): string;
}

type Plain = Pick<Terms, 'ttl' | 'grace' | 'tags'>;

const place = fc.constantFrom('', 'n', 'n:m');
const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const keys = fc.array(key, { maxLength: 6 });
const tags = fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { maxLength: 2 });
const weight = fc.integer({ min: 0, max: 12 });
const ttl = fc.constantFrom(0, 700, 1_000, 2_500, 60_000, Infinity);

/** `grace` only where asked for: what is past its ttl and still there makes the order of uses another. */
function termsArbitrary(grace: boolean): fc.Arbitrary<Plain> {
  return fc.record({ ttl, grace: grace ? fc.constantFrom(0, 0, 1_500, Infinity) : fc.constant(0), tags });
}

const optionsOf = ({ ttl, grace, tags }: Plain): { ttl: number; grace: number; tags: readonly string[] } => ({
  ttl: ttl / 1_000,
  grace: grace / 1_000,
  tags,
});

const at = (cache: CacheService, namespace: string): CacheService =>
  namespace === '' ? cache : namespace.split(':').reduce((outer, name) => outer.namespace(name), cache);

/** What has ended is reclaimed as such, before it is reclaimed for another reason, or is not counted any more. */
const reclaimed = (cache: CacheService): Promise<unknown> => cache.getStats();

const failed = new Error('a load that fails');

/** Loads in the model: what is missing is loaded and stored. */
function load(model: StatsModel, ns: string, k: string, value: number | undefined, terms: Plain): unknown {
  const found = model.read(ns, k);
  if (found !== undefined) return found;
  if (value === undefined) {
    model.counts.loadFailures += 1;
    return failed.message;
  }
  model.counts.loads += 1;
  model.put(ns, k, value, terms);
  return value;
}

const text = (name: string, ...args: unknown[]): string => `${name} ${args.map((arg) => fc.stringify(arg)).join(' ')}`;

/**
 * What one caller may do, one thing at a time.
 * @param about.limited whether entries have to make room for others: then none is in the way that is not fresh
 */
export function stepArbitrary({ limited }: { readonly limited: boolean }): fc.Arbitrary<Step> {
  const terms = termsArbitrary(!limited);
  const reads: fc.Arbitrary<Step>[] = [
    fc.tuple(place, key).map(([ns, k]) => ({
      text: text('get', ns, k),
      on: (cache) => at(cache, ns).get(k),
      as: (model) => model.read(ns, k),
    })),
    fc.tuple(place, keys).map(([ns, ks]) => ({
      text: text('getMany', ns, ks),
      on: async (cache) => [...(await at(cache, ns).getMany(ks))],
      as: (model) => [...new Set(ks)].map((k) => [k, model.read(ns, k)]).filter(([, value]) => value !== undefined),
    })),
    fc.tuple(place, key).map(([ns, k]) => ({
      text: text('exists', ns, k),
      on: (cache) => at(cache, ns).exists(k),
      as: (model) => model.look(ns, k) !== undefined,
    })),
    fc.tuple(place, key).map(([ns, k]) => ({
      text: text('ttl', ns, k),
      on: async (cache) => (await at(cache, ns).ttl(k)) !== undefined,
      as: (model) => model.look(ns, k) !== undefined,
    })),
    fc.tuple(place, key, fc.option(weight, { nil: undefined }), terms).map(([ns, k, value, t]) => ({
      text: text('getOrSet', ns, k, value, t),
      on: (cache) =>
        at(cache, ns)
          .getOrSet(k, () => value ?? Promise.reject(failed), { ttl: t.ttl / 1_000, tags: t.tags })
          .catch((error: Error) => error.message),
      as: (model) => load(model, ns, k, value, { ...t, grace: 0 }),
    })),
    fc.tuple(place, keys, weight, terms).map(([ns, ks, value, t]) => ({
      text: text('getOrSetMany', ns, ks, value, t),
      on: async (cache) => {
        const asked: (readonly string[])[] = [];
        const loader = (missing: readonly string[]): Map<string, number> => {
          asked.push(missing);
          return new Map(missing.map((k) => [k, value]));
        };
        const found = await at(cache, ns).getOrSetMany(ks, loader, { ttl: t.ttl / 1_000, tags: t.tags });
        return { asked, found: [...found] };
      },
      as: (model) => {
        const found = [...new Set(ks)].map((k): [string, number | undefined] => [k, model.read(ns, k)]);
        const missing: string[] = [];
        for (const pair of found) {
          if (pair[1] !== undefined) continue;
          model.counts.loads += 1;
          model.put(ns, pair[0], value, { ...t, grace: 0 });
          pair[1] = value;
          missing.push(pair[0]);
        }
        return { asked: missing.length === 0 ? [] : [missing], found };
      },
    })),
  ];
  const writes: fc.Arbitrary<Step>[] = [
    fc.tuple(place, key, weight, terms).map(([ns, k, value, t]) => ({
      text: text('set', ns, k, value, t),
      on: (cache) => at(cache, ns).set(k, value, optionsOf(t)),
      as: (model) => model.put(ns, k, value, t),
    })),
    fc.tuple(place, keys, weight, terms).map(([ns, ks, value, t]) => ({
      text: text('setMany', ns, ks, value, t),
      on: (cache) =>
        at(cache, ns).setMany(
          ks.map((k) => [k, value] as const),
          optionsOf(t),
        ),
      as: (model) => {
        for (const k of new Set(ks)) model.put(ns, k, value, t);
      },
    })),
    fc.tuple(place, key, weight, terms).map(([ns, k, value, t]) => ({
      text: text('add', ns, k, value, t),
      on: (cache) => at(cache, ns).add(k, value, optionsOf(t)),
      as: (model) => model.add(ns, k, value, t),
    })),
    fc.tuple(place, key, weight, terms).map(([ns, k, value, t]) => ({
      text: text('getSet', ns, k, value, t),
      on: (cache) => at(cache, ns).getSet(k, value, optionsOf(t)),
      as: (model) => model.swap(ns, k, value, t),
    })),
    fc.tuple(place, key, fc.integer({ min: 1, max: 3 }), terms).map(([ns, k, by, t]) => ({
      text: text('increment', ns, k, by, t),
      on: (cache) => at(cache, ns).increment(k, by, optionsOf(t)),
      as: (model) => model.increment(ns, k, by, t),
    })),
    fc.tuple(place, key, ttl).map(([ns, k, span]) => ({
      text: text('touch', ns, k, span),
      on: (cache) => at(cache, ns).touch(k, span / 1_000),
      as: (model) => model.touch(ns, k, span),
    })),
  ];
  const removals: fc.Arbitrary<Step>[] = [
    fc.tuple(place, key).map(([ns, k]) => ({
      text: text('delete', ns, k),
      on: (cache) => at(cache, ns).delete(k),
      as: (model) => model.remove(ns, k) !== undefined,
    })),
    fc.tuple(place, keys).map(([ns, ks]) => ({
      text: text('deleteMany', ns, ks),
      on: (cache) => at(cache, ns).deleteMany(ks),
      as: (model) => [...new Set(ks)].filter((k) => model.remove(ns, k) !== undefined).length,
    })),
    fc.tuple(place, key).map(([ns, k]) => ({
      text: text('take', ns, k),
      on: (cache) => at(cache, ns).take(k),
      as: (model) => model.remove(ns, k),
    })),
    place.map((ns) => ({
      text: text('clear', ns),
      on: (cache) => reclaimed(cache).then(() => at(cache, ns).clear()),
      as: (model) => model.clear(ns),
    })),
    fc.tuple(tags, limited ? fc.constant(false) : fc.boolean()).map(([some, allowStale]) => ({
      text: text('invalidateTags', some, allowStale),
      on: (cache) => reclaimed(cache).then(() => cache.invalidateTags(some, { allowStale })),
      as: (model) => model.invalidate(some, allowStale),
    })),
  ];
  const rest: fc.Arbitrary<Step>[] = [
    fc.constant({
      text: 'resetStats',
      on: (cache) => reclaimed(cache).then(() => cache.resetStats()),
      as: (model) => model.reset(),
    }),
    advance(limited),
  ];
  const all: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.oneof(...reads) },
    { weight: 8, arbitrary: fc.oneof(...writes) },
    { weight: 4, arbitrary: fc.oneof(...removals) },
    { weight: 3, arbitrary: fc.oneof(...rest) },
  );
  return all.map((step) => Object.assign(step, { [fc.toStringMethod]: () => step.text }));
}

/** @param limited then what has ended is reclaimed before anything else is done, so that it is in nobody's way */
function advance(limited: boolean): fc.Arbitrary<Step> {
  return fc.constantFrom(1, 700, 1_000, 1_500, 61_000).map((ms) => ({
    text: `advance ${ms}`,
    on: async (cache, clock) => {
      clock.advance(ms);
      if (limited) await reclaimed(cache);
    },
    as: (model) => model.advance(ms),
  }));
}
