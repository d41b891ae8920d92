import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { systemClock } from '../../lib/support/clock.js';
import { clusterPlace } from '../support/redis/places.js';
import { RedisCluster } from '../support/redis/redis-cluster.js';
import { RedisStoreRig } from '../support/redis/redis-store.js';
import { draft, NearCache } from './near-rig.js';

/** The first of these names that the cluster keeps on that node. */
async function kept(cluster: RedisCluster, names: readonly string[], prefix: string): Promise<string> {
  for (const name of names) if ((await cluster.nodeFor(prefix + name)) === cluster.nodes[0]) return name;
  throw new Error('none of these names is there');
}

it('memory stops trusting a node that has no say any more, though it still answers', async () => {
  const cluster = await RedisCluster.start({ masters: 3, replicasPerMaster: 0 });
  const rig = new RedisStoreRig(clusterPlace(cluster), systemClock, { times: {}, near: true, commandTimeout: 500 });
  try {
    const here = new NearCache(rig.open());
    const base = `blossom:${rig.prefix}:-:`;
    const names = Array.from({ length: 200 }, (_, index) => `n${index}`);
    const namespace = await kept(cluster, names, `${base}n:`);
    const [key, other] = [
      await kept(cluster, names.slice(0, 100), `${base}e:${namespace}:`),
      await kept(cluster, names.slice(100), `${base}e:${namespace}:`),
    ];
    const space = here.store.space(namespace);
    const read = async (of: string): Promise<unknown> => space.read(of, systemClock.now());
    await space.write(key, draft('old'));
    await read(key);
    await Promise.all([cluster.nodes[1]!.kill(), cluster.nodes[2]!.kill()]);
    let down: number | undefined;
    let last = 0;
    const began = performance.now();
    while (performance.now() - began < 15_000 && performance.now() < (down ?? Infinity) + 2_500) {
      const before = here.hits;
      await read(key).catch(() => {});
      if (here.hits > before) last = performance.now();
      await read(other).catch((error: Error) => {
        if (error.message.includes('CLUSTERDOWN')) down ??= performance.now();
      });
      await sleep(20);
    }
    expect(down).toBeDefined();
    // As long as it is trusted without a sign of life, and what a busy machine adds.
    expect(last - down!).toBeLessThan(1_300);
  } finally {
    await rig.close();
    await cluster.stop();
  }
}, 30_000);
