import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/support/clock.js';
import { Child } from '../support/child-process.js';
import { BusyLoad } from './busy-load.js';
import { databaseIn, draft, FaultRoom, until, type OpenedFiles } from './fault-room.js';

let room: FaultRoom;
let opened: OpenedFiles;
let load: BusyLoad;

beforeEach(async () => {
  room = new FaultRoom();
  opened = room.open();
  load = new BusyLoad(opened.guarded.space('busy'));
  await until(() => load.hits > 500, 'the load runs');
});

afterEach(async () => {
  await load.stop();
  await room.close();
});

/** What was written is there again. */
async function worksAgain(): Promise<void> {
  const { hits } = load;
  await until(() => load.hits > hits + 500, 'it works again', 12_000);
}

const path = (suffix = ''): string => databaseIn(room.directory) + suffix;
const size = (suffix = ''): number => readFileSync(path(suffix)).length;
/** In place: it is still the same file. */
const overwrite = (by: Buffer): void => writeFileSync(path(), by, { flag: 'r+' });

describe('while a cache is in use, nothing stale and nothing thrown', () => {
  it.each([
    ['the database is truncated to nothing', () => truncateSync(path(), 0)],
    ['half of the database is cut off', () => truncateSync(path(), size() / 2)],
    ['the database is cut in the middle of a page', () => truncateSync(path(), 5_000)],
    ['the database is overwritten with zeros', () => overwrite(Buffer.alloc(size()))],
    ['the database is overwritten with text', () => overwrite(Buffer.alloc(size(), 'to do: buy milk\n'))],
    ['the end of the database is overwritten', () => {
      const bytes = readFileSync(path());
      overwrite(bytes.fill(0x5a, bytes.length / 2));
    }],
    ['the database is removed', () => rmSync(path())],
    ['the database and its log are removed', () => ['', '-wal', '-shm'].forEach((suffix) => rmSync(path(suffix)))],
    ['the log is removed', () => rmSync(path('-wal'))],
    ['the log is truncated', () => truncateSync(path('-wal'), 0)],
    ['the log is overwritten', () => writeFileSync(path('-wal'), Buffer.alloc(size('-wal'), 7), { flag: 'r+' })],
    ['the number of the last commit is removed', () => rmSync(path('-mark'))],
    ['the directory is deleted', () => rmSync(room.directory, { recursive: true })],
    ['the directory is replaced by an empty one', () => {
      rmSync(room.directory, { recursive: true });
      room.open().store.space('x').read('x', 0);
    }],
  ] as const)('%s', { timeout: 30_000 }, async (_, damage) => {
    damage();
    await worksAgain();
    await load.stop();
    expect(load.wrong).toEqual([]);
    expect(opened.happened('setAside')['setAside']).toBeLessThanOrEqual(1);
    // Nothing of it is found later.
    await room.closeStores();
    const again = room.open();
    load = new BusyLoad(again.guarded.space('busy again'));
    await worksAgain();
    expect(load.wrong).toEqual([]);
    expect(again.events.counts.setAside).toBe(0);
  }); // prettier-ignore
});

describe('a directory that is deleted', () => {
  it('K6 is a miss, and is made again by the next write', async () => {
    await load.stop();
    const space = opened.guarded.space('ns');
    await space.write('k', draft(1));
    rmSync(room.directory, { recursive: true });
    await until(() => space.read('k', systemClock.now()) === undefined, 'it is a miss', 1_000);
    expect(existsSync(room.directory)).toBe(false);
    await space.write('l', draft(2));
    expect(existsSync(path())).toBe(true);
    expect(await space.read('l', systemClock.now())).toMatchObject({ value: 2 });
    expect(await space.read('k', systemClock.now())).toBeUndefined();
    expect(opened.happened('outage', 'setAside', 'error')).toEqual({ outage: 0, setAside: 0, error: 0 });
  });

  it('and made by another process is the directory of both', { timeout: 20_000 }, async () => {
    await load.stop();
    const other = await new Child('mixing.mjs', { directory: room.directory, me: 1, seed: 1 }).ready();
    const space = opened.guarded.space('shared');
    await space.write('old', draft('old'));
    rmSync(room.directory, { recursive: true });
    await other.ask('write', { key: 'new', value: 'by another' });
    const read = async (key: string): Promise<unknown> => (await space.read(key, systemClock.now()))?.value;
    await until(async () => (await read('new')) === 'by another', 'what the other wrote is seen', 1_000);
    expect(await read('old')).toBeUndefined();
    await space.write('mine', draft('for another'));
    expect(await other.ask('read', { key: 'mine' })).toBe('for another');
  });

  it('leaves foreign files alone', async () => {
    await load.stop();
    writeFileSync(join(room.directory, '.gitkeep'), '');
    overwrite(Buffer.alloc(size()));
    await opened.guarded.space('busy').clear();
    await opened.guarded.space('busy').write('k', draft(1));
    expect(existsSync(join(room.directory, '.gitkeep'))).toBe(true);
  });
});
