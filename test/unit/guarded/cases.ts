import { CacheBackendError } from '../../../lib/errors/cache.errors.js';
import type { OperationKind } from '../../../lib/stores/guarded/backend-health.js';
import type { FarOperation } from '../../support/far-store.js';
import { draft, type GuardedRig } from './guarded-rig.js';

/** As a promise, whether it throws, answers or promises. */
export async function outcome(run: () => unknown): Promise<unknown> {
  return (async () => run())().catch((error: unknown) => (error instanceof CacheBackendError ? 'error' : error));
}

export interface Case {
  readonly name: string;
  readonly fails: FarOperation;
  readonly kind: OperationKind;
  readonly run: (rig: GuardedRig) => unknown;
  /** What the caller is told. */
  readonly answer: unknown;
  /** Evictions that are pending then; `k` is among them if there are any. */
  readonly pending: number;
}

const now = ({ clock }: GuardedRig): number => clock.now();
export const counting = { ttl: 60_000, grace: 0, tags: [] };

export const CASES: readonly Case[] = [
  {
    name: 'getFail',
    fails: 'read',
    kind: 'read',
    run: (rig) => rig.space.read('k', now(rig)),
    answer: undefined,
    pending: 0,
  },
  { name: 'getManyFail', fails: 'readMany', kind: 'read', run: (rig) => rig.space.readMany(['k', 'l'], now(rig)), answer: new Map(), pending: 0 }, // prettier-ignore
  {
    name: 'putFail',
    fails: 'write',
    kind: 'store',
    run: ({ space }) => space.write('k', draft(2)),
    answer: undefined,
    pending: 1,
  },
  { name: 'putManyFail', fails: 'writeMany', kind: 'store', run: ({ space }) => space.writeMany(new Map([['k', draft(2)], ['l', draft(2)]])), answer: undefined, pending: 2 }, // prettier-ignore
  {
    name: 'evictFail',
    fails: 'remove',
    kind: 'evict',
    run: ({ space }) => space.remove('k'),
    answer: false,
    pending: 1,
  },
  { name: 'evictManyFail', fails: 'removeMany', kind: 'evict', run: ({ space }) => space.removeMany(['k', 'l']), answer: [], pending: 2 }, // prettier-ignore
  {
    name: 'clearFail',
    fails: 'clear',
    kind: 'evict',
    run: ({ space }) => space.clear(),
    answer: undefined,
    pending: 1,
  },
  { name: 'tagFail', fails: 'invalidateTags', kind: 'evict', run: ({ store }) => store.invalidateTags(['t', 'u']), answer: undefined, pending: 2 }, // prettier-ignore
  {
    name: 'touchFail',
    fails: 'touch',
    kind: 'store',
    run: ({ space }) => space.touch('k', 9_000),
    answer: false,
    pending: 1,
  },
  {
    name: 'addFail',
    fails: 'add',
    kind: 'store',
    run: ({ space }) => space.add('k', draft(2)),
    answer: 'error',
    pending: 1,
  },
  {
    name: 'swapFail',
    fails: 'swap',
    kind: 'store',
    run: ({ space }) => space.swap('k', draft(2)),
    answer: 'error',
    pending: 1,
  },
  { name: 'takeFail', fails: 'take', kind: 'evict', run: ({ space }) => space.take('k'), answer: 'error', pending: 1 },
  { name: 'incrementFail', fails: 'increment', kind: 'store', run: ({ space }) => space.increment('k', 1, counting), answer: 'error', pending: 1 }, // prettier-ignore
];
