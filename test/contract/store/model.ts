import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { CacheTypeError } from '../../../lib/errors/cache.errors.js';
import type { Draft, StoreSpace } from '../../../lib/stores/store.js';
import { attempt, MISS, type StoreRig } from './rig.js';

interface PlainEntry extends Draft {
  readonly at: number;
  /** Whether one of its tags was invalidated and it may be served stale. */
  soft: boolean;
}

/** The contract in its plainest form: entries in a map, nothing shared, nothing in the background. */
class PlainStore {
  readonly entries = new Map<string, PlainEntry>();
  now = 0;

  held(key: string): PlainEntry | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined && this.now < entry.at + entry.ttl + entry.grace ? entry : undefined;
  }

  fresh(key: string): PlainEntry | undefined {
    const entry = this.held(key);
    return entry !== undefined && !entry.soft && this.now < entry.at + entry.ttl ? entry : undefined;
  }

  write(key: string, draft: Draft): void {
    if (draft.ttl <= 0) this.entries.delete(key);
    else this.entries.set(key, { ...draft, at: this.now, soft: false });
  }

  soften(which: (draft: Draft) => boolean): void {
    for (const entry of this.entries.values()) entry.soft ||= which(entry);
  }

  end(which: (draft: Draft) => boolean): void {
    for (const [key, entry] of this.entries) if (which(entry)) this.entries.delete(key);
  }
}

interface Step {
  readonly on: (space: StoreSpace, rig: StoreRig, run: string) => unknown;
  readonly as: (plain: PlainStore) => unknown;
  readonly text: string;
}

const key = fc.constantFrom('a', 'b', 'c', '');
const tags = fc.uniqueArray(fc.constantFrom<string[]>('x', 'y', 'z'), { maxLength: 2 });
const value = fc.constantFrom<unknown>(0, 1, -5, 'text', null, undefined);
const draft = fc.record({
  value,
  ttl: fc.constantFrom(0, 1, 700, 1_000, 2_500, Infinity),
  grace: fc.constantFrom(0, 0, 300, Infinity),
  tags,
});

