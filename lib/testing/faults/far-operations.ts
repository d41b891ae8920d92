import type { FarSpace, FarStore, Lease } from '../../stores/store.js';

/** What a namespace of a backend is asked for and answers later. */
export const SPACE_OPERATIONS = [
  'read',
  'readMany',
  'absence',
  'write',
  'writeMany',
  'add',
  'swap',
  'remove',
  'removeMany',
  'take',
  'increment',
  'touch',
  'lease',
  'clear',
] as const satisfies readonly (keyof FarSpace)[];

/** What a backend as a whole is asked for. */
export const STORE_OPERATIONS = ['invalidateTags', 'measure', 'close'] as const satisfies readonly (keyof FarStore)[];

/** What a lease is asked for. */
export const LEASE_OPERATIONS = ['holds', 'commit', 'yield', 'release'] as const satisfies readonly (keyof Lease)[];

/** Everything that can be asked of a backend. */
export type FarOperation =
  (typeof SPACE_OPERATIONS)[number] | 'vouches' | (typeof STORE_OPERATIONS)[number] | (typeof LEASE_OPERATIONS)[number];

type Method = (...args: readonly unknown[]) => unknown;

/** Calls one method: with what it was asked, and what does it. */
export type Around = (operation: FarOperation, args: readonly unknown[], call: () => unknown) => unknown;

/** An object with these methods of another one, each called by way of `around`, which answers in its place. */
export function through<T extends object, K extends FarOperation & keyof T>(
  inner: T,
  operations: readonly K[],
  around: Around,
): Pick<T, K> {
  const methods = operations.map((operation): [K, Method] => {
    const call = (args: readonly unknown[]): unknown => Reflect.apply(inner[operation] as Method, inner, args);
    return [operation, (...args) => around(operation, args, () => call(args))];
  });
  return Object.fromEntries(methods) as unknown as Pick<T, K>;
}
