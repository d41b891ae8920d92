import { CacheEvents } from '../../lib/events/cache-events.js';
import { GuardedStore } from '../../lib/stores/guarded/guarded.store.js';
import { FarBackend, type FarLink } from '../support/far-store.js';
import { tiered } from '../unit/tiered/tiered-rig.js';
import { describeStore } from './store.contract.js';

const LINKS: [string, FarLink][] = [
  ['at once', {}],
  ['later', { hop: async () => {} }],
];

for (const [answers, link] of LINKS) {
  for (const isolation of ['reference', 'freeze', 'clone'] as const) {
    for (const guarded of [false, true]) {
      describeStore(`tiered, ${isolation}, ${guarded ? 'guarded, ' : ''}answering ${answers}`, (clock) => {
        const events = new CacheEvents((error) => {
          throw error;
        });
        const backend = new FarBackend(clock, events);
        const open = () => {
          const far = backend.connect(link);
          const guard = guarded ? new GuardedStore(far, { onError: 'absorb' }, events, clock) : far;
          return tiered(guard, clock, isolation).store;
        };
        return { store: open(), events, handle: open };
      });
    }
  }
}
