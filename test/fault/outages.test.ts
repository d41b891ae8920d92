import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CacheOptionsError } from '../../lib/errors/cache.errors.js';
import { systemClock } from '../../lib/support/clock.js';
import type { StoreSpace } from '../../lib/stores/store.js';
import { Child } from '../support/child-process.js';
import { databaseIn, draft, FaultRoom, pause, until, type Opening, type OpenedFiles } from './fault-room.js';
import { mount, MAY_MOUNT, unmount } from './mounts.js';

/** Milliseconds for which a write waits for others. */
const LOCK = 300;

let room: FaultRoom;
let mounted: string[] = [];

beforeEach(() => {
  room = new FaultRoom();
});

afterEach(async () => {
  await room.closeStores();
  for (const path of mounted.splice(0)) unmount(path);
  await room.close();
});

/** A cache in use, on a directory that can be made useless and mended. */
class Story {
  readonly opened: OpenedFiles;
  readonly space: StoreSpace;
  readonly #all = Array.from({ length: 20 }, (_, i) => `k${i}`);

  constructor(private readonly opening: Opening = {}) {
    this.opened = room.open({ ...opening, options: { lockTimeout: LOCK } });
    this.space = this.opened.guarded.space('ns');
  }

  async begin(): Promise<this> {
    for (const key of this.#all) await this.space.write(key, draft(`before ${key}`, key === 'k2' ? ['t'] : []));
    return this;
  }

  async read(key: string): Promise<unknown> {
    return (await this.space.read(key, systemClock.now()))?.value;
  }

  /** While nothing can be written: nothing is thrown, and nothing is late. */
  async endure(): Promise<void> {
    const { space, opened } = this;
    const began = performance.now();
    await this.space.write('k1', draft('dropped'));
    await until(async () => {
      await space.write('new', draft('dropped'));
      return opened.events.counts.outage > 0;
    }, 'the outage is noticed');
    await space.remove('k0');
    await opened.guarded.invalidateTags(['t']);
    await Promise.all(this.#all.slice(3, 6).map((key) => space.write(key, draft('dropped'))));
    expect(performance.now() - began).toBeLessThan(10 * LOCK + 1_000);
    expect(await this.#gone(['k0', 'k2', 'k3', 'k4', 'k5'])).toEqual([]);
    expect(opened.guarded.pendingEvictions).toBeGreaterThan(4);
  }

  /** After it was mended: what was removed meanwhile stays removed, for everybody. */
  async recover(kept: boolean): Promise<void> {
    const { opened, space } = this;
    await until(() => opened.events.counts.recovery > 0, 'it recovers', 15_000);
    await space.write('k6', draft('after'));
    expect(opened.happened('outage', 'recovery', 'setAside')).toEqual({ outage: 1, recovery: 1, setAside: 0 });
    expect(await this.#gone(['k0', 'k2', 'k3', 'k4', 'k5'])).toEqual([]);
    expect(await this.read('k6')).toBe('after');
    if (kept) expect(await this.read('k7')).toBe('before k7');
    await room.closeStores();
    const again = room.open(this.opening).store.space('ns');
    for (const key of ['k0', 'k2', 'k3', 'k4', 'k5']) expect(again.read(key, systemClock.now())).toBeUndefined();
    expect(again.read('k6', systemClock.now())?.value).toBe('after');
  }

  async #gone(keys: readonly string[]): Promise<unknown[]> {
    const found = await Promise.all(keys.map((key) => this.read(key)));
    return found.filter((value) => value !== undefined);
  }
}

describe('through an outage: misses and dropped writes, one event at its beginning and one at its end', () => {
  it.skipIf(!MAY_MOUNT)('the disk is full (takes the right to mount)', { timeout: 40_000 }, async () => {
    const small = join(room.folder, 'small');
    mount(small, 'size=8m');
    mounted.push(small);
    const story = await new Story({ directory: join(small, 'cache') }).begin();
    // Somebody else takes all the room there is, and whatever the cache gives up.
    const filler = join(small, 'filler');
    const fill = (): void => {
      try {
        for (;;) appendFileSync(filler, Buffer.alloc(4_096));
      } catch {
        // Full.
      }
    };
    fill();
    const greedy = setInterval(fill, 1);
    try {
      await story.endure();
      expect(await story.read('k7')).toBe('before k7');
    } finally {
      clearInterval(greedy);
    }
    rmSync(filler);
    await story.recover(true);
  });

  it.skipIf(!MAY_MOUNT)('the file system is read-only (takes the right to mount)', { timeout: 40_000 }, async () => {
    const story = await new Story().begin();
    mount(room.directory, 'ro');
    mounted.push(room.directory);
    // It may go unnoticed for a moment.
    await pause(100);
    await story.endure();
    expect(() => room.open()).toThrow(CacheOptionsError);
    unmount(mounted.pop()!);
    await story.recover(true);
  });

  it('there is a file in the place of the directory', { timeout: 40_000 }, async () => {
    const story = await new Story().begin();
    rmSync(room.directory, { recursive: true });
    writeFileSync(room.directory, 'not a directory');
    await pause(100);
    await story.endure();
    rmSync(room.directory);
    await story.recover(false);
  });

  it.each(['IMMEDIATE', 'EXCLUSIVE'])('another process holds the lock, %s', { timeout: 40_000 }, async (how) => {
    const story = await new Story().begin();
    const other = await new Child('lock.mjs', { path: databaseIn(room.directory) }).ready();
    await other.ask('lock', { how });
    await story.endure();
    // Reads go on.
    expect(await story.read('k7')).toBe('before k7');
    await other.ask('unlock');
    await story.recover(true);
  });
});

describe('another process that holds the lock', () => {
  it('and is killed, leaves it', { timeout: 40_000 }, async () => {
    const story = await new Story().begin();
    const other = await new Child('lock.mjs', { path: databaseIn(room.directory) }).ready();
    await other.ask('lock', { how: 'IMMEDIATE' });
    await story.endure();
    await other.kill();
    await story.recover(true);
  });

  it('for a moment only, is waited for', async () => {
    const story = await new Story().begin();
    const other = await new Child('lock.mjs', { path: databaseIn(room.directory) }).ready();
    for (let round = 0; round < 5; round += 1) {
      await other.ask('lock', { how: 'IMMEDIATE' });
      const writing = story.space.write('k0', draft(round));
      await pause(LOCK / 3);
      await other.ask('unlock');
      await writing;
      expect(await story.read('k0')).toBe(round);
    }
    expect(story.opened.happened('outage', 'error')).toEqual({ outage: 0, error: 0 });
  });

  it('does not keep an app from starting', async () => {
    await (await new Story().begin()).opened.guarded.close();
    const other = await new Child('lock.mjs', { path: databaseIn(room.directory) }).ready();
    await other.ask('lock', { how: 'EXCLUSIVE' });
    const began = performance.now();
    const story = new Story();
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(await story.read('k7')).toBe('before k7');
    await story.endure();
  });
});
