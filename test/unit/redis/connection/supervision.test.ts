import { afterEach, beforeEach, expect, it, vi, type Mock } from 'vitest';
import { Supervision } from '../../../../lib/stores/redis/connection/supervision.js';
import { FakeClock } from '../../../support/fake-clock.js';

const DEADLINE = 160;
/** Milliseconds by which a command may be given up later. */
const SLACK = DEADLINE / 8;

let clock: FakeClock;
let late: Mock<() => void>;
let supervision: Supervision;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate', 'performance'] });
  clock = new FakeClock(0);
  late = vi.fn<() => void>();
  supervision = new Supervision(DEADLINE, clock, late);
});

afterEach(() => {
  supervision.stop();
  vi.useRealTimers();
});

function pass(milliseconds: number): void {
  clock.advance(milliseconds);
  vi.advanceTimersByTime(milliseconds);
}

it.each([0, 1, 7, 9, 10, 11])(
  'a command is given up after its deadline, never before, however the looks fall: %d',
  (ahead) => {
    const first = supervision.sent();
    pass(ahead);
    supervision.sent();
    supervision.settled(first, true);
    pass(DEADLINE - 1);
    expect(late).not.toHaveBeenCalled();
    pass(SLACK + 1);
    expect(late).toHaveBeenCalled();
  },
);

it('one that waits is seen among others that are answered, in whatever order', () => {
  supervision.sent();
  for (let i = 0; i < DEADLINE; i += 1) {
    const other = supervision.sent();
    pass(1);
    supervision.settled(other, true);
  }
  expect(late).not.toHaveBeenCalled();
  pass(SLACK);
  expect(late).toHaveBeenCalled();
});

it('what is answered in time is never late, and nothing is looked at when nothing is asked', () => {
  for (let i = 0; i < 20; i += 1) {
    const command = supervision.sent();
    pass(DEADLINE - 1);
    supervision.settled(command, i % 2 === 0);
  }
  pass(DEADLINE);
  expect(late).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

it('is proved to be there by good answers alone, at the time when they were asked for', () => {
  expect(supervision.provenAt).toBe(-Infinity);
  pass(1_000);
  const command = supervision.sent();
  pass(100);
  supervision.settled(command, true);
  expect(supervision.provenAt).toBe(1_000);
  const failing = supervision.sent();
  pass(50);
  supervision.settled(failing, false);
  expect(supervision.provenAt).toBe(1_000);
  const [older, newer] = [supervision.sent(), (pass(20), supervision.sent())];
  supervision.settled(newer, true);
  const proven = supervision.provenAt;
  expect(proven).toBeGreaterThanOrEqual(1_150);
  expect(proven).toBeLessThanOrEqual(1_170);
  supervision.settled(older, true);
  expect(supervision.provenAt).toBe(proven);
});
