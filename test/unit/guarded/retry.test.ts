import { describe, expect, it } from 'vitest';
import { Retry } from '../../../lib/stores/guarded/retry.js';
import { FakeClock } from '../../support/fake-clock.js';
import { turns } from './guarded-rig.js';

describe('Retry', () => {
  it('tries again when it was woken during an attempt that worked: something may have failed since', async () => {
    const clock = new FakeClock();
    let finish!: (worked: boolean) => void;
    let attempts = 0;
    const retry = new Retry(clock, () => {
      attempts += 1;
      return new Promise((resolve) => (finish = resolve));
    });
    retry.wake();
    clock.advance(250);
    retry.wake();
    finish(true);
    await turns();
    expect(clock.pending).toBe(1);
    clock.advance(250);
    finish(true);
    await turns();
    expect([attempts, clock.pending]).toEqual([2, 0]);
  });

  it('does nothing any more once it is stopped', async () => {
    const clock = new FakeClock();
    let finish!: (worked: boolean) => void;
    const retry = new Retry(clock, () => new Promise((resolve) => (finish = resolve)));
    retry.wake();
    clock.advance(250);
    retry.stop();
    finish(false);
    await turns();
    retry.wake();
    expect(clock.pending).toBe(0);
  });
});
