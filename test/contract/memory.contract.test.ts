import { CacheEvents } from '../../lib/events/cache-events.js';
import { MemoryStore } from '../../lib/stores/memory/memory.store.js';
import { describeStore } from './store.contract.js';

for (const evictionPolicy of ['lru', 'fifo', 'lfu'] as const) {
  for (const isolation of ['reference', 'clone'] as const) {
    describeStore(`memory, ${evictionPolicy}, ${isolation}`, (clock) => {
      const events = new CacheEvents((error) => {
        throw error;
      });
      const options = { maxSize: 10_000, maxBytes: Infinity, evictionPolicy, isolation };
      return { store: new MemoryStore(options, events, clock), events };
    });
  }
}
