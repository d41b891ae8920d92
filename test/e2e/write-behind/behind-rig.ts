import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, type INestApplicationContext, type Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { vi } from 'vitest';
import {
  BlossomCacheModule,
  CacheService,
  WriteBehindHandler,
  type BlossomCacheOptions,
  type WriteBehindHandlerOptions,
  type WriteBehindItem,
} from '../../../lib/index.js';
import { FakeClock } from '../../../lib/testing/time/fake-clock.js';
import { Gate } from '../../../lib/testing/gate.js';

/** What a handler does with its next calls; afterwards it succeeds. */
type Deed = (items: readonly WriteBehindItem[]) => unknown;

/** A source, and the handler that writes to it. */
export class Source {
  readonly rows = new Map<string, unknown>();
  readonly calls: WriteBehindItem[][] = [];
  readonly deeds: Deed[] = [];
  always: Deed | undefined;

  async write(items: readonly WriteBehindItem[]): Promise<void> {
    this.calls.push([...items]);
    await (this.deeds.shift() ?? this.always)?.(items);
    for (const { key, value } of items) this.rows.set(key, value);
  }

  /** Keys and values of each call. */
  get written(): (readonly [string, unknown])[][] {
    return this.calls.map((items) => items.map(({ key, value }) => [key, value]));
  }
}

/** An application with one queue, `users`. */
export interface BehindApp {
  readonly app: INestApplicationContext;
  readonly cache: CacheService;
  readonly source: Source;
  readonly clock: FakeClock;
}

const closing: (() => unknown)[] = [];

export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).toReversed()) await close();
}

export function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'behind-'));
  closing.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A provider that handles the queue `users`. */
export function usersWriter(source: Source, options?: WriteBehindHandlerOptions): Provider {
  @Injectable()
  class UsersWriter {
    readonly source = source;

    @WriteBehindHandler('users', options)
    async write(items: WriteBehindItem[]): Promise<void> {
      await this.source.write(items);
    }
  }
  return UsersWriter;
}

export async function open(
  handler: WriteBehindHandlerOptions = {},
  options: BlossomCacheOptions = {},
  source = new Source(),
): Promise<BehindApp> {
  const clock = new FakeClock();
  const testing = await Test.createTestingModule({
    imports: [
      BlossomCacheModule.forRoot({
        clock,
        ...options,
        writeBehind: { flushTimeout: '300ms', ...options.writeBehind },
      } as BlossomCacheOptions),
    ],
    providers: [usersWriter(source, handler)],
  }).compile();
  const app = await testing.init();
  closing.push(() => app.close());
  return { app, cache: app.get(CacheService), source, clock };
}

/** So much time passes, and then more until something is so: a thread may have a part in it. */
export async function until(clock: FakeClock, ms: number, so: () => boolean): Promise<void> {
  await clock.pass(ms);
  await vi.waitFor(async () => {
    await clock.pass(50);
    if (!so()) throw new Error('it is not so yet');
  });
}

export { Gate };
