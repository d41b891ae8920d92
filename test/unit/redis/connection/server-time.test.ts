import { afterEach, expect, it, vi } from 'vitest';
import { ServerTime } from '../../../../lib/stores/redis/connection/server-time.js';
import { FakeClock } from '../../../support/fake-clock.js';

const CLOCK = 1_000_000;
const SERVER = 5_000_000;

afterEach(() => {
  vi.restoreAllMocks();
});

/** A server that is reached after some milliseconds, and whose answer takes some more. */
function serverAt(...ways: (readonly [there: number, back: number])[]): {
  ask(): Promise<[string, string]>;
  asked: () => number;
} {
  let now = 0;
  let asked = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  return {
    asked: () => asked,
    ask: async () => {
      const [there, back] = ways[asked]!;
      asked += 1;
      now += there;
      const time = SERVER + now;
      now += back;
      return [String(Math.trunc(time / 1_000)), String((time % 1_000) * 1_000)];
    },
  };
}

it('is measured once where the server answers at once', async () => {
  const { ask, asked } = serverAt([1, 1]);
  const time = new ServerTime(new FakeClock(CLOCK));
  await time.measure(ask);
  expect(asked()).toBe(1);
  expect(time.offset).toBe(SERVER - CLOCK + 2);
});

it('is best told by the quickest answer', async () => {
  const { ask, asked } = serverAt([900, 100], [1, 3], [0, 0]);
  const time = new ServerTime(new FakeClock(CLOCK));
  await time.measure(ask);
  expect(asked()).toBe(2);
  expect(Math.abs(time.now - (SERVER + performance.now()))).toBeLessThanOrEqual(3);
});

it.each([
  [0, 40],
  [40, 0],
  [20, 20],
])('is never ahead of the server, however long the way there (%d) and back (%d)', async (there, back) => {
  const { ask, asked } = serverAt([there, back], [there, back], [there, back]);
  const time = new ServerTime(new FakeClock(CLOCK));
  await time.measure(ask);
  expect(asked()).toBe(3);
  expect(time.now).toBeLessThanOrEqual(SERVER + performance.now());
});

it('goes by what a test has set', async () => {
  const { ask } = serverAt([1, 1]);
  const time = new ServerTime(new FakeClock(CLOCK), 7);
  await time.measure(ask);
  expect(time.offset).toBe(7);
});
