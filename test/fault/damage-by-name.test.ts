import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findDriver, openSqlite } from '../../lib/stores/file/sqlite.js';
import { Original, replaceByDirectory, type DamagedDirectory } from './damaged-directory.js';

/** Whether the database is set aside, once, or everything in it is still read. */
type Outcome = 'aside' | 'kept';

type Damage = readonly [name: string, outcome: Outcome, damage: (directory: DamagedDirectory) => void];

const PAGE = 4_096;

const truncated = (suffix: string, to: (size: number) => number) => {
  return ({ database }: DamagedDirectory) => {
    const path = database + suffix;
    truncateSync(path, Math.floor(to(readFileSync(path).length)));
  };
};
const changed = (suffix: string, change: (bytes: Buffer) => void) => {
  return ({ database }: DamagedDirectory) => {
    const bytes = readFileSync(database + suffix);
    change(bytes);
    writeFileSync(database + suffix, bytes);
  };
};
const replaced = (suffix: string, by: string | Buffer) => {
  return ({ database }: DamagedDirectory) => writeFileSync(database + suffix, by);
};
const removed = (...suffixes: string[]) => {
  return ({ database }: DamagedDirectory) => {
    for (const suffix of suffixes) rmSync(database + suffix, { force: true });
  };
};
const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 7_919 + 13) % 251));

const OF_THE_DATABASE: readonly Damage[] = [
  ['truncated to half', 'aside', truncated('', (size) => Math.floor(size / 2 / PAGE) * PAGE)],
  ['truncated in the middle of a page', 'aside', truncated('', (size) => size / 2 + 77)],
  ['truncated to less than a page', 'aside', truncated('', () => 1_000)],
  ['truncated to a byte', 'aside', truncated('', () => 1)],
  ['filled with zeros', 'aside', changed('', (bytes) => bytes.fill(0))],
  ['filled with noise', 'aside', changed('', (bytes) => noise(bytes.length).copy(bytes))],
  ['with a first page of zeros', 'aside', changed('', (bytes) => bytes.fill(0, 0, PAGE))],
  ['with zeros in every other page', 'aside', changed('', (bytes) => {
    for (let at = PAGE; at < bytes.length; at += 2 * PAGE) bytes.fill(0, at, at + PAGE);
  })], // prettier-ignore
  ['replaced by text', 'aside', replaced('', 'to do: buy milk\n'.repeat(500))],
  ['replaced by a few words', 'aside', replaced('', 'null')],
  ["replaced by somebody else's database", 'aside', ({ database }) => {
    rmSync(database);
    const other = openSqlite(findDriver(), database);
    other.exec("CREATE TABLE entries(id INTEGER PRIMARY KEY, secret TEXT); INSERT INTO entries(secret) VALUES ('x')");
    other.close();
  }], // prettier-ignore
  ['of a later release', 'aside', changed('', (bytes) => bytes.writeUInt32BE(3, 60))],
];

/** One that was closed, and two that were killed. */
const originals: Original[] = [];

async function use(how: 'closed' | 'killed', damage: Damage[2]): Promise<DamagedDirectory> {
  const directory = originals[how === 'closed' ? 0 : 1]!.copy();
  try {
    damage(directory);
    return await directory.use({ keeps: true });
  } finally {
    await directory.close();
  }
}

function expectOutcome({ wrong, read, setAside }: DamagedDirectory, outcome: Outcome): void {
  expect(wrong).toEqual([]);
  expect({ setAside, anythingRead: read > 0 }).toEqual({
    setAside: outcome === 'aside' ? 1 : 0,
    anythingRead: outcome === 'kept',
  });
}

beforeAll(async () => {
  for (const how of ['closed', 'killed', 'killed'] as const) originals.push(await Original.write(how));
});

afterAll(() => Promise.all(originals.map((original) => original.close())));

