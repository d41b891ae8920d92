import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keyv } from 'keyv';
import { onTestFinished } from 'vitest';
import type { BlossomCacheOptions, CacheService } from '../../../lib/index.js';
import type { FakeClock } from '../../support/fake-clock.js';
import { hold, openCache, settle, type Held } from '../service/service-rig.js';
import { freshPrefix, redisOptions, useRedis } from '../stores/redis-rig.js';

type Backend = 'memory' | 'file' | 'memory over files' | 'redis' | 'memory over redis' | 'keyv';

export const BACKENDS: readonly Backend[] = [
  'memory',
  'file',
  'memory over files',
  'redis',
  'memory over redis',
  'keyv',
];

/** A loader that a test answers, and how often it was asked. */
export class Source {
  readonly calls: Held<unknown>[] = [];
  /** What it answers at once; undefined to be held. */
  answer: (() => unknown) | undefined;

  readonly load = (): unknown => {
    const held = hold<unknown>();
    this.calls.push(held);
    return this.answer === undefined ? held.promise : this.answer();
  };

  get asked(): number {
    return this.calls.length;
  }

  says(value: unknown): this {
    this.answer = () => value;
    return this;
  }

  throws(error: unknown = new Error('source down')): this {
    this.answer = () => {
      throw error;
    };
    return this;
  }

  hangs(): this {
    this.answer = undefined;
    return this;
  }
}

export interface FreshnessRig {
  readonly cache: CacheService;
  readonly clock: FakeClock;
  /** Lets time pass, and everything that follows from it be done. */
  pass(ms: number): Promise<void>;
}

/** Caches with their time in hand, over every backend. */
export function freshnessRig(): (backend: Backend, options?: object) => Promise<FreshnessRig> {
  const server = useRedis();
  const options: Readonly<Record<Backend, () => BlossomCacheOptions>> = {
    memory: () => ({}),
    file: () => ({ backend: 'file', cacheDir: directory() }),
    'memory over files': () => ({ backend: 'hybrid', file: { cacheDir: directory() } }),
    redis: () => redisOptions('redis', server().url, { prefix: freshPrefix() }),
    'memory over redis': () => redisOptions('hybrid', server().url, { prefix: freshPrefix() }),
    keyv: () => ({ backend: 'keyv', store: new Keyv(new Map()) }),
  };
  return async (backend, more = {}) => {
    const { cache, clock } = await openCache({ ...options[backend](), ...more } as BlossomCacheOptions);
    const pass = async (ms: number): Promise<void> => {
      await settle();
      clock.advance(ms);
      await settle();
    };
    return { cache, clock, pass };
  };
}

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'freshness-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
