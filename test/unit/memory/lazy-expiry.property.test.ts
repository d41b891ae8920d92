import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { draft, openMemoryOn } from './memory-rig.js';
import { limits, operations, sizeOf, type Op } from './operations.js';

interface Held {
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly endsAt: number;
}

/** A store whose timers never fire, and what it must be holding by what it was told and what it says. */
function openUnswept(options: Parameters<typeof openMemoryOn>[1]) {
  const clock = { value: 1_700_000_000_000, now: () => clock.value, after: () => () => {} };
  const { store, events, log } = openMemoryOn(clock, options);
  const held = new Map<string, Held>();
  events.on('evict', ({ namespace, key }) => {
    expect([...held].filter(([, { endsAt }]) => endsAt <= clock.value)).toEqual([]);
    expect(held.delete(`${namespace}/${key}`), 'evicts what is held').toBe(true);
  });
  events.on('expire', ({ namespace, key }) => {
    expect(held.get(`${namespace}/${key}`)?.endsAt, 'expires what is held').toBeLessThanOrEqual(clock.value);
    held.delete(`${namespace}/${key}`);
  });
  events.on('refuse', ({ namespace, key }) => held.delete(`${namespace}/${key}`));
  const forget = (which: (entry: Held) => boolean): void => {
    for (const [name, entry] of held) if (which(entry)) held.delete(name);
  };
  const run: { [O in Op['op']]: (op: Extract<Op, { op: O }>, id: number) => void } = {
    advance: ({ ms }) => void (clock.value += ms),
    invalidate: ({ tag }) => {
      store.invalidateTags([tag]);
      forget(({ tags }) => tags.includes(tag));
    },
    clear: ({ namespace }) => {
      store.space(namespace).clear();
      forget((entry) => entry.namespace === namespace);
    },
    read: ({ namespace, key }) => void store.space(namespace).read(key, clock.value),
    remove: ({ namespace, key }) => {
      store.space(namespace).remove(key);
      held.delete(`${namespace}/${key}`);
    },
    write: ({ namespace, key, ttl, grace, tags, weight }, id) => {
      log.length = 0;
      store.space(namespace).write(key, draft({ id, weight }, { ttl, grace, tags }));
      if (ttl === 0) held.delete(`${namespace}/${key}`);
      if (log.at(-1) === `set ${namespace}/${key}`) {
        held.set(`${namespace}/${key}`, { namespace, tags, endsAt: clock.value + ttl + grace });
      }
    },
  };
  return { store, held, apply: (op: Op, id: number) => (run[op.op] as (op: Op, id: number) => void)(op, id) };
}

describe.each(['lru', 'fifo', 'lfu'] as const)('%s, where nothing sweeps in the background', (evictionPolicy) => {
  it('evicts nothing live while something void or expired is held, and expires each entry once', async () => {
    const property = fc.asyncProperty(limits, operations, async (limit, ops) => {
      const { store, held, apply } = openUnswept({ ...limit, evictionPolicy, sizeOf });
      for (const [id, op] of ops.entries()) {
        apply(op, id);
        expect(held.size).toBeLessThanOrEqual(limit.maxSize);
      }
      const { size } = await store.measure();
      expect(size).toBe(held.size);
    });
    await fc.assert(property, { numRuns: 200 });
  });
});
