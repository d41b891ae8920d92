import { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CacheService } from '../../../lib/index.js';
import { Random } from '../../../lib/testing/random.js';
import { freshnessRig } from '../freshness/freshness-rig.js';
import { openCache, rejection } from './service-rig.js';

const open = freshnessRig();

/** One row in PostgreSQL, read through the cache. */
class Row {
  readonly #pg = new PGlite();

  async make(): Promise<void> {
    await this.#pg.exec('create table row (id int primary key, version int); insert into row values (1, 0)');
  }

  async version(): Promise<number> {
    const { rows } = await this.#pg.query<{ version: number }>('select version from row where id = 1');
    return rows[0]!.version;
  }

  /** A transaction: it updates the row, does the rest, and is rolled back where that fails. */
  async change(version: number, rest: () => Promise<void>): Promise<void> {
    await this.#pg.transaction(async (tx) => {
      await tx.query('update row set version = $1 where id = 1', [version]);
      await rest();
    });
  }

  close(): Promise<void> {
    return this.#pg.close();
  }
}

const rollback = new Error('rolled back');
const TAGS = { tags: ['row'] };

/** What a transaction tells the cache. */
const WAYS: readonly ((cache: CacheService, version: number) => Promise<unknown>)[] = [
  (cache) => cache.delete('row'),
  (cache) => cache.invalidateTags('row'),
  (cache) => cache.clear(),
  (cache, version) => cache.set('row', version, TAGS),
  (cache, version) => cache.writeThrough('row', version, async () => {}, TAGS),
];

describe('a row of a database, changed in transactions and read by many', () => {
  let row: Row;

  beforeAll(async () => {
    row = new Row();
    await row.make();
    // PostgreSQL is compiled first, which takes a while on a machine that is busy.
  }, 120_000);

  afterAll(() => row.close());

  it.each([
    ['memory', 1_000],
    ['file', 150],
    ['redis', 300],
    ['memory over redis', 300],
  ] as const)(
    '%s: what is committed is never followed by the old row, and what is not is never seen (%i rounds)',
    async (backend, rounds) => {
      const { cache } = await open(backend);
      const random = new Random(7);
      const turns = async (most: number): Promise<void> => {
        for (let left = random.integer(0, most); left > 0; left -= 1) await new Promise((done) => setImmediate(done));
      };
      let known = await row.version();
      let last = known;
      const end = new AbortController();
      let reads = 0;
      const reader = async (): Promise<void> => {
        while (!end.signal.aborted) {
          const before = known;
          const seen = await cache.getOrSet(
            'row',
            async () => {
              await turns(2);
              const version = await row.version();
              // The value is on its way while others commit.
              await turns(6);
              return version;
            },
            TAGS,
          );
          reads += 1;
          if (seen < before) throw new Error(`read ${seen} after ${before} was committed`);
          if (seen % 2 !== 0) throw new Error(`read ${seen}, which was rolled back`);
          await turns(3);
        }
      };
      const readers = Array.from({ length: 4 }, reader);
      for (let round = 0; round < rounds; round += 1) {
        const fails = random.chance(1 / 3);
        last += 2;
        // Odd ones are rolled back.
        const version = fails ? last + 1 : last;
        const change = cache.afterCommit(() =>
          row.change(version, async () => {
            await random.pick(WAYS)(cache, version);
            await turns(2);
            if (fails) throw rollback;
          }),
        );
        if (fails) expect(await rejection(change)).toBe(rollback);
        else {
          await change;
          known = version;
        }
        await turns(2);
      }
      end.abort();
      await Promise.all(readers);
      expect(reads).toBeGreaterThan(rounds);
      expect(await cache.getOrSet('row', () => row.version(), TAGS)).toBe(known);
    },
    120_000,
  );
});

/** A database of one row under READ COMMITTED: who wants to change it waits for whoever does. */
class Simulated {
  committed = 0;
  #owner: Promise<void> = Promise.resolve();

  /** Ends when it is committed, or fails when it is rolled back. */
  async transaction(
    work: (update: (version: number) => Promise<void>) => Promise<void>,
    after: () => Promise<void>,
  ): Promise<void> {
    let written: number | undefined;
    let free = (): void => {};
    const update = async (version: number): Promise<void> => {
      const before = this.#owner;
      this.#owner = new Promise((resolve) => (free = resolve));
      await before;
      written = version;
    };
    try {
      await work(update);
      if (written !== undefined) this.committed = written;
    } finally {
      free();
    }
    await after();
  }
}

describe('two transactions and readers, in any order', () => {
  const way = fc.constantFrom<Way>('put before', 'put after', 'evict before', 'evict after', 'tag', 'clear');
  const transaction = fc.record({ way, fails: fc.boolean() });

  it('leave in the cache what is committed, or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(transaction, transaction, fc.scheduler(), async (one, two, scheduler) => {
        const { cache } = await openCache();
        const database = new Simulated();
        const step = (what: string): Promise<unknown> => scheduler.schedule(Promise.resolve(), what);
        const read = async (): Promise<number> =>
          cache.getOrSet(
            'row',
            async () => {
              await step('reader asks');
              const version = database.committed;
              await step('reader is answered');
              return version;
            },
            TAGS,
          );
        await cache.set('row', 0, TAGS);
        const run = async (version: number, { way, fails }: Plan): Promise<void> => {
          const work = cache.afterCommit(() =>
            database.transaction(
              async (update) => {
                await step(`${version} begins`);
                if (way.endsWith('before')) await tell(cache, way, version);
                await step(`${version} updates`);
                await update(version);
                await step(`${version} tells`);
                if (!way.endsWith('before')) await tell(cache, way, version);
                await step(`${version} commits`);
                if (fails) throw rollback;
              },
              async () => void (await step(`${version} was committed`)),
            ),
          );
          await work.catch((error: unknown) => expect(error).toBe(rollback));
        };
        const all = Promise.all([run(1, one), run(2, two), read(), step('later').then(read)]);
        await scheduler.waitFor(all);
        const kept = await cache.get('row');
        if (kept !== undefined) expect(kept).toBe(database.committed);
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);
});

type Way = 'put before' | 'put after' | 'evict before' | 'evict after' | 'tag' | 'clear';

interface Plan {
  readonly way: Way;
  readonly fails: boolean;
}

async function tell(cache: CacheService, way: Way, version: number): Promise<void> {
  if (way.startsWith('put')) await cache.set('row', version, TAGS);
  else if (way.startsWith('evict')) await cache.delete('row');
  else if (way === 'tag') await cache.invalidateTags('row');
  else await cache.clear();
}
