import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ForeignStore } from '../../../lib/stores/foreign/foreign.store.js';
import type { Lease, LeasePurpose } from '../../../lib/stores/store.js';
import { draft } from '../../contract/store/rig.js';
import { FakeClock } from '../../support/fake-clock.js';
import { openForeign } from './foreign-rig.js';
import { NetworkMap } from './network-map.js';

type Deed = LeasePurpose | 'commit' | 'touch' | 'write' | 'remove';

const deeds = fc.array(fc.constantFrom<Deed>('load', 'refresh', 'write', 'commit', 'touch', 'write', 'remove'), {
  minLength: 2,
  maxLength: 4,
});

/** What one process does, all at once; the leases that it is granted. */
async function act(store: ForeignStore, earlier: Lease, todo: readonly Deed[]): Promise<Lease[]> {
  const space = store.space('ns');
  const granted: Lease[] = [];
  const run = async (deed: Deed): Promise<unknown> => {
    if (deed === 'commit') return earlier.commit(draft('committed'));
    if (deed === 'touch') return space.touch('k', 7_200_000);
    if (deed === 'remove') return space.remove('k');
    const lease = await space.lease('k', [], deed);
    return 'commit' in lease && granted.push(lease);
  };
  await Promise.all(todo.map(run));
  return granted;
}

it('of all the leases on a key, in whatever processes, at most one stands once all are granted', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.boolean(),
      fc.array(deeds, { minLength: 2, maxLength: 3 }),
      async (scheduler, present, todo) => {
        const clock = new FakeClock();
        const network = new NetworkMap();
        let hop = async (): Promise<void> => {};
        const stores = todo.map(() => openForeign('keyv', network.connect({ hop: () => hop() }), { clock }));
        if (present) await stores[0]!.space('ns').write('k', draft('v'));
        const earlier = (await stores[0]!.space('ns').lease('k', [], 'refresh')) as Lease;
        hop = () => scheduler.schedule(Promise.resolve());
        const acting = stores.map((store, index) => act(store, earlier, todo[index]!));
        const granted = (await scheduler.waitFor(Promise.all(acting))).flat();
        hop = async () => {};
        const standing = await Promise.all(granted.map((lease) => lease.holds()));
        expect(standing.filter(Boolean).length).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 3_000 },
  );
});
