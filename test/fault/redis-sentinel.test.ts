import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/redis/eventually.js';
import { RedisSentinels } from '../support/redis/redis-sentinel.js';
import { BOUND, RedisApp, TIMEOUT, slowest } from './redis-app.js';

/** Milliseconds in which a cache has found a new master, once it is there. */
const SOON = 4_000;

let sentinels: RedisSentinels;

beforeEach(async () => {
  sentinels = await RedisSentinels.start();
});

afterEach(() => sentinels.stop());

function boot(near: boolean): Promise<RedisApp> {
  const redis = {
    sentinel: { name: sentinels.name, sentinels: sentinels.sentinels.map(({ host, port }) => ({ host, port })) },
    commandTimeout: `${TIMEOUT}ms` as const,
  };
  return RedisApp.boot(near ? { backend: 'hybrid', redis } : { backend: 'redis', ...redis });
}

async function works({ cache }: RedisApp, key: string): Promise<boolean> {
  await cache.set(key, 'works');
  return (await cache.get(key)) === 'works';
}

describe('a master that sentinels watch', () => {
  it('hands over to its replica when asked to: the cache follows, and forgets what is not so any more', async () => {
    const apps = [await boot(false), await boot(true)];
    for (const [i, app] of apps.entries()) expect(await works(app, `before ${i}`)).toBe(true);
    const master = await sentinels.failover();
    for (const [i, app] of apps.entries()) {
      // Until the former master knows that it is one no more, it takes writes that are lost.
      const written = async (): Promise<boolean> => {
        if (!(await works(app, `after ${i}`))) return false;
        return ((await master.command('KEYS', `*:after ${i}`)) as string[]).length === 1;
      };
      await eventually('it writes to the new master', written, SOON);
      expect(await app.cache.increment('counter')).toBe(i + 1);
      await app.cache.delete(`before ${i}`);
      expect((await app.cache.getStats()).pendingEvictions).toBe(0);
      expect(await master.command('KEYS', `*:before ${i}`)).toEqual([]);
    }
    // Memory goes by the new master's word.
    expect(await apps[1]!.cache.get('after 0')).toBe('works');
    await apps[0]!.cache.set('after 0', 'changed');
    await eventually('the other is told', async () => (await apps[1]!.cache.get('after 0')) === 'changed', 1_000);
  });

  it('is killed, while a sentinel is frozen: calls are answered in time, and the cache finds the next master', async () => {
    const app = await boot(true);
    expect(await works(app, 'kept')).toBe(true);
    await app.cache.set('deleted', 'old');
    const former = await sentinels.master();
    await eventually('the replica has it', async () => {
      const replica = sentinels.nodes.find((node) => node !== former);
      return ((await replica!.command('KEYS', '*:deleted')) as string[]).length === 1;
    });
    await former.kill();
    expect(await slowest([() => app.cache.delete('deleted'), () => app.cache.set('k', 'v')])).toBeLessThan(BOUND);
    sentinels.sentinels[0]!.freeze();
    await sentinels.masterAfter(former);
    await eventually('it is back', () => works(app, 'after'), SOON);
    await eventually('it says so', () => app.changes.at(-1) === 'recovery', SOON);
    expect(await app.cache.get('deleted')).toBeUndefined();
    expect((await app.cache.getStats()).pendingEvictions).toBe(0);
    expect(app.changes).toEqual(['outage', 'recovery']);
  });
});
