import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventually } from '../support/redis/eventually.js';
import { RedisServer } from '../support/redis/redis-server.js';
import { RedisApp, TIMEOUT } from './redis-app.js';

const KEYS = Array.from({ length: 50 }, (_, i) => `k${i}`);

/** Keeps this process from doing anything else. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('an event loop that is blocked for three times commandTimeout is not the fault of the server', () => {
  it.each([
    ['before the commands have left', 0],
    ['after the commands have left', 1],
    ['while answers arrive', 3],
  ])('%s', async (_, turns) => {
    const server = await RedisServer.start();
    const app = await RedisApp.on(server);
    await app.cache.setMany(KEYS.map((key) => [key, key] as const));
    for (let round = 0; round < 2; round += 1) {
      const answers = KEYS.map(async (key) => app.cache.get(key));
      const counted = app.cache.increment('counter');
      for (let i = 0; i < turns; i += 1) await turn();
      block(3 * TIMEOUT);
      expect(await Promise.all(answers)).toEqual(KEYS);
      expect(await counted).toBe(round + 1);
    }
    expect(app.changes).toEqual([]);
    expect((await app.cache.getStats()).errors).toBe(0);
  });

  it('while the connection is made', async () => {
    const server = await RedisServer.start();
    for (let turns = 0; turns < 4; turns += 1) {
      const app = await RedisApp.on(server);
      const stored = app.cache.set('k', turns);
      for (let i = 0; i < turns; i += 1) await turn();
      block(3 * TIMEOUT);
      await stored;
      expect(await app.cache.get('k')).toBe(turns);
      expect(app.changes).toEqual([]);
    }
  });
});

describe('a machine that slept', () => {
  it('has another idea of the time than the server: what is refused as too late for that is stored soon after', async () => {
    const server = await RedisServer.start();
    const app = await RedisApp.on(server);
    await app.cache.set('k', 'old');
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() - 10_000);
    await eventually('it stores again', async () => {
      await app.cache.set('k', 'new');
      return (await app.cache.get('k')) === 'new';
    });
    expect(await app.cache.increment('counter')).toBe(1);
  });
});
