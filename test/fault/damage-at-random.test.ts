import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { random } from './child/random.mjs';
import { Original } from './damaged-directory.js';
import { knob } from './fault-room.js';

const SEEDS = knob('BLOSSOM_ROUNDS', 100);
const FIRST = knob('BLOSSOM_SEED', 1);
/** Where to leave a copy of each directory that something was wrong with. */
const KEEP = process.env['BLOSSOM_KEEP'];
const PAGE = 4_096;

type Rand = () => number;
type Damage = (bytes: Buffer, rand: Rand) => Buffer;

const below = (rand: Rand, limit: number): number => Math.floor(rand() * limit);

const DAMAGES: Readonly<Record<string, Damage>> = {
  'a byte': (bytes, rand) => flip(bytes, below(rand, bytes.length), rand),
  'a byte of the pages that lead to others': (bytes, rand) => {
    const leading = interiorPages(bytes);
    return flip(bytes, leading[below(rand, leading.length)]! + below(rand, PAGE), rand);
  },
  'a byte at the beginning of a page': (bytes, rand) => {
    return flip(bytes, below(rand, bytes.length / PAGE) * PAGE + below(rand, 64), rand);
  },
  'a byte of the first page': (bytes, rand) => flip(bytes, below(rand, PAGE), rand),
  'many bytes': (bytes, rand) => {
    for (let i = 0; i < 40; i += 1) flip(bytes, below(rand, bytes.length), rand);
    return bytes;
  },
  'a block of zeros': (bytes, rand) => {
    const at = below(rand, bytes.length);
    return bytes.fill(0, at, Math.min(at + below(rand, 3 * PAGE), bytes.length));
  },
  'a block of noise': (bytes, rand) => {
    const at = below(rand, bytes.length);
    const end = Math.min(at + below(rand, PAGE), bytes.length);
    for (let i = at; i < end; i += 1) bytes[i] = below(rand, 256);
    return bytes;
  },
  'a page of zeros': (bytes, rand) => {
    const at = below(rand, bytes.length / PAGE) * PAGE;
    return bytes.fill(0, at, at + PAGE);
  },
  'two pages in each other’s place': (bytes, rand) => {
    const [a, b] = [below(rand, bytes.length / PAGE) * PAGE, below(rand, bytes.length / PAGE) * PAGE];
    const before = Buffer.from(bytes.subarray(a, a + PAGE));
    bytes.copyWithin(a, b, b + PAGE);
    before.copy(bytes, b);
    return bytes;
  },
  'less than all': (bytes, rand) => bytes.subarray(0, below(rand, bytes.length)),
};

/** Where the pages begin that hold the addresses of others, and the first one. */
function interiorPages(bytes: Buffer): number[] {
  const pages = Array.from({ length: Math.floor(bytes.length / PAGE) }, (_, i) => i * PAGE);
  const found = pages.filter((at) => at === 0 || bytes[at] === 2 || bytes[at] === 5);
  return found.length === 0 ? [0] : found;
}

function flip(bytes: Buffer, at: number, rand: Rand): Buffer {
  const index = Math.min(at, bytes.length - 1);
  bytes[index] = bytes[index]! ^ (rand() < 0.5 ? 1 << below(rand, 8) : 1 + below(rand, 255));
  return bytes;
}

const originals: Record<string, Original> = {};
const kinds = [
  ['closed', ''],
  ['killed', ''],
  ['killed', '-wal'],
] as const;

beforeAll(async () => {
  originals['closed'] = await Original.write('closed');
  originals['killed'] = await Original.write('killed');
});

afterAll(() => Promise.all(Object.values(originals).map((original) => original.close())));

it(`nothing stale and nothing thrown, whatever is damaged (${SEEDS} times)`, { timeout: SEEDS * 500 }, async () => {
  const wrong: string[] = [];
  const tally = { setAside: 0, read: 0 };
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
    const rand = random(seed);
    const [how, suffix] = kinds[below(rand, kinds.length)]!;
    const [name, damage] = Object.entries(DAMAGES)[below(rand, Object.keys(DAMAGES).length)]!;
    const directory = originals[how]!.copy();
    const path = directory.database + suffix;
    writeFileSync(path, damage(readFileSync(path), rand));
    const kept = KEEP === undefined ? undefined : join(KEEP, `seed-${seed}`);
    if (kept !== undefined) cpSync(directory.room.directory, kept, { recursive: true });
    await directory.use({ keeps: false });
    await directory.close();
    tally.setAside += directory.setAside;
    tally.read += directory.read > 0 ? 1 : 0;
    const about = `seed ${seed}, ${name} in ${suffix || 'the database'} (${how})`;
    const [first] = directory.wrong;
    if (first !== undefined) wrong.push(`${about}: ${first}`);
    else if (kept !== undefined) rmSync(kept, { recursive: true });
  }
  if (process.env['BLOSSOM_FIGURES']) console.log(tally);
  expect(wrong).toEqual([]);
});