describe('nothing stale and nothing thrown, with what was left by an app that closed its cache', () => {
  it('undamaged', async () => expectOutcome(await use('closed', () => {}), 'kept'));

  it.each(OF_THE_DATABASE)('a database %s', async (_, outcome, damage) => {
    const { wrong, setAside } = await use('closed', damage);
    // Which of the entries could still be read is not the same for each.
    expect({ wrong, setAside }).toEqual({ wrong: [], setAside: outcome === 'aside' ? 1 : 0 });
  });

  it('a database without its last byte', async () => {
    const { wrong } = await use(
      'closed',
      truncated('', (size) => size - 1),
    );
    expect(wrong).toEqual([]);
  });

  it('an empty file', async () =>
    expect(
      (
        await use(
          'closed',
          truncated('', () => 0),
        )
      ).wrong,
    ).toEqual([]));
  it('no file', async () => expect((await use('closed', removed(''))).wrong).toEqual([]));
  it('nothing but foreign files', async () => {
    const { wrong, setAside, read } = await use('closed', removed('', '-mark'));
    expect({ wrong, setAside, read }).toEqual({ wrong: [], setAside: 0, read: 0 });
  });
  it('a directory in the place of the database', async () => {
    const { wrong } = await use('closed', ({ database }) => replaceByDirectory(database));
    expect(wrong).toEqual([]);
  });

  it.each([
    ['the log of another database', (): Buffer => originals[1]!.bytes('-wal')],
    ['a log of noise', (): Buffer => noise(100_000)],
    ['a log of zeros', (): Buffer => Buffer.alloc(100_000)],
  ] as const)('beside it, %s', async (_, log) => {
    const { wrong } = await use('closed', ({ database }) => writeFileSync(`${database}-wal`, log()));
    expect(wrong).toEqual([]);
  });

  it.each([
    "entries SET head = 'text'",
    'entries SET head = 7',
    "entries SET value = 'text'",
    'entries SET value = 7',
    'entries SET value = head',
    "entries SET space = 'text' || id",
    "entries SET rank = 'text', uses = 'text', stale = 'text'",
    'entries SET rank = 1 << 62, uses = 1 << 62, stale = 1',
    "spaces SET id = 'text' || id",
    'spaces SET id = (1 << 62) + id % 1000',
    "spaces SET entries = 'text', bytes = 'text'",
    'spaces SET entries = 1 << 62, bytes = 1 << 62',
    "tags SET stamp = 'text'",
    'tags SET stamp = (1 << 62)',
    'links SET holder = (1 << 62) + holder',
    "meta SET value = 'text'",
    'meta SET value = 1e300',
    'meta SET value = -1',
  ])('rows that are not what was written: %s', async (change) => {
    const { wrong } = await use('closed', ({ database }) => {
      const db = openSqlite(findDriver(), database);
      db.exec(`UPDATE ${change}`);
      db.close();
    });
    expect(wrong).toEqual([]);
  });

  it.each([
    ['none', 'kept', removed('-mark')],
    ['an empty one', 'kept', replaced('-mark', '')],
    ['half of one', 'kept', truncated('-mark', () => 8)],
    ['one of zeros', 'aside', replaced('-mark', Buffer.alloc(16))],
    ['a longer one', 'kept', ({ database }) => appendFileSync(`${database}-mark`, 'more')],
    ['one of noise', 'aside', replaced('-mark', Buffer.alloc(16, 0x7f))],
    ['one of a later commit', 'aside', changed('-mark', (bytes) => bytes.writeDoubleLE(1e9))],
  ] as readonly Damage[])('as the number of its last commit, %s', async (_, outcome, damage) => {
    const { wrong, setAside } = await use('closed', damage);
    expect({ wrong, setAside }).toEqual({ wrong: [], setAside: outcome === 'aside' ? 1 : 0 });
  });
});

describe('nothing stale and nothing thrown, with what was left by an app that was killed', () => {
  it('undamaged', async () => expectOutcome(await use('killed', () => {}), 'kept'));

  it.each(OF_THE_DATABASE)('a database %s', async (_, _outcome, damage) => {
    expect((await use('killed', damage)).wrong).toEqual([]);
  });

  it('an empty file', async () =>
    expect(
      (
        await use(
          'killed',
          truncated('', () => 0),
        )
      ).wrong,
    ).toEqual([]));
  it('no database, but its log', async () => expect((await use('killed', removed(''))).wrong).toEqual([]));
  it('a directory in the place of the database', async () => {
    const { wrong } = await use('killed', ({ database }) => replaceByDirectory(database));
    expect(wrong).toEqual([]);
  });

  it.each([
    ['lost', removed('-wal')],
    ['empty', truncated('-wal', () => 0)],
    ['without its last byte', truncated('-wal', (size) => size - 1)],
    ['without its last page', truncated('-wal', (size) => size - PAGE)],
    ['cut in half', truncated('-wal', (size) => size / 2)],
    ['cut to its header', truncated('-wal', () => 32)],
    ['of zeros', changed('-wal', (bytes) => bytes.fill(0))],
    ['of noise', changed('-wal', (bytes) => noise(bytes.length).copy(bytes))],
    ['with a byte changed in its header', changed('-wal', (bytes) => bytes.writeUInt8(bytes[17]! ^ 1, 17))],
    ['with a byte changed in its first page', changed('-wal', (bytes) => bytes.writeUInt8(bytes[500]! ^ 1, 500))],
    ['with a byte changed in the middle', changed('-wal', (bytes) => {
      const middle = Math.floor(bytes.length / 2);
      bytes.writeUInt8(bytes[middle]! ^ 0x40, middle);
    })], // prettier-ignore
    ['of another database', (directory: DamagedDirectory) => replaced('-wal', originals[2]!.bytes('-wal'))(directory)],
  ] as const)('a log %s', async (name, damage) => {
    const { wrong, setAside, read } = await use('killed', damage);
    expect(wrong).toEqual([]);
    expect({ name, setAside, read }).toEqual({ name, setAside: 1, read: 0 });
  });

  it.each([
    ['lost', removed('-shm')],
    ['empty', truncated('-shm', () => 0)],
    ['of zeros', changed('-shm', (bytes) => bytes.fill(0))],
    ['of noise', changed('-shm', (bytes) => noise(bytes.length).copy(bytes))],
  ] as const)('an index of the log %s', async (_, damage) => expectOutcome(await use('killed', damage), 'kept'));

  it.each([
    ['lost', removed('-mark')],
    ['of noise', replaced('-mark', Buffer.alloc(8, 0x7f))],
  ] as const)('the number of the last commit %s', async (_, damage) => {
    expect((await use('killed', damage)).wrong).toEqual([]);
  });
});
