import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CacheBackendError } from '../../../../lib/errors/cache.errors.js';
import { Link } from '../../../../lib/stores/redis/connection/link.js';
import { Session, type SessionEnd } from '../../../../lib/stores/redis/connection/session.js';
import { ServerTime } from '../../../../lib/stores/redis/connection/server-time.js';
import { FakeClock } from '../../../support/fake-clock.js';

const PATIENCE = 400;

/** One attempt to connect. */
interface Attempt {
  readonly unwanted: AbortSignal;
  succeed(): Session;
  fail(): void;
}

let attempts: Attempt[];
let link: Link;

beforeEach(() => {
  vi.useFakeTimers();
  attempts = [];
  link = new Link(
    (onEnd, unwanted) =>
      new Promise((resolve, reject) => {
        attempts.push({
          unwanted,
          succeed: () => {
            const session = sessionWith(onEnd);
            resolve(session);
            return session;
          },
          fail: () => reject(new Error('connect ECONNREFUSED')),
        });
      }),
    PATIENCE,
  );
});

afterEach(() => {
  link.close();
  vi.useRealTimers();
});

function sessionWith(onEnd: (end: SessionEnd) => void): Session {
  const client = { connect: async () => {}, sendCommand: async () => null, on: () => {}, destroy: () => {} };
  const clock = new FakeClock();
  const time = new ServerTime(clock, 0);
  return new Session({ client, tracked: true, optIn: false, time, commandTimeout: PATIENCE }, clock, onEnd);
}

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

async function connect(): Promise<Session> {
  const session = attempts.at(-1)!.succeed();
  await settle();
  return session;
}

describe('a link', () => {
  it('lets those wait who come before its first session', async () => {
    const waiting = link.session;
    const session = attempts[0]!.succeed();
    expect(await waiting).toBe(session);
    expect(link.session).toBe(session);
  });

  it('lets nobody wait longer than they would for an answer', async () => {
    const waiting = expect(link.session).rejects.toMatchObject({ timedOut: true });
    await vi.advanceTimersByTimeAsync(PATIENCE);
    await waiting;
    expect(() => link.session).toThrow(CacheBackendError);
    // It goes on trying all the same.
    expect(link.current).toBeUndefined();
    expect(await connect()).toBe(link.session);
  });

  it('tries again less and less often while it is refused, and refuses at once meanwhile', async () => {
    for (let i = 0; i < 12; i += 1) {
      attempts.at(-1)!.fail();
      await settle();
      expect(() => link.session).toThrow('the Redis server cannot be reached');
      await vi.advanceTimersByTimeAsync(1_300);
    }
    expect(attempts.length).toBe(13);
  });

  it('replaces a session at once that was lost after it had lasted, and lets those wait who need it', async () => {
    const first = await connect();
    await vi.advanceTimersByTimeAsync(2_000);
    first.end({ timedOut: false, reason: 'lost' });
    const waiting = link.session;
    expect(attempts).toHaveLength(2);
    const second = await connect();
    expect(await waiting).toBe(second);
  });

  it('waits before it replaces one that was lost at once, so as not to run wild', async () => {
    const first = await connect();
    first.end({ timedOut: false, reason: 'lost' });
    expect(attempts).toHaveLength(1);
    expect(() => link.session).toThrow('lost');
    await vi.advanceTimersByTimeAsync(70);
    expect(attempts).toHaveLength(2);
  });

  it('leaves a server alone for a moment that has not answered in time', async () => {
    const first = await connect();
    await vi.advanceTimersByTimeAsync(2_000);
    first.end({ timedOut: true, reason: 'silent' });
    expect(() => link.session).toThrow(expect.objectContaining({ timedOut: true }));
    await vi.advanceTimersByTimeAsync(150);
    expect(attempts).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(attempts).toHaveLength(2);
  });

  it('that is closed ends its session, gives up its attempts, and makes no others', async () => {
    const first = await connect();
    await vi.advanceTimersByTimeAsync(2_000);
    first.end({ timedOut: false, reason: 'lost' });
    link.close();
    expect(attempts[1]!.unwanted.aborted).toBe(true);
    const session = await connect();
    expect(session.live).toBe(false);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(attempts).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});
