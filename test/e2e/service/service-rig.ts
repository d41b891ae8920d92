import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach } from 'vitest';
import { BlossomCacheModule, CacheService, type BlossomCacheOptions } from '../../../lib/index.js';
import { FakeClock } from '../../support/fake-clock.js';

const open: INestApplicationContext[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

export interface ServiceRig {
  readonly cache: CacheService;
  readonly clock: FakeClock;
  /** Everything that was logged as a warning or an error. */
  readonly warnings: readonly string[];
}

/** The default cache of an application, on a clock that stands still. */
export async function openCache(options: BlossomCacheOptions = {}): Promise<ServiceRig> {
  const clock = new FakeClock();
  const warnings: string[] = [];
  const warn = (line: unknown): void => void warnings.push(String(line));
  class Root {}
  Module({ imports: [BlossomCacheModule.forRoot({ clock, ...options })] })(Root);
  const app = await NestFactory.createApplicationContext(Root, {
    logger: { log: () => {}, warn, error: warn },
    abortOnError: false,
  });
  open.push(app);
  return { cache: app.get(CacheService), clock, warnings };
}

/** A promise and what settles it. */
export interface Held<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function hold<T>(): Held<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Something that runs until it is told to end. */
export class Task<T> {
  readonly #held = hold<T>();
  readonly #begun = hold<void>();
  readonly begun = this.#begun.promise;
  readonly end = (value: T): void => this.#held.resolve(value);
  readonly fail = (error: unknown): void => this.#held.reject(error);

  readonly run = (): Promise<T> => {
    this.#begun.resolve();
    return this.#held.promise;
  };
}

/** Lets everything that can go on without a timer do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Whether a promise has settled, and to what. */
export async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  const pending = Symbol('pending');
  const outcome = promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const now = await Promise.race([outcome, settle().then(() => pending)]);
  return now === pending ? 'pending' : now;
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string; operation?: string }> {
  return promise.then(
    () => {
      throw new Error('it did not reject');
    },
    (error: Error) => error,
  );
}
