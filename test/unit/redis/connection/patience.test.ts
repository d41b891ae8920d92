import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { impatiently } from '../../../../lib/stores/redis/connection/patience.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('ends when the time is up, once', () => {
  const late = vi.fn<() => void>();
  impatiently(800, late);
  vi.advanceTimersByTime(799);
  expect(late).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_000);
  expect(late).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});

it('can be called off', () => {
  const late = vi.fn<() => void>();
  const stop = impatiently(800, late);
  vi.advanceTimersByTime(700);
  stop();
  vi.advanceTimersByTime(10_000);
  expect(late).not.toHaveBeenCalled();
});

it('does not end by a pause of the process', async () => {
  vi.useRealTimers();
  const late = vi.fn<() => void>();
  const stop = impatiently(160, late);
  const end = performance.now() + 400;
  while (performance.now() < end);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(late).not.toHaveBeenCalled();
  stop();
});
