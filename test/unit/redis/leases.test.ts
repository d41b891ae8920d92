import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RedisStore } from '../../../lib/stores/redis/redis.store.js';
import type { LeaseAnswer, LeasePurpose } from '../../../lib/stores/store.js';
import { draft } from '../../contract/store/rig.js';
import { placeOf } from '../../support/redis/places.js';
import { RedisServer } from '../../support/redis/redis-server.js';
import { RedisStoreRig } from '../../support/redis/redis-store.js';

/** Milliseconds. */
const SHORT = 1_000;
/** Longer than a test may take. */
const LONG = 600_000;

let server: RedisServer;
let rig: RedisStoreRig;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());
afterEach(() => rig.close());

/** Two processes whose leases last so many milliseconds. */
function open(leaseTime: number, near: boolean): readonly [RedisStore, RedisStore] {
  const times = { offset: 0, slack: 60_000, leaseTime };
  rig = new RedisStoreRig(placeOf(server), undefined, { near, times });
  return [rig.open(), rig.open()];
}

async function ask(store: RedisStore, purpose: LeasePurpose): Promise<LeaseAnswer> {
  return store.space('ns').lease('k', [], purpose);
}

describe.each([
  ['without near copies', false],
  ['with near copies', true],
])('who waits for a lease, %s', (_, near) => {
  it.each(['load', 'ahead', 'refresh'] as const)(
    'to %s is woken when it yields, long before it ends',
    async (purpose) => {
      const [own, other] = open(LONG, near);
      const lease = await ask(own, purpose);
      const busy = await ask(other, 'load');
      if (!('yield' in lease) || !('freed' in busy)) throw new Error('not as it should be');
      await lease.yield();
      await busy.freed;
      expect(await ask(other, 'load')).toHaveProperty('commit');
    },
  );
});

describe('a lease to load ahead', () => {
  it('is renewed while the entry is fresh: nobody takes it for that of a dead process', async () => {
    const [own, other] = open(SHORT, false);
    await own.space('ns').write('k', draft('v', { ttl: LONG }));
    const lease = await ask(own, 'ahead');
    for (let round = 0; round < 3; round += 1) {
      const busy = await ask(other, 'ahead');
      if (!('freed' in busy)) throw new Error(`granted in round ${round}`);
      await busy.freed;
    }
    if (!('commit' in lease)) throw new Error('not as it should be');
    expect(await lease.commit(draft('new'))).toBe(true);
  });
});
