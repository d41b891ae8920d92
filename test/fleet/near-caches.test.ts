import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/support/clock.js';
import { FakeClock } from '../support/fake-clock.js';
import { eventually } from '../support/redis/eventually.js';
import { placeOf } from '../support/redis/places.js';
import { RedisProxy } from '../support/redis/redis-proxy.js';
import { RedisServer } from '../support/redis/redis-server.js';
import { RedisStoreRig } from '../support/redis/redis-store.js';
import { commandsOf, draft, NearCache } from './near-rig.js';

/** Milliseconds in which a change is known everywhere while all is well: much less than `STALENESS`. */
const TRAVEL = 200;
const STALENESS = 1_000;
/** Milliseconds by which a busy machine is late. */
const SCHEDULING = 300;

let server: RedisServer;
let proxy: RedisProxy;
let rig: RedisStoreRig;
let here: NearCache;
let other: NearCache;

beforeEach(async () => {
  server = await RedisServer.start();
  proxy = await RedisProxy.start(server.port);
  rig = new RedisStoreRig(placeOf(server), systemClock, { times: {}, near: true, commandTimeout: 500 });
  here = new NearCache(rig.open({ place: placeOf(proxy) }));
  other = new NearCache(rig.open());
  await other.store.space('n').write('k', draft('old', ['t']));
  await here.warm('k');
});

afterEach(async () => {
  await rig.close();
  await proxy.stop();
  await server.stop();
});

/** How long it takes until something else is read than the old value, in milliseconds. */
async function untilGone(patience: number, cache = here): Promise<number> {
  const began = performance.now();
  while ((await cache.get('k').catch(() => undefined)) === 'old') {
    const waited = performance.now() - began;
    if (waited > patience) throw new Error(`the old value is still read after ${Math.round(waited)} ms`);
    await sleep(1);
  }
  return performance.now() - began;
}

async function nameOnServer(): Promise<string> {
  const [name] = (await server.command('KEYS', '*:e:n:k')) as string[];
  return name!;
}

describe('a change by another client, whatever it is, empties what is kept near', () => {
  it.each([
    ['SET', async (name: string) => server.command('SET', name, 'anything')],
    ['DEL', async (name: string) => server.command('DEL', name)],
    ['EXPIRE', async (name: string) => server.command('EXPIRE', name, '0')],
    ['RENAME', async (name: string) => server.command('RENAME', name, 'elsewhere')],
    ['FLUSHDB', async () => server.command('FLUSHDB')],
    ['FLUSHALL', async () => server.command('FLUSHALL')],
  ])('%s', async (_, change) => {
    await change(await nameOnServer());
    expect(await untilGone(TRAVEL)).toBeLessThan(TRAVEL);
  });

  it.each([
    ['a write', async () => other.store.space('n').write('k', draft('new'))],
    ['a deletion', async () => other.store.space('n').remove('k')],
    ['an invalidated tag', async () => other.store.invalidateTags(['t'])],
    ['a cleared namespace', async () => other.store.space('n').clear()],
  ])('of the same cache: %s', async (_, change) => {
    await change();
    expect(await untilGone(TRAVEL)).toBeLessThan(TRAVEL);
  });
});

describe('a change by the process itself is known there at once', () => {
  const LONG = 'x'.repeat(200_000);

  it.each([
    ['a deletion', 'k', async () => here.store.space('n').remove('k')],
    ['a write', 'k', async () => here.store.space('n').write('k', draft('new'))],
    ['a take', 'k', async () => here.store.space('n').take('k')],
    ['an invalidated tag', 'k', async () => here.store.invalidateTags(['t'])],
    ['a cleared namespace', 'k', async () => here.store.space('n').clear()],
    ['a tag whose announcement comes long after the reply', 'long', async () => here.store.invalidateTags([LONG])],
  ])('%s', async (_, key, change) => {
    await other.store.space('n').write('long', draft('old', [LONG]));
    await here.warm(key);
    await change();
    expect(await here.get(key)).not.toBe('old');
  });

  it('also when its connection was another one when the entry was read', async () => {
    proxy.cut();
    await eventually('it is connected again', async () => {
      await here.store.invalidateTags(['t']);
      return true;
    });
    expect(await here.get('k')).toBeUndefined();
  });
});

describe('replies that are held back', () => {
  it('are not kept if the entry has changed meanwhile', async () => {
    await other.store.space('n').write('pending', draft('old'));
    proxy.freeze(['toClient']);
    const commands = await commandsOf(server, async () => {
      const reading = here.get('pending');
      await eventually('it was read on the server', async () => (await getCalls()) > 0);
      await other.store.space('n').remove('pending');
      proxy.thaw(['toClient']);
      expect([undefined, 'old']).toContain(await reading);
    });
    expect(commands['get']).toBeGreaterThan(0);
    // What was announced meanwhile is there before the next reply.
    await here.get('something else');
    expect(await here.get('pending')).toBeUndefined();
  });

  it.each([
    ['the tag', async () => other.store.invalidateTags(['t'])],
    ['the namespace', async () => other.store.space('n').clear()],
  ])('say nothing to a read that began after %s was gone', async (_, change) => {
    await server.command('FLUSHALL');
    await other.store.space('n').write('k', draft('old', ['t']));
    await eventually('it is forgotten here', async () => !(await here.far.space('m').read('m', 0)));
    proxy.freeze(['toClient']);
    const before = here.get('k');
    await sleep(20);
    await change();
    const after = here.get('k');
    await sleep(20);
    proxy.thaw(['toClient']);
    expect([undefined, 'old']).toContain(await before);
    expect(await after).toBeUndefined();
  });

  async function getCalls(): Promise<number> {
    const text = String(await server.command('INFO', 'commandstats'));
    return Number(/cmdstat_get:calls=(\d+)/.exec(text)?.[1] ?? 0);
  }
});

