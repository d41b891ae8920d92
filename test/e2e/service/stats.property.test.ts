import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Keyv } from 'keyv';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { BlossomCacheOptions, CacheService, CacheStats } from '../../../lib/index.js';
import { DATABASE_FILE } from '../../../lib/stores/file/schema.js';
import { findDriver, openSqlite } from '../../../lib/stores/file/sqlite.js';
import { freshPrefix, redisOptions, useRedis } from '../stores/redis-rig.js';
import { openCache } from './service-rig.js';
import { StatsModel, type ModelLimits } from './stats-model.js';
import { stepArbitrary } from './stats-steps.js';

const redis = useRedis();

const MEGABYTE = 1_048_576;
const NO_LIMITS = { maxSize: Infinity, maxBytes: Infinity };

/** How a cache is opened, and what is known of it. */
interface Subject {
  readonly options: () => BlossomCacheOptions;
  readonly limits?: ModelLimits;
  readonly runs: number;
  /** Whether the store can tell what it holds, and what has ended there. */
  readonly measured: boolean;
  /** Names of the near and the far tier. */
  readonly tiers?: readonly [string, string];
  /** Where the database lies. */
  readonly database?: (options: BlossomCacheOptions) => string;
}

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'blossom-stats-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  memory: { options: () => ({ maxSize: Infinity }), runs: 200, measured: true },
  'memory, few entries': {
    options: () => ({ maxSize: 3 }),
    limits: { maxSize: 3, maxBytes: Infinity },
    runs: 200,
    measured: true,
  },
  'memory, few bytes': {
    options: () => ({ maxSize: 4, maxSizeMb: 20 / MEGABYTE, sizeOf: (value) => value as number }),
    limits: { maxSize: 4, maxBytes: 20 },
    runs: 200,
    measured: true,
  },
  file: {
    options: () => ({ backend: 'file', cacheDir: directory() }),
    runs: 15,
    measured: true,
    database: (options) => (options as { cacheDir: string }).cacheDir,
  },
  'memory over files': {
    options: () => ({ backend: 'hybrid', memory: { maxSize: 4 }, file: { cacheDir: directory() } }),
    runs: 15,
    measured: true,
    tiers: ['memory', 'file'],
    database: (options) => (options as { file: { cacheDir: string } }).file.cacheDir,
  },
  redis: { options: () => redisOptions('redis', redis().url, { prefix: freshPrefix() }), runs: 20, measured: false },
  'memory over redis': {
    options: () => redisOptions('hybrid', redis().url, { prefix: freshPrefix(), memory: { maxSize: 4 } }),
    runs: 20,
    measured: false,
    tiers: ['memory', 'redis'],
  },
  keyv: { options: () => ({ backend: 'keyv', store: new Keyv(new Map()) }), runs: 25, measured: false },
};

/** What the database has in it, counted by the database. */
function countedIn(path: string): { size: number; bytes: number } {
  const database = openSqlite(findDriver(), join(path, DATABASE_FILE));
  try {
    const sums = 'SELECT count(*) AS size, total(length(key) + length(head) + length(value)) AS bytes FROM entries';
    return { ...(database.prepare(sums).get() as { size: number; bytes: number }) };
  } finally {
    database.close();
  }
}

function assertCounts(stats: CacheStats, model: StatsModel, { measured, limits = NO_LIMITS }: Subject): void {
  const { hits, misses, sets, deletes, loads, loadFailures, expirations, bySize, byBytes } = model.counts;
  expect(stats).toMatchObject({ hits, misses, sets, deletes, loads, loadFailures });
  expect(stats).toMatchObject({ staleHits: 0, errors: 0, pendingEvictions: 0 });
  expect(stats.hitRate).toBe(hits + misses === 0 ? 0 : hits / (hits + misses));
  expect(stats.evictions).toBe(measured ? bySize + byBytes : undefined);
  expect(stats.evictionsByCause).toEqual(measured ? { size: bySize, bytes: byBytes } : undefined);
  expect(stats.expirations).toBe(measured ? expirations : undefined);
  expect(stats.size).toBe(measured ? model.entries.size : undefined);
  if (limits.maxBytes !== Infinity) expect(stats.bytes).toBe(model.bytes);
}

/** Every read is one of the near tier, and what it misses one of the far tier. */
function assertTiers({ tiers, ...stats }: CacheStats, [near, far]: readonly [string, string]): void {
  const [above, below] = [tiers![near]!, tiers![far]!];
  expect(Object.keys(tiers!)).toEqual([near, far]);
  expect(above.hits + above.misses).toBe(stats.hits + stats.misses);
  expect(below.hits + below.misses).toBe(above.misses);
  expect(above.hits + below.hits).toBe(stats.hits);
  expect(below).toMatchObject({ sets: stats.sets, size: stats.size, bytes: stats.bytes });
  expect(below).toMatchObject({ evictions: stats.evictions, expirations: stats.expirations });
  expect(above.size).toBeLessThanOrEqual(4);
  expect(above.evictions).toBeTypeOf('number');
}

describe.each(Object.entries(SUBJECTS))('statistics: %s', (_name, subject) => {
  async function check(cache: CacheService, model: StatsModel, database: string | undefined): Promise<void> {
    const stats = await cache.getStats();
    assertCounts(stats, model, subject);
    if (subject.tiers !== undefined) assertTiers(stats, subject.tiers);
    if (database !== undefined) expect({ size: stats.size, bytes: stats.bytes }).toEqual(countedIn(database));
  }

  const steps = fc.array(fc.tuple(stepArbitrary({ limited: subject.limits !== undefined }), fc.boolean()), {
    minLength: 5,
    maxLength: 60,
    size: 'max',
  });

  it('are what a plain model counts and holds', { timeout: 180_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (run) => {
        const options = subject.options();
        const { cache, clock } = await openCache(options);
        const database = subject.database?.(options);
        const model = new StatsModel(subject.limits);
        const done: string[] = [];
        try {
          for (const [step, checked] of run) {
            done.push(step.text);
            expect(await step.on(cache, clock)).toEqual(step.as(model));
            if (checked) await check(cache, model, database);
          }
          await check(cache, model, database);
        } catch (error) {
          throw new Error(`${done.join('\n')}\n${(error as Error).message}`, { cause: error });
        }
      }),
      { numRuns: subject.runs },
    );
  });
});

describe('statistics: files that have to make room', () => {
  it.each([
    ['file', (cacheDir: string) => ({ backend: 'file', cacheDir, maxSizeMb: 4, compression: false }) as const],
    [
      'memory over files',
      (cacheDir: string) =>
        ({ backend: 'hybrid', memory: { maxSize: 5 }, file: { cacheDir, maxSizeMb: 4 }, compression: false }) as const,
    ],
  ])('%s: what was stored is held or was evicted, to the byte', async (_name, optionsFor) => {
    const cacheDir = directory();
    const { cache } = await openCache(optionsFor(cacheDir));
    const stored = 400;
    for (let i = 0; i < stored; i += 1) await cache.set(`k${i}`, 'x'.repeat(20_000 + i));
    const { sets, size, bytes, evictions = NaN, evictionsByCause, tiers } = await cache.getStats();
    expect(sets).toBe(stored);
    expect(evictions).toBeGreaterThan(100);
    expect(size! + evictions).toBe(stored);
    expect(evictionsByCause).toEqual({ size: 0, bytes: evictions });
    expect({ size, bytes }).toEqual(countedIn(cacheDir));
    if (tiers !== undefined) expect(tiers['file']).toMatchObject({ sets, size, bytes, evictions });
  });
});
