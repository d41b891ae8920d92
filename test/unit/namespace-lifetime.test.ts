import v8 from 'node:v8';
import vm from 'node:vm';
import { expect, it } from 'vitest';
import { CacheEvents } from '../../lib/events/cache-events.js';
import { MemoryStore } from '../../lib/stores/memory/memory.store.js';
import { WeakRegistry } from '../../lib/support/weak-registry.js';
import { FakeClock } from '../support/fake-clock.js';

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

/** Weak references are cleared between turns of the event loop. */
async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 3; i += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
}

const LIMITS = { maxSize: 100, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'reference' } as const;
const draft = { value: 1, ttl: Infinity, grace: 0, tags: [] };

it('keeps a namespace that nobody holds as long as there is an entry in it', async () => {
  const clock = new FakeClock();
  const store = new MemoryStore(LIMITS, new CacheEvents(() => {}), clock);
  store.space('tenant').write('k', draft);
  await collectGarbage();
  expect(store.space('tenant').read('k', clock.now())?.value).toBe(1);
});

it('lets go of what nobody holds', async () => {
  let made = 0;
  const registry = new WeakRegistry(() => ({ number: (made += 1) }));
  const first = new WeakRef(registry.get('x'));
  for (let i = 0; i < 30 && first.deref() !== undefined; i += 1) await collectGarbage();
  expect(registry.get('x').number).toBe(2);
});
