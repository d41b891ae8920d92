import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/support/clock.js';
import type { FileStoreOptions } from '../../lib/stores/file/file.store.js';
import type { StoreSpace } from '../../lib/stores/store.js';
import { draft, FaultRoom, pause, type OpenedFiles } from './fault-room.js';

const LIMIT = 4 * 1_048_576;
const VALUE = 'x'.repeat(10_000);
/** Entries that are more than fit in. */
const MANY = 1_000;

let room: FaultRoom;

beforeEach(() => {
  room = new FaultRoom();
});

afterEach(() => room.close());

function open(evictionPolicy: FileStoreOptions['evictionPolicy']): OpenedFiles & { space: StoreSpace } {
  const opened = room.open({ options: { maxBytes: LIMIT, evictionPolicy } });
  return { ...opened, space: opened.store.space('ns') };
}

function has(space: StoreSpace, key: string): boolean {
  return space.read(key, systemClock.now()) !== undefined;
}

function keys(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name} ${i}`);
}

/** Writes more than there is room for, and reads some others now and then. */
async function flood(space: StoreSpace, used: readonly string[]): Promise<void> {
  for (const [index, key] of keys('flood', MANY).entries()) {
    await space.write(key, draft(VALUE));
    if (index % 50 === 0) for (const key of used) has(space, key);
  }
}

describe('when there is no room', () => {
  it('lru: what was used lately stays', async () => {
    const { space, events } = open('lru');
    const used = keys('used', 20);
    for (const key of [...used, ...keys('unused', 20)]) await space.write(key, draft(VALUE));
    await flood(space, used);
    expect(events.counts.evict).toBeGreaterThan(MANY / 2);
    expect(used.filter((key) => has(space, key))).toEqual(used);
    expect(keys('unused', 20).filter((key) => has(space, key))).toEqual([]);
    expect(has(space, `flood ${MANY - 1}`)).toBe(true);
  });

  it('fifo: the oldest leave, however often they were used', async () => {
    const { space, events } = open('fifo');
    const gone: string[] = [];
    events.on('evict', ({ key }) => gone.push(key));
    const used = keys('used', 20);
    for (const key of used) await space.write(key, draft(VALUE));
    await flood(space, used);
    expect(gone).toEqual([...used, ...keys('flood', MANY)].slice(0, gone.length));
    expect(gone.length).toBeGreaterThan(MANY / 2);
  });

  it('lfu: what was used often stays, though not lately', async () => {
    const { space, store } = open('lfu');
    const often = keys('often', 20);
    for (const key of often) await space.write(key, draft(VALUE));
    for (let times = 0; times < 20; times += 1) for (const key of often) has(space, key);
    await space.write('carries the uses', draft(1));
    await flood(space, []);
    expect(often.filter((key) => has(space, key))).toEqual(often);
    await store.close();
  });

  it.each(['lru', 'fifo', 'lfu'] as const)('%s: what has expired leaves first', async (policy) => {
    const { space, happened } = open(policy);
    const first = keys('first', 30);
    for (const key of first) await space.write(key, draft(VALUE));
    for (const key of keys('brief', 120)) await space.write(key, draft(VALUE, [], 30));
    await pause(40);
    // As much as has expired, and no more than there is room for without it.
    for (const key of keys('later', 120)) await space.write(key, draft(VALUE));
    expect(happened('evict')).toEqual({ evict: 0 });
    expect(first.filter((key) => has(space, key))).toEqual(first);
  });
});
