import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../../lib/stores/redis/connection/session.js';
import { Tracking } from '../../../lib/stores/redis/tracking.js';
import { FakeClock } from '../../support/fake-clock.js';

function open(): {
  tracking: Tracking;
  session: { tracked: boolean; live: boolean; provenAt: number };
  clock: FakeClock;
} {
  const clock = new FakeClock();
  return { tracking: new Tracking(clock), session: { tracked: true, live: true, provenAt: clock.now() }, clock };
}

describe('what was read', () => {
  it('is good until a change of it is announced', () => {
    const { tracking, session } = open();
    const watch = tracking.watch(session as unknown as Session, 'k');
    expect(watch.isTold).toBe(true);
    tracking.invalidated('k');
    expect(watch.isTold).toBe(false);
    expect(tracking.watch(session as unknown as Session, 'k').isTold).toBe(true);
  });

  it('is not good if the change was announced before its reply arrived', () => {
    const { tracking, session } = open();
    const pending = tracking.watch(session as unknown as Session, 'k');
    tracking.invalidated(Buffer.from('k'));
    expect(pending.isUnchanged).toBe(false);
  });

  it('is void when everything was flushed, or its session is over', () => {
    const { tracking, session } = open();
    const [flushed, lost] = [
      tracking.watch(session as unknown as Session, 'k'),
      tracking.watch(session as unknown as Session, 'l'),
    ];
    tracking.invalidated(null);
    expect(flushed.isTold).toBe(false);
    session.live = false;
    expect(lost.isTold).toBe(false);
  });

  it('wakes those who wait for a change of it, and leaves none of them behind', () => {
    const { tracking } = open();
    let woken = 0;
    const stop = tracking.onChange('k', () => (woken += 1));
    tracking.invalidated('other');
    expect(woken).toBe(0);
    tracking.invalidated('k');
    tracking.invalidated(null);
    expect(woken).toBe(2);
    stop();
    tracking.invalidated('k');
    expect(woken).toBe(2);
  });
});

it('a million keys that were read and left leave nothing behind', () => {
  const { tracking, session } = open();
  const read = (i: number): void => void tracking.watch(session as unknown as Session, `key ${i}`);
  for (let i = 0; i < 10_000; i += 1) read(i);
  const before = settledHeap();
  for (let i = 0; i < 1_000_000; i += 1) read(i);
  expect(settledHeap() - before).toBeLessThan(1_000_000);
});

/** Bytes in use when garbage has been collected. */
function settledHeap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
