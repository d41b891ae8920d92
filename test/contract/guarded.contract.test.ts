import { CacheEvents } from '../../lib/events/cache-events.js';
import { GuardedStore } from '../../lib/stores/guarded/guarded.store.js';
import { FarBackend, type FarLink } from '../support/far-store.js';
import { describeStore } from './store.contract.js';

const LINKS: [string, FarLink][] = [
  ['at once', {}],
  ['later', { hop: async () => {} }],
];

for (const [answers, link] of LINKS) {
  for (const onError of ['absorb', 'throw'] as const) {
    describeStore(`guarded, answering ${answers}, ${onError}`, (clock) => {
      const events = new CacheEvents((error) => {
        throw error;
      });
      const backend = new FarBackend(clock, events);
      const open = (): GuardedStore => new GuardedStore(backend.connect(link), { onError }, events, clock);
      return { store: open(), events, handle: open };
    });
  }
}