/** Tags are shared by all namespaces, so each run has its own. */
const tagged = (of: Draft, run: string): Draft => ({ ...of, tags: of.tags.map((tag) => run + tag) });

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.integer({ min: 1, max: 1_500 }).map(
    (ms) =>
      ({
        text: `advance ${ms}`,
        on: (_, { clock }) => clock.advance(ms),
        as: (plain) => void (plain.now += ms),
      }) satisfies Step,
  ),
  fc.tuple(key, draft).map(
    ([k, d]) =>
      ({
        text: `write ${k} ${fc.stringify(d)}`,
        on: (space, _, run) => space.write(k, tagged(d, run)),
        as: (plain) => plain.write(k, d),
      }) satisfies Step,
  ),
  fc.tuple(key, draft).map(
    ([k, d]) =>
      ({
        text: `add ${k} ${fc.stringify(d)}`,
        on: (space, _, run) => space.add(k, tagged({ ...d, ttl: Math.max(d.ttl, 1) }, run)),
        as: (plain) => {
          if (plain.fresh(k) !== undefined) return false;
          plain.write(k, { ...d, ttl: Math.max(d.ttl, 1) });
          return true;
        },
      }) satisfies Step,
  ),
  fc.tuple(key, draft).map(
    ([k, d]) =>
      ({
        text: `swap ${k} ${fc.stringify(d)}`,
        on: async (space, _, run) => show(await space.swap(k, tagged(d, run))),
        as: (plain) => {
          const before = plain.fresh(k);
          plain.write(k, d);
          return show(before);
        },
      }) satisfies Step,
  ),
  key.map(
    (k) =>
      ({
        text: `take ${k}`,
        on: async (space) => show(await space.take(k)),
        as: (plain) => {
          const before = plain.fresh(k);
          plain.entries.delete(k);
          return show(before);
        },
      }) satisfies Step,
  ),
  fc.array(key, { maxLength: 4 }).map(
    (keys) =>
      ({
        text: `removeMany ${fc.stringify(keys)}`,
        on: async (space) => (await space.removeMany(keys)).toSorted(),
        as: (plain) => {
          const fresh = new Set(keys.filter((k) => plain.fresh(k) !== undefined));
          for (const k of keys) plain.entries.delete(k);
          return [...fresh].toSorted();
        },
      }) satisfies Step,
  ),
  fc.tuple(key, fc.integer({ min: -3, max: 3 }), draft).map(
    ([k, by, d]) =>
      ({
        text: `increment ${k} ${by} ${fc.stringify(d)}`,
        on: (space, _, run) => space.increment(k, by, tagged(d, run)),
        as: (plain) => {
          const entry = plain.fresh(k);
          if (entry === undefined) return (plain.write(k, { ...d, value: by }), by);
          if (typeof entry.value !== 'number') throw new CacheTypeError('no number');
          plain.entries.set(k, { ...entry, value: entry.value + by });
          return entry.value + by;
        },
      }) satisfies Step,
  ),
  fc.tuple(key, fc.constantFrom(0, 1, 900, 3_000)).map(
    ([k, ttl]) =>
      ({
        text: `touch ${k} ${ttl}`,
        on: (space) => space.touch(k, ttl),
        as: (plain) => {
          const entry = plain.fresh(k);
          if (entry === undefined) return false;
          plain.write(k, { ...entry, ttl });
          return true;
        },
      }) satisfies Step,
  ),
  tags.map(
    (dead) =>
      ({
        text: `invalidate ${fc.stringify(dead)}`,
        on: (_, { store }, run) => store.invalidateTags(dead.map((tag) => run + tag)),
        as: (plain) => plain.end((entry) => entry.tags.some((tag) => dead.includes(tag))),
      }) satisfies Step,
  ),
  tags.map(
    (soft) =>
      ({
        text: `soften ${fc.stringify(soft)}`,
        on: (_, { store }, run) =>
          store.invalidateTags(
            soft.map((tag) => run + tag),
            true,
          ),
        as: (plain) => plain.soften((entry) => entry.tags.some((tag) => soft.includes(tag))),
      }) satisfies Step,
  ),
  fc.constant({
    text: 'clear',
    on: (space) => space.clear(),
    as: (plain) => plain.end(() => true),
  } satisfies Step),
  fc.tuple(key, draft).map(
    ([k, d]) =>
      ({
        text: `load ${k} ${fc.stringify(d)}`,
        on: async (space, _, run) => {
          const answer = await space.lease(k, [], 'load');
          if ('entry' in answer) return show(answer.entry);
          return 'commit' in answer && (await answer.commit(tagged(d, run)));
        },
        as: (plain) => {
          const fresh = plain.fresh(k);
          if (fresh !== undefined) return show(fresh);
          plain.write(k, d);
          return true;
        },
      }) satisfies Step,
  ),
);

function show(entry: { readonly value: unknown } | undefined): unknown {
  return entry === undefined ? MISS : entry.value;
}

async function outcome(run: () => unknown): Promise<unknown> {
  return attempt(run).catch((error: unknown) => (error instanceof CacheTypeError ? 'CacheTypeError' : error));
}

export function modelContract(rig: StoreRig): void {
  it('any sequence of operations answers as a plain map would', async () => {
    let runs = 0;
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const run = `run ${(runs += 1)} `;
      const space = rig.space(run);
      const plain = new PlainStore();
      plain.now = rig.clock.now();
      for (const { on, as, text } of steps) {
        expect(await outcome(() => on(space, rig, run)), text).toEqual(await outcome(() => as(plain)));
        const now = rig.clock.now();
        for (const k of ['a', 'b', 'c', '']) {
          const entry = await space.read(k, now);
          expect(show(entry), `${JSON.stringify(k)} after ${text}`).toBe(show(plain.held(k)));
          expect(entry !== undefined && now < entry.expiresAt, `freshness of ${JSON.stringify(k)} after ${text}`).toBe(
            plain.fresh(k) !== undefined,
          );
          const soft = entry?.invalidatedBy !== undefined && entry.expiresAt === -Infinity;
          expect(soft, `what ${JSON.stringify(k)} says after ${text}`).toBe(plain.held(k)?.soft ?? false);
        }
      }
    });
    await fc.assert(property, { numRuns: 60 });
  });
}
