import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { draft, openMemory, type MemoryRig } from './memory-rig.js';
import { NaiveMemory } from './naive-memory.js';
import { KEYS, limits, NAMESPACES, operations, sizeOf, type Op, type Value } from './operations.js';

function apply(rig: MemoryRig, naive: NaiveMemory, op: Op, id: number): void {
  if (op.op === 'advance') {
    rig.clock.advance(op.ms);
    return naive.advance(op.ms);
  }
  if (op.op === 'invalidate') {
    rig.store.invalidateTags([op.tag]);
    return naive.invalidate(op.tag);
  }
  const space = rig.store.space(op.namespace);
  if (op.op === 'clear') {
    space.clear();
    return naive.clear(op.namespace);
  }
  if (op.op === 'remove') return expect(space.remove(op.key)).toBe(naive.remove(op.namespace, op.key));
  if (op.op === 'read') {
    for (let i = 0; i < op.times; i += 1) {
      expect(space.read(op.key, rig.clock.now())?.value).toBe(naive.read(op.namespace, op.key));
    }
    return;
  }
  const stored = draft({ id, weight: op.weight } satisfies Value, { ttl: op.ttl, grace: op.grace, tags: op.tags });
  space.write(op.key, stored);
  naive.write(op.namespace, op.key, stored);
}

/** Expiries are in no order among themselves; everything else is. */
function inOrder(log: string[]): string[] {
  return [
    ...log.filter((line) => !line.startsWith('expire')),
    ...log.filter((line) => line.startsWith('expire')).toSorted(),
  ];
}

async function expectMeasured(rig: MemoryRig, naive: NaiveMemory, measured: boolean): Promise<void> {
  expect(await rig.store.measure()).toEqual({ size: naive.size, bytes: measured ? naive.bytes : undefined });
}

describe.each(['lru', 'fifo', 'lfu'] as const)('E1 E2 eviction by %s', (evictionPolicy) => {
  it('does what a naive model does: contents, size, bytes, victims and events after every step', async () => {
    const property = fc.asyncProperty(limits, operations, fc.boolean(), async (limit, ops, measures) => {
      const measured = limit.maxBytes !== Infinity;
      const rig = openMemory({ ...limit, evictionPolicy, sizeOf });
      const naive = new NaiveMemory({ ...limit, evictionPolicy, sizeOf: measured ? sizeOf : () => 0 }, rig.clock.now());
      for (const [id, op] of ops.entries()) {
        rig.log.length = naive.log.length = 0;
        apply(rig, naive, op, id);
        expect(inOrder(rig.log), JSON.stringify(op)).toEqual(inOrder(naive.log));
        // Measuring sweeps; without it, void entries are still there to be met by what follows.
        if (measures) await expectMeasured(rig, naive, measured);
      }
      await expectMeasured(rig, naive, measured);
      for (const namespace of NAMESPACES) {
        for (const key of KEYS) {
          expect(rig.store.space(namespace).read(key, rig.clock.now())?.value).toBe(naive.read(namespace, key));
        }
      }
      expectVictims(rig, naive);
    });
    await fc.assert(property, { numRuns: 300 });
  });
});

/** Fills both with new entries, one after another, until what was there has been evicted, in the same order. */
function expectVictims(rig: MemoryRig, naive: NaiveMemory): void {
  rig.log.length = naive.log.length = 0;
  for (let i = 0; i < 120; i += 1) {
    const stored = draft({ id: -i, weight: 1 });
    rig.store.space('filler').write(`${i}`, stored);
    naive.write('filler', `${i}`, stored);
  }
  expect(rig.log).toEqual(naive.log);
}
