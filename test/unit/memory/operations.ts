import * as fc from 'fast-check';

export const NAMESPACES = ['', 'ns'];
export const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** A value is its own identity and weight. */
export interface Value {
  readonly id: number;
  readonly weight: number;
}

export const sizeOf = (value: unknown): number => (value as Value).weight;

export type Op =
  | { op: 'write'; namespace: string; key: string; ttl: number; grace: number; tags: string[]; weight: number }
  | { op: 'read'; namespace: string; key: string; times: number }
  | { op: 'remove'; namespace: string; key: string }
  | { op: 'advance'; ms: number }
  | { op: 'invalidate'; tag: string }
  | { op: 'clear'; namespace: string };

const place = { namespace: fc.constantFrom(...NAMESPACES), key: fc.constantFrom(...KEYS) };

/**
 * Entries end in the middle of a second, and time goes on by whole seconds: whether an entry that has ended
 * within the second is reclaimed before another is evicted is a test of its own.
 */
const TTLS = [0, 500, 1_500, 5_500, Infinity, Infinity, Infinity];

const write = fc.record({
  op: fc.constant('write' as const),
  ...place,
  ttl: fc.constantFrom(...TTLS),
  grace: fc.constantFrom(0, 0, 2_000),
  tags: fc.array(fc.constantFrom<string[]>('x', 'y', 'z'), { maxLength: 2 }),
  weight: fc.integer({ min: 0, max: 22 }),
});
const read = fc.record({ op: fc.constant('read' as const), ...place, times: fc.constantFrom(1, 1, 1, 2, 5, 40) });
const operation: fc.Arbitrary<Op> = fc.oneof(
  { weight: 8, arbitrary: write },
  { weight: 8, arbitrary: read },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('remove' as const), ...place }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('advance' as const), ms: fc.constantFrom(1_000, 2_000, 4_000) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('invalidate' as const), tag: fc.constantFrom('x', 'y', 'z') }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('clear' as const), namespace: place.namespace }) },
);

export const limits = fc.oneof(
  fc.record({ maxSize: fc.integer({ min: 1, max: 6 }), maxBytes: fc.constant(Infinity) }),
  fc.record({ maxSize: fc.constant(Infinity), maxBytes: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ maxSize: fc.integer({ min: 1, max: 6 }), maxBytes: fc.integer({ min: 1, max: 40 }) }),
);
export const operations = fc.array(operation, { minLength: 10, maxLength: 80, size: 'max' });
