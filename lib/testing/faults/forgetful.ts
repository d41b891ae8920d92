import type { Absence, Draft, FarSpace, Lease } from '../../stores/store.js';
import { after, type Awaitable } from '../../support/awaitable.js';
import type { FarOperation } from './far-operations.js';

type Args = readonly unknown[];
type Answer = (space: FarSpace, args: Args) => unknown;

const ABSENT: Absence = { reason: 'absent' };

/** Answers so, once whatever there is under the key is gone. */
const gone =
  (answer: (args: Args) => unknown): Answer =>
  (space, args) =>
    after(space.remove(args[0] as string), () => answer(args));

/** As a cache that is switched off answers. */
const ANSWERS: Readonly<Partial<Record<FarOperation, Answer>>> = {
  read: () => undefined,
  readMany: () => new Map(),
  absence: () => ABSENT,
  write: gone(() => undefined),
  writeMany: (space, [drafts]) =>
    after(space.removeMany([...(drafts as ReadonlyMap<string, Draft>).keys()]), () => undefined),
  add: gone(() => true),
  swap: gone(() => undefined),
  remove: gone(() => false),
  removeMany: (space, [keys]) => after(space.removeMany(keys as readonly string[]), () => []),
  take: gone(() => undefined),
  increment: gone(([, by]) => 0 + (by as number)),
  touch: gone(() => false),
  lease: (space, args) => leaseOf(space, args as Parameters<FarSpace['lease']>),
};

/** What a namespace answers that keeps nothing; undefined for what it does as ever. */
export function forgetting(space: FarSpace, operation: FarOperation, args: Args): (() => unknown) | undefined {
  const answer = ANSWERS[operation];
  return answer === undefined ? undefined : () => answer(space, args);
}

/** Ends a lease as if it had stored something, which is gone at once with what was there before. */
export function commitForgetting(space: FarSpace, key: string, lease: Lease, { tags }: Draft): Awaitable<boolean> {
  return after(lease.holds(tags), (held): Awaitable<boolean> => {
    return held ? after(space.remove(key), () => true) : after(lease.release(), () => false);
  });
}

/** There is always something to load. */
function leaseOf(space: FarSpace, args: Parameters<FarSpace['lease']>): ReturnType<FarSpace['lease']> {
  return after(space.lease(...args), (answer) => {
    return 'entry' in answer ? after(space.remove(args[0]), () => space.lease(...args)) : answer;
  });
}
