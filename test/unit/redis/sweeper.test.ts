import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../support/redis/eventually.js';
import { placeOf } from '../../support/redis/places.js';
import { RedisServer } from '../../support/redis/redis-server.js';
import { RedisStoreRig } from '../../support/redis/redis-store.js';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

const ENDLESS = { ttl: Infinity, grace: 0, tags: [] };

async function entries(): Promise<string[]> {
  return ((await server.command('KEYS', '*:e:*')) as string[]).toSorted();
}

it('what a clear or an invalidation leaves behind without an end is removed, and nothing else', async () => {
  const rig = new RedisStoreRig(placeOf(server), undefined, { times: { offset: 0, sweepDelay: 0 } });
  // Characters that mean something to SCAN, and to the names of keys.
  const store = rig.open({ version: 'v*[1]:%' });
  const other = rig.open({ version: 'v' });
  const [kept, cleared] = [store.space('kept'), store.space('a:b')];
  await other.space('a:b').write('k', { ...ENDLESS, value: 'another cache' });
  await kept.write('tagged', { ...ENDLESS, value: 1, tags: ['t'] });
  await kept.write('k', { ...ENDLESS, value: 'stays', tags: ['u'] });
  for (let i = 0; i < 500; i += 1) await cleared.write(`k${i}`, { ...ENDLESS, value: i });
  const before = await entries();
  await store.invalidateTags(['t']);
  await cleared.clear();
  await cleared.write('after', { ...ENDLESS, value: 'new' });
  await eventually('the rest is gone', async () => (await entries()).length <= 3);
  expect(before.length).toBe(503);
  expect((await cleared.read('after', 0))?.value).toBe('new');
  expect((await kept.read('k', 0))?.value).toBe('stays');
  expect((await other.space('a:b').read('k', 0))?.value).toBe('another cache');
  expect(await entries()).toHaveLength(3);
  await rig.close();
});

it('nothing is looked for where every entry has an end', async () => {
  const rig = new RedisStoreRig(placeOf(server), undefined, { times: { offset: 0, sweepDelay: 0 } });
  const store = rig.open();
  await server.command('CONFIG', 'RESETSTAT');
  await store.space('n').write('k', { value: 1, ttl: 60_000, grace: 0, tags: [] });
  await store.space('n').clear();
  await eventually('it was thought about', async () => /cmdstat_exists/.test(String(await server.command('INFO', 'commandstats')))); // prettier-ignore
  await store.space('n').write('k', { value: 2, ttl: 60_000, grace: 0, tags: [] });
  expect(String(await server.command('INFO', 'commandstats'))).not.toMatch(/cmdstat_scan/);
  await rig.close();
});