describe('round trips', () => {
  it.each([
    ['untagged', []],
    ['tagged', ['t', 'u']],
  ])('a hit in memory costs none, %s', async (_, tags) => {
    await other.store.space('n').write('h', draft('v', tags));
    await here.warm('h');
    const commands = await commandsOf(server, async () => {
      for (let i = 0; i < 50; i += 1) expect(await here.get('h')).toBe('v');
    });
    expect(commands).toEqual({});
  });

  it.each([
    ['untagged', []],
    ['tagged', ['t', 'u']],
  ])('a hit on the server is one GET, %s', async (_, tags) => {
    const plain = rig.open({ near: false });
    const space = plain.space('n');
    await space.write('h', draft('v', tags));
    expect((await space.read('h', systemClock.now()))?.value).toBe('v');
    const commands = await commandsOf(server, async () => {
      for (let i = 0; i < 20; i += 1) await space.read('h', systemClock.now());
    });
    expect(commands).toEqual({ get: 20 });
  });

  it('where the server announces nothing, a hit is one GET and one of the stamp, both at the same time', async () => {
    await server.command('ACL', 'SETUSER', 'default', '-client|tracking');
    const space = rig.open({ near: false }).space('n');
    await space.write('h', draft('v'));
    const commands = await commandsOf(server, async () => {
      for (let i = 0; i < 20; i += 1) expect((await space.read('h', systemClock.now()))?.value).toBe('v');
    });
    expect(commands).toEqual({ get: 40 });
  });

  it('where the server announces nothing, a write is one step, and one more after others have invalidated', async () => {
    await server.command('ACL', 'SETUSER', 'default', '-client|tracking');
    const space = rig.open({ near: false }).space('new');
    const write = (): Promise<void> => space.write('w', draft('v', ['u']));
    const steps = async (): Promise<number | undefined> => (await commandsOf(server, write))['evalsha'];
    await write();
    expect(await steps()).toBe(1);
    await other.store.invalidateTags(['u']);
    await other.store.space('new').write('another', draft('v', ['u']));
    expect(await steps()).toBe(2);
    expect(await steps()).toBe(1);
    expect((await other.store.space('new').read('w', systemClock.now()))?.value).toBe('v');
  });

  it.each(['announces changes', 'announces nothing'])(
    'a load is one step to begin and one to store, where the server %s',
    async (how) => {
      if (how === 'announces nothing') await server.command('ACL', 'SETUSER', 'default', '-client|tracking');
      const space = rig.open({ near: false }).space('n');
      const load = async (key: string): Promise<void> => {
        const lease = await space.lease(key, ['t'], 'load');
        if (!('commit' in lease)) throw new Error('busy');
        expect(await lease.commit(draft('v', ['t']))).toBe(true);
      };
      await load('first');
      // From then on the stamps are known here.
      await space.read('first', systemClock.now());
      const commands = await commandsOf(server, () => load('second'));
      expect(commands['evalsha']).toBe(3);
      expect(Object.keys(commands).filter((name) => name.startsWith('eval'))).toEqual(['evalsha']);
    },
  );
});

describe('a connection that is lost or frozen', () => {
  it.each([
    ['frozen', () => proxy.freeze()],
    ['frozen towards the server', () => proxy.freeze(['toServer'])],
    ['frozen towards the cache', () => proxy.freeze(['toClient'])],
    [
      'cut, with no way back',
      () => {
        proxy.refuse();
        proxy.cut();
      },
    ],
    ['cut', () => proxy.cut()],
  ])(
    '%s: the old value is read no longer than maxStaleness after its eviction, though memory alone is asked',
    async (_, disturb) => {
      disturb();
      await other.store.space('n').remove('k');
      const took = await untilGone(STALENESS + SCHEDULING);
      expect(took).toBeLessThan(STALENESS + SCHEDULING);
    },
  );

  it('revives nothing when it is back', async () => {
    proxy.refuse();
    proxy.cut();
    await other.store.invalidateTags(['t']);
    await untilGone(STALENESS + SCHEDULING);
    await proxy.accept();
    await eventually('it reads again', async () => {
      await here.far.space('n').read('other', systemClock.now());
      return true;
    });
    for (let i = 0; i < 20; i += 1) {
      expect(await here.get('k')).toBeUndefined();
      await sleep(5);
    }
  });
});

describe('a server that does not announce changes', () => {
  it('is said once, and what others change is seen after maxStaleness at most', async () => {
    await server.command('ACL', 'SETUSER', 'default', '-client|tracking');
    const reasons: string[] = [];
    const far = rig.open({ notices: { untracked: (reason) => reasons.push(reason) } });
    const cache = new NearCache(far);
    await cache.warm('k');
    await other.store.space('n').remove('k');
    const took = await untilGone(STALENESS + SCHEDULING, cache);
    expect(took).toBeGreaterThan(TRAVEL);
    expect(took).toBeLessThan(STALENESS + SCHEDULING);
    expect(reasons).toEqual(['the server answers NOPERM']);

    await other.store.space('n').write('k', draft('old', ['t']));
    await cache.warm('k');
    await cache.store.invalidateTags(['t']);
    expect(await cache.get('k')).toBeUndefined();
  });
});

it('an entry past its end is not served, though the server has it still', async () => {
  const clock = new FakeClock();
  const still = new RedisStoreRig(placeOf(server), clock, { near: true });
  const cache = new NearCache(still.open(), clock);
  await cache.store.space('n').write('k', draft('v'));
  await cache.warm('k');
  clock.advance(59_999);
  expect(await cache.get('k')).toBe('v');
  clock.advance(1);
  expect(await cache.get('k')).toBeUndefined();
  await still.close();
});
